package poll

import (
	"cmp"
	"context"

	"github.com/rtev/rtev/internal/rtapi"
)

// drainMeanwhile keeps draining into the spool while the sink waits, such as for
// a broker that is away. Otherwise the server, whose queue is short, would drop
// the oldest events. The returned function stops the draining and returns the
// responses, oldest first.
func (r *run) drainMeanwhile(ctx context.Context) (drained func() []received) {
	if r.Spool == nil || r.Once {
		return func() []received { return nil }
	}
	waiting, stop := context.WithCancel(ctx)
	done := make(chan []received)
	go func() {
		var list []received
		backoff, wait := rtapi.Backoff{}, cmp.Or(r.Interval, defaultInterval)
		for len(list) == 0 || list[len(list)-1].spool == nil {
			if rtapi.Sleep(waiting, wait); waiting.Err() != nil {
				break
			}
			next, err := r.drain(ctx)
			if wait = cmp.Or(r.Interval, defaultInterval); err != nil {
				wait = max(wait, backoff.Next()) // if it persists, the run's own requests report it
				continue
			}
			backoff.Reset()
			if next.stored != nil || next.spool != nil {
				list = append(list, next)
			}
		}
		done <- list
	}()
	return func() []received {
		stop()
		return <-done
	}
}

// drain sends one request and stores its response in the spool.
func (r *run) drain(ctx context.Context) (next received, err error) {
	own, end := requestContext(ctx)
	body, err := r.Client.Drain(own, r.Instance.ID, r.Types)
	if err != nil || body == nil {
		end()
		return received{}, err
	}
	next = r.receive(body)
	next.close = func() {
		body.Close()
		end()
	}
	if next.spool == nil { // an outage may last for thousands of responses
		next.close()
		next.stored.close()
		next.body, next.close = nil, nil
	}
	return next, nil
}

// saveUnspooled saves a response that is neither delivered nor completely in the
// spool, after the sink has failed. There is at most one, the last.
func (r *run) saveUnspooled(backlog []received) (err error) {
	for _, next := range backlog {
		if next.spool != nil {
			_, err = r.deliverReceived(next)
		}
	}
	return err
}
