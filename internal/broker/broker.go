// Package broker publishes events to a message broker and waits until each one
// is acknowledged.
//
// A Broker is one connection; each source of the run has its own Sink on it. Put
// passes a message to the client library and to a queue. One goroutine takes the
// messages from the queue in order, waits for the acknowledgement of each, and
// publishes it again if that does not come. Nothing new is published meanwhile,
// so an outage of the broker slows the reading and drops nothing.
package broker

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/term"
)

const (
	// Limits on what is published and not yet acknowledged, for all sinks together.
	maxInFlight      = 1000     // messages
	maxInFlightBytes = 16 << 20 // bytes of subjects, bodies and payloads

	// timeout limits connecting, waiting for an acknowledgement, the pause before a
	// message is published again, and publishing after the end of the run.
	timeout = 10 * time.Second
	maxLost = 3 // connections may end while a message is the only one in flight; then it is the cause
)

var (
	// ErrUnreachable is an error of Dial.
	ErrUnreachable = errors.New("is not reachable")
	// ErrRefused is an error of Dial: the broker responds, but accepts no event.
	ErrRefused  = errors.New("not accepted by the broker")
	errTooLarge = errors.New("larger than the broker accepts")
	errLost     = errors.New("the connection ended")
	errOver     = errors.New("the run ended before the broker acknowledged everything")
)

// Options sets how to reach a broker and what to do with events that it refuses.
type Options struct {
	TLS          *tls.Config    // for tls, mqtts and kafkas; nil: the system's roots
	Notify       event.Notify   // receives outages, refused events and the closing line
	WithoutImage format.Encoder // makes the body of an event that is too large
	// Save appends an event that cannot be published to a file, which it names.
	Save func(payload []byte) (file string, err error)
	// Live is set for sources that cannot read an event again. Flush does not
	// wait then, and what is not acknowledged at the end of the run is saved.
	Live bool
	End  func(cause error) // ends the run, because the broker accepts no more
}

// conn is a connection to one broker. It reconnects by itself.
type conn interface {
	// publish starts to publish m. It is not called by two goroutines at once.
	// wait returns nil once the broker has acknowledged m. Its errors are
	// errTooLarge, ErrRefused and errLost; any other is a temporary failure.
	publish(m *message) (wait func() error)
	// close drops the connection without waiting for acknowledgements.
	close()
}

// message is one event on its way to the broker.
type message struct {
	subject string // NATS subject, MQTT topic or Kafka topic
	key     []byte // Kafka's record key
	body    []byte // what is published
	payload []byte // the event's payload, which identifies it and is what Save gets
	typ     string
	in      *event.Instance
	sink    *Sink
	size    int64        // counted against maxInFlightBytes
	wait    func() error // of conn.publish
}

// Broker is one connection to a broker, shared by the sinks of a run.
type Broker struct {
	address Address
	conn    conn
	o       Options
	life    context.Context // done when nothing is published any more, with the reason as its cause
	kill    context.CancelCauseFunc
	room    *semaphore.Weighted // for bytes in flight
	gate    chan struct{}       // full while somebody publishes
	queue   chan *message       // published, in the order of Put
	settled chan struct{}       // closed when the queue is closed and empty

	// Used by the goroutine of settle.
	published, acknowledged, refused, saved int64
	file                                    string        // where the last one was saved
	away                                    time.Time     // when an outage began, else zero
	pause                                   time.Duration // before the next attempt to publish again
	failure                                 error         // why the Broker ended the run
}

