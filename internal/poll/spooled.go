package poll

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// runSpooled delivers what earlier runs left in the spool. Then it drains into the
// spool and delivers from it at the same time: while the sink waits, such as for a
// broker that is away, the server, whose queue is short, need not drop events.
func (r *run) runSpooled(ctx context.Context) (err error) {
	r.Spool.first.Do(func() { err = r.deliverLeftovers(ctx) }) // other Polls wait for it
	if err != nil {
		return err
	}
	draining, stop := context.WithCancel(ctx)
	defer stop()
	backlog := make(chan []*stored, 1)
	var ended, cut, failed error
	go func() {
		defer close(backlog)
		ended = r.drain(draining, func(body io.ReadCloser) (bool, error) { return r.store(body, backlog) })
	}()
	for list := range backlog {
		for _, a := range list {
			if failed != nil && a.rest == nil {
				continue // it stays in the spool for the next run
			}
			d, err := r.deliverStored(a)
			if failed == nil && err != nil {
				failed = err
				stop()
			}
			if errors.Is(d.readErr, errCut) && r.Once {
				cut = d.readErr
			} else if errors.Is(d.readErr, errCut) {
				r.notify(event.Notice{Kind: event.Lost, Text: d.readErr.Error()})
			}
		}
	}
	if ended == nil {
		ended = cut
	}
	_, undelivered := errors.AsType[*UndeliveredError](ended)
	if failed == nil || undelivered && errors.Is(failed, event.ErrStop) {
		return ended
	}
	if undelivered {
		r.warn(ended.Error())
	}
	return failed
}

// store stores a response in the spool and appends it to the list in the channel.
// If the spool fails, the response is the last.
func (r *run) store(body io.ReadCloser, backlog chan []*stored) (retry bool, err error) {
	br := bufio.NewReaderSize(body, pageSize)
	what, err := look(br, r.Instance)
	if what == holdsNothing || what == holdsPage {
		body.Close()
		return true, err
	}
	a, failed := r.Spool.store(r.Instance.ID, br, body)
	var list []*stored
	select {
	case list = <-backlog:
	default:
	}
	backlog <- append(list, a) // nobody else puts a list there
	if failed != nil {
		return false, failed
	}
	return true, err
}

// deliverLeftovers delivers the responses that earlier runs left in the spool,
// oldest first.
func (r *run) deliverLeftovers(ctx context.Context) error {
	files, err := os.ReadDir(r.Spool.dir) // sorted by name, which starts with the time
	if err != nil {
		return r.Spool.unusable(err)
	}
	events := 0
	for _, f := range files {
		a := parseStored(f.Name())
		if a == nil || err != nil || ctx.Err() != nil {
			continue
		}
		a.path = filepath.Join(r.Spool.dir, f.Name())
		var d *delivery
		d, err = r.deliverStored(a)
		events += d.total
		if d.readErr != nil {
			r.warn("in the spool of an earlier run: " + d.readErr.Error())
		}
	}
	if events > 0 {
		n := term.Count(events, "event")
		r.warn(n + " from the spool of an earlier run came first; as many may come twice")
	}
	return err
}

// deliverStored delivers a response of the spool, or one that the spool did not
// take. If its events cannot be written or saved, all of it stays in the spool.
func (r *run) deliverStored(a *stored) (d *delivery, err error) {
	d = &delivery{run: r, spooled: a.rest == nil, first: a.done}
	body := a.rest
	if d.spooled {
		file, err := os.Open(a.path)
		if err != nil {
			return d, r.Spool.unusable(err)
		}
		body = file
	}
	d.readErr = r.read(body, r.Spool.instance(a.id, r.Instance), a.at, d)
	err = r.complete(d)
	body.Close()
	_, disk := errors.AsType[*fs.PathError](d.readErr)
	switch {
	case errors.Is(err, errLost):
	case !disk && (!d.spooled || err == nil):
		if err := os.Remove(a.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.warn(fmt.Sprintf("a delivered response stays in the spool, and its events come again with the next run: %v", err))
		}
	case d.spooled:
		r.keepRest(a, d)
	}
	if a.end != nil {
		d.readErr = cut(a.end)
	}
	return d, err
}

// keepRest leaves the rest of a response in the spool, for the next run.
func (r *run) keepRest(a *stored, d *delivery) {
	text := "the last response was not printed to its end: the rest stays in the spool " + r.Spool.dir +
		", and the next run prints it first"
	if d.err == nil {
		d.rest = d.next
	}
	base, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(a.path), filepath.Ext(a.path)), "@")
	name := fmt.Sprintf("%s@%d%s", base, max(d.rest, d.first), ending)
	if err := os.Rename(a.path, filepath.Join(r.Spool.dir, name)); err != nil {
		text += fmt.Sprintf("; up to %s may come twice (%v)", term.Count(d.total, "event"), err)
	}
	r.warn(text)
}
