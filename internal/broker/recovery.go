package broker

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

const (
	// remindEvery is the time between two reports of the same outage.
	remindEvery = 5 * time.Minute
	// maxLost is how many connections may end while a message is the only one
	// in flight before the message is considered the cause.
	maxLost = 3
)

// recover publishes failed messages again in the order of Put. It does so one
// at a time, which identifies a message that the broker cannot accept and keeps
// the order.
func (b *Broker) recover() {
	for {
		batch := b.nextFailed()
		if batch == nil {
			return
		}
		o := outage{b: b, pausing: true}
		for _, m := range batch {
			if !o.publish(m) {
				return
			}
		}
		o.reportEnd()
		b.mu.Lock()
		b.failed = b.failed[:0]
		b.changed.Broadcast()
		b.mu.Unlock()
	}
}

// outage is a period in which messages are not acknowledged.
type outage struct {
	b        *Broker
	began    time.Time     // zero if there was no temporary failure
	reported time.Time     // the last report
	wait     time.Duration // the last pause
	pausing  bool          // the last attempt failed
}

// publish retries until m is resolved. It returns false at the end of the run.
func (o *outage) publish(m *message) bool {
	for !o.b.resolved(m) {
		if o.began.IsZero() {
			o.began = time.Now()
		}
		if time.Since(o.reported) >= remindEvery {
			o.reported = time.Now()
			o.b.notice(event.Warning, "%s does not acknowledge: %v; reading waits", o.b.address, m.err)
		}
		if o.pausing {
			o.wait = min(max(2*o.wait, 250*time.Millisecond), 10*time.Second)
			if !o.b.pause(o.wait) {
				return false
			}
		}
		o.b.again(m)
		if o.pausing = m.err != nil; !o.pausing {
			o.wait = 0
		}
	}
	return true
}

// reportEnd reports the end of the outage.
func (o *outage) reportEnd() {
	if !o.began.IsZero() {
		o.b.notice(event.Warning, "%s acknowledges again after %s", o.b.address, term.Duration(time.Since(o.began)))
	}
}

// nextFailed waits until the results of all messages are known and at least one
// failed, and returns the failed ones in the order of Put. It returns nil at the
// end of the run.
func (b *Broker) nextFailed() []*message {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.ended == nil && (len(b.failed) == 0 || b.publishing > 0) {
		b.changed.Wait()
	}
	if b.ended != nil {
		return nil
	}
	slices.SortFunc(b.failed, func(x, y *message) int { return int(int64(x.seq - y.seq)) })
	return slices.Clone(b.failed)
}

// resolved reports whether m is done: it was acknowledged, or the broker will
// never accept it and it was saved. A message that is too large is first
// published again without its image.
func (b *Broker) resolved(m *message) bool {
	var denied *DeniedError
	switch {
	case m.err == nil:
		return true
	case errors.As(m.err, &denied):
		b.end(m.err)
		return true
	case errors.Is(m.err, errTooLarge) || m.lost >= maxLost:
		if m.sink.shrink(m) {
			m.lost = 0
			b.again(m)
			return b.resolved(m)
		}
		b.refuse(m)
		return true
	case errors.Is(m.err, errRefused):
		b.refuse(m)
		return true
	}
	return false
}

// again publishes m once more and waits for the result.
func (b *Broker) again(m *message) {
	b.mu.Lock()
	b.publishing++
	b.mu.Unlock()
	result := make(chan error, 1)
	b.conn.publish(m, func(err error) { result <- err })
	var err error
	select {
	case err = <-result:
	case <-b.stop:
		err = errNotAcknowledged
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.publishing--
	if errors.Is(err, errLost) {
		m.lost++
	}
	if m.err = err; err == nil {
		b.acknowledged++
		b.finish(m)
		b.changed.Broadcast()
	}
}

// refuse saves an event that the broker will never accept, so that it does not
// hold up later events.
func (b *Broker) refuse(m *message) {
	file, err := b.save(m)
	if err != nil {
		b.end(err)
		return
	}
	b.notice(event.Warning, "%s of %s (%s) was refused by %s: %v; saved in %s",
		m.typ, name(m.in), term.Size(len(m.body)), b.address, m.err, file)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused++
	m.err = nil
	b.finish(m)
	b.changed.Broadcast()
}

// save appends the payload of m to the unwritten file.
func (b *Broker) save(m *message) (file string, err error) {
	if file, err = b.o.Save(m.payload); err != nil {
		return "", fmt.Errorf("%s of %s could neither be published nor saved: %w", m.typ, name(m.in), err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved++
	b.file = file
	return file, nil
}

// pause waits for d and reports whether the run goes on.
func (b *Broker) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-b.stop:
		return false
	}
}