// Dial connects to the broker that address names. ctx is the run: after it is
// done, the Broker goes on for ten more seconds. The error is ErrUnreachable or
// ErrRefused. The caller must call Close.
func Dial(ctx context.Context, address Address, o Options) (*Broker, error) {
	// This connection only finds out why there is none: the client libraries say
	// that in three ways, or not at all.
	first, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, "tcp", address.server.Host)
	if err != nil {
		return nil, cmp.Or(ctx.Err(), fmt.Errorf("%s %w: %w", address, ErrUnreachable, err))
	}
	first.Close()
	b := &Broker{
		address: address, o: o,
		room: semaphore.NewWeighted(maxInFlightBytes), gate: make(chan struct{}, 1),
		queue: make(chan *message, maxInFlight), settled: make(chan struct{}),
	}
	b.life, b.kill = context.WithCancelCause(context.Background())
	b.conn, err = address.dial(b.life, address, o)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, ErrRefused):
		return nil, fmt.Errorf("%s: %w", address, err)
	case err != nil:
		return nil, fmt.Errorf("%s %w: %w", address, ErrUnreachable, err)
	}
	context.AfterFunc(ctx, func() { time.AfterFunc(timeout, func() { b.kill(errOver) }) })
	go b.settle()
	return b, nil
}

// settle waits for the acknowledgement of each message. After a failure nothing
// new is published until the queue is empty, and what fails is published again one
// by one. That keeps the order and finds a message that breaks connections.
func (b *Broker) settle() {
	defer close(b.settled)
	failing := false
	for m := range b.queue {
		err := m.wait()
		if err != nil && !failing {
			failing, b.away, b.pause = true, time.Time{}, time.Second/4
			b.gate <- struct{}{}
		}
		s := m.sink
		if s.err = cmp.Or(s.err, b.resolve(m, err)); s.err == nil {
			s.whole++
		}
		b.published++
		b.room.Release(m.size)
		s.pending.Done()
		if failing && len(b.queue) == 0 {
			failing = false
			<-b.gate
			if !b.away.IsZero() && b.life.Err() == nil {
				b.tell(event.Warning, nil, "%s acknowledges again after %s", b.address, term.Duration(time.Since(b.away)))
			}
		}
	}
}

// resolve publishes m until it is acknowledged or saved. err is the result of the
// last attempt. What the broker will never accept must not hold up later events.
func (b *Broker) resolve(m *message, err error) error {
	for lost := 0; err != nil; {
		tooLarge := errors.Is(err, errTooLarge) || lost == maxLost
		switch {
		case b.life.Err() != nil && b.o.Live:
			return b.save(m)
		case b.life.Err() != nil:
			return context.Cause(b.life)
		case errors.Is(err, ErrRefused) && b.address.fixed: // and every other event
			b.fail(fmt.Errorf("%s: %w", b.address, err))
			continue
		case tooLarge && b.shrink(m):
			lost = 0
		case tooLarge, errors.Is(err, ErrRefused):
			saved := b.save(m)
			if saved == nil {
				kind := event.Warning
				if b.refused++; b.refused > 1 && !tooLarge { // Close counts them
					kind = event.Detail
				}
				b.tell(kind, m.in, "%s (%s) to %q: %v; saved in %s", m.typ, term.Size(len(m.body)), m.subject, err, b.file)
			}
			return saved
		default:
			if b.away.IsZero() {
				b.away = time.Now()
				b.tell(event.Warning, nil, "%s does not acknowledge: %v; reading waits", b.address, err)
			}
			select {
			case <-time.After(b.pause):
			case <-b.life.Done():
			}
			b.pause = min(max(2*b.pause, time.Second/4), timeout)
		}
		if err = b.conn.publish(m)(); err == nil {
			b.pause = 0
		} else if errors.Is(err, errLost) {
			lost++
		}
	}
	b.acknowledged++
	return nil
}

// shrink replaces the body of m by one without the image, and reports whether it
// became smaller.
func (b *Broker) shrink(m *message) bool {
	e, err := event.New(m.typ, bytes.Clone(m.payload), m.in)
	if err != nil {
		return false
	}
	old := len(m.body)
	m.body = line(b.o.WithoutImage, e)
	return len(m.body) < old
}

// save appends the payload of m to the unwritten file.
func (b *Broker) save(m *message) error {
	file, err := b.o.Save(m.payload)
	if err != nil {
		err = fmt.Errorf("%s could neither be published nor saved: %w", m.typ, err)
		b.fail(err)
		return err
	}
	b.saved++
	b.file = file
	return nil
}

