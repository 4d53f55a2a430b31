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
	// maxLost is how often a connection may end while a message is the only
	// one in flight before the message is taken to be the reason.
	maxLost = 3
)

// recover publishes failed messages again, in the order of Put, one at a time:
// so the message that a broker cannot take is found, and nothing overtakes.
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
		o.over()
		b.mu.Lock()
		b.failed = b.failed[:0]
		b.changed.Broadcast()
		b.mu.Unlock()
	}
}

// outage is a time in which messages are not acknowledged.
type outage struct {
	b       *Broker
	began   time.Time // zero when no failure that may pass was seen
	said    time.Time
	wait    time.Duration // the last pause
	pausing bool          // the last attempt failed
}

// publish tries until m is resolved. It returns false at the end of the run.
func (o *outage) publish(m *message) bool {
	for !o.b.resolved(m) {
		if o.began.IsZero() {
			o.began = time.Now()
		}
		if time.Since(o.said) >= remindEvery {
			o.said = time.Now()
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

// over reports the end of the outage.
func (o *outage) over() {
	if !o.began.IsZero() {
		o.b.notice(event.Warning, "%s acknowledges again after %s", o.b.address, term.Duration(time.Since(o.began)))
	}
}

// nextFailed waits until every message in flight has come back and at least
// one of them failed. It returns nil at the end.
func (b *Broker) nextFailed() []*message {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.ended == nil && (len(b.failed) == 0 || b.flying > 0) {
		b.changed.Wait()
	}
	if b.ended != nil {
		return nil
	}
	slices.SortFunc(b.failed, func(x, y *message) int { return int(int64(x.seq - y.seq)) })
	return slices.Clone(b.failed)
}

// resolved reports whether m needs nothing more: it was acknowledged, or it
// never can be and was saved. A message that is too large loses its
// image first.
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

// again publishes m once more and waits for the answer.
func (b *Broker) again(m *message) {
	b.mu.Lock()
	b.flying++
	b.mu.Unlock()
	answer := make(chan error, 1)
	b.conn.publish(m, func(err error) { answer <- err })
	var err error
	select {
	case err = <-answer:
	case <-b.stop:
		err = errNotAcknowledged
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flying--
	if errors.Is(err, errLost) {
		m.lost++
	}
	if m.err = err; err == nil {
		b.acknowledged++
		b.settle(m)
		b.changed.Broadcast()
	}
}

// refuse saves an event that the broker will never take, so that those
// behind it are not held up.
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
	b.settle(m)
	b.changed.Broadcast()
}

// save appends the payload of m to the file of unwritten events.
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

// pause waits for d and reports whether the broker is still in use.
func (b *Broker) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-b.stop:
		return false
	}
}