// fail ends the run because of err.
func (b *Broker) fail(err error) {
	b.failure = cmp.Or(b.failure, err)
	b.kill(err)
	b.o.End(err)
}

func (b *Broker) tell(kind event.Kind, in *event.Instance, format string, args ...any) {
	b.o.Notify.Tell(event.Notice{Kind: kind, Instance: in, Text: fmt.Sprintf(format, args...)})
}

// Close waits until every message is acknowledged or saved, drops the connection
// and reports the counts. Call it after the last Flush. The error is an
// *event.WriteError if events were saved, or if the Broker ended a live run.
func (b *Broker) Close() error {
	close(b.queue)
	<-b.settled
	b.conn.close()
	b.o.Notify.Tell(event.Notice{Text: fmt.Sprintf("published %s, acknowledged %s, refused %s",
		term.Number(b.published), term.Number(b.acknowledged), term.Number(b.refused))})
	var reasons []string
	if b.failure != nil && b.o.Live { // other sources have got it from Flush
		reasons = append(reasons, b.failure.Error())
	}
	if b.saved > 0 {
		reasons = append(reasons, fmt.Sprintf("%s not published to %s; saved in %s",
			term.Count(b.saved, "event"), b.address, b.file))
	}
	if reasons == nil {
		return nil
	}
	return &event.WriteError{Err: errors.New(strings.Join(reasons, "; "))}
}

// Sink publishes the events of one source. One goroutine uses it at a time.
type Sink struct {
	b       *Broker
	body    format.Encoder
	pending sync.WaitGroup // messages that are neither acknowledged nor saved
	whole   int            // done since the last Flush that returned nil, before the first failure
	err     error          // of the first failure
}

// Sink returns a sink for one source. The body of a message is the line that the
// encoder makes, without its line end. Sinks must not share encoders.
func (b *Broker) Sink(body format.Encoder) *Sink { return &Sink{b: b, body: body} }

// Put copies what it needs of e and publishes it. It waits while too much is in
// flight or the broker is away. Its error is always nil.
func (s *Sink) Put(e *event.Event) error {
	b, a, body := s.b, &s.b.address, line(s.body, e)
	m := &message{body: body, payload: body, typ: e.Type, in: e.Instance, sink: s}
	m.subject = string(a.subject.Append(nil, e, a.appendValue))
	if a.key != nil {
		m.key = a.key.Append(nil, e, appendKey)
	}
	size := len(m.subject) + len(body)
	if !bytes.Equal(body, e.Payload) {
		m.payload = bytes.Clone(e.Payload)
		size += len(m.payload)
	}
	// As a message counts for at least its share, this limits their number too.
	m.size = int64(min(max(size, maxInFlightBytes/maxInFlight), maxInFlightBytes))
	_ = b.room.Acquire(context.Background(), m.size) // cannot fail
	s.pending.Add(1)
	b.gate <- struct{}{}
	defer func() { <-b.gate }()
	m.wait = func() error { return errOver }
	if b.life.Err() == nil {
		m.wait = b.conn.publish(m)
	}
	b.queue <- m
	return nil
}

// line returns the line of e without its line end.
func line(encoder format.Encoder, e *event.Event) []byte {
	text := encoder.AppendEvent(make([]byte, 0, len(e.Payload)+1), e)
	return bytes.TrimSuffix(text, []byte{'\n'})
}

// Flush waits until everything put so far is acknowledged or saved, unless the
// source is live. If that fails, it returns an *event.WriteError that counts the
// events acknowledged without a gap from the first one.
func (s *Sink) Flush() error {
	if s.b.o.Live {
		return nil
	}
	s.pending.Wait()
	if s.err != nil {
		return &event.WriteError{Err: s.err, Written: s.whole}
	}
	s.whole = 0
	return nil
}
