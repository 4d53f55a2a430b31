// Package broker publishes events to a message broker and waits until each
// one is acknowledged.
//
// A Broker is one connection; every source of the run has a Sink of its own on
// it. Messages are pipelined: Put hands one to the client library and returns.
// Flush returns nil once the broker has acknowledged everything that was put,
// so a source that forgets a response only after Flush delivers at least once.
// When the broker goes away, Put and Flush wait: the reading slows down and
// nothing is dropped.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// Limits of what is published and not yet acknowledged, over all sinks.
const (
	maxInFlight      = 1000     // messages
	maxInFlightBytes = 16 << 20 // bytes of subject, body and payload
)

const (
	// connectTimeout limits connecting to a broker, TLS and login included.
	connectTimeout = 10 * time.Second
	// ackTimeout is how long an acknowledgement may take before the message is
	// published again.
	ackTimeout = 10 * time.Second
	// grace is how long a run that is over waits for acknowledgements.
	grace = 10 * time.Second
	// remindEvery is the time between two reports of the same outage.
	remindEvery = 5 * time.Minute
	// maxLost is how often a connection may end while a message is the only
	// one in flight before the message is taken to be the reason.
	maxLost = 3
)

// Options says how to reach a broker and what to do with events that it
// refuses.
type Options struct {
	TLS    *tls.Config                                                       // for tls, mqtts and kafkas; nil: the system's roots
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error) // nil: the network
	Notify event.Notify                                                      // receives outages, refused events and the closing line
	// Keep appends a payload that cannot be published to a file and returns
	// the file's name. It must be safe for concurrent use.
	Keep func(payload []byte) (file string, err error)
	// KeepRest makes the Broker call Keep for events that are not acknowledged
	// when the run ends, for sources that cannot read them again. Without it,
	// Flush returns an *event.WriteError and the source keeps them.
	KeepRest bool
}

// conn is a connection to one broker. It reconnects by itself.
type conn interface {
	// publish starts to publish m and returns. done is called exactly once,
	// from any goroutine, with nil as soon as the broker has acknowledged m.
	// m is valid until then. The errors are errTooLarge, errRefused, errLost,
	// a *DeniedError, or anything else for a failure that may pass.
	publish(m *message, done func(error))
	// close drops the connection without waiting for acknowledgements.
	close()
}

// message is one event on its way to the broker.
type message struct {
	subject string // NATS subject, MQTT topic or Kafka topic
	key     string // Kafka's record key
	body    []byte // what is published
	payload []byte // the event's payload: its identity, and what is kept aside

	typ  string
	in   *event.Instance
	sink *Sink
	seq  uint64 // order of Put over all sinks
	size int    // bytes counted against maxInFlightBytes
	lost int    // connections that ended while only this message was in flight
	err  error  // why it was not acknowledged
	done bool   // acknowledged, or kept aside
}

// Broker is one connection to a broker, shared by the sinks of a run. All
// methods are safe for concurrent use.
type Broker struct {
	address Address
	conn    conn
	o       Options
	stop    chan struct{} // closed with ended

	mu        sync.Mutex
	changed   *sync.Cond // any of the fields below
	unsettled int        // messages put and neither acknowledged nor kept aside
	bytes     int        // their sizes
	flying    int        // messages handed to conn whose done is outstanding
	failed    []*message // to be published again, or kept aside
	seq       uint64
	ended     error // why no acknowledgement is waited for any longer
	recovery  sync.WaitGroup

	published, acknowledged, refused int64
	kept                             int64
	file                             string // where the last one was kept
}

// Dial connects to the broker that address names. ctx is the run: after its
// end, acknowledgements are awaited for another ten seconds. The errors are
// *UnreachableError when the broker does not answer and *DeniedError when it
// refuses the credentials, the subject or the topic. Close must be called.
func Dial(ctx context.Context, address Address, o Options) (*Broker, error) {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: connectTimeout, KeepAlive: 15 * time.Second}).DialContext
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	open := map[string]func(context.Context, Address, Options) (conn, error){
		"nats": dialNATS, "mqtt": dialMQTT, "kafka": dialKafka,
	}[address.kind]
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	c, err := open(limited, address, o)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, connectError(address, err)
	}
	return newBroker(ctx, address, c, o), nil
}

func newBroker(ctx context.Context, address Address, c conn, o Options) *Broker {
	b := &Broker{address: address, conn: c, o: o, stop: make(chan struct{})}
	b.changed = sync.NewCond(&b.mu)
	b.recovery.Go(b.recover)
	context.AfterFunc(ctx, func() {
		time.AfterFunc(grace, func() { b.end(errNotAcknowledged) })
	})
	return b
}

// end makes everything that waits return; the first reason counts.
func (b *Broker) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended == nil {
		b.ended = err
		close(b.stop)
	}
	b.changed.Broadcast()
}

// put publishes m as soon as the limits allow it and no other message waits to
// be published again.
func (b *Broker) put(m *message) error {
	b.mu.Lock()
	for b.ended == nil && (len(b.failed) > 0 || b.full(m.size)) {
		b.changed.Wait()
	}
	if b.ended != nil {
		b.mu.Unlock()
		return b.ended
	}
	b.unsettled++
	b.bytes += m.size
	b.seq++
	b.published++
	m.seq = b.seq
	b.flying++
	b.mu.Unlock()
	b.conn.publish(m, func(err error) { b.returned(m, err) })
	return nil
}

// full reports whether another message of that size has to wait. One that is
// larger than the limit is published alone.
func (b *Broker) full(size int) bool {
	return b.unsettled > 0 && (b.unsettled >= maxInFlight || b.bytes+size > maxInFlightBytes)
}

// returned notes how the broker answered m.
func (b *Broker) returned(m *message, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flying--
	if m.err = err; err == nil {
		b.acknowledged++
		b.settle(m)
	} else {
		b.failed = append(b.failed, m)
	}
	b.changed.Broadcast()
}

// settle ends the life of m. The lock is held.
func (b *Broker) settle(m *message) {
	b.unsettled--
	b.bytes -= m.size
	m.done = true
}

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
// never can be and was kept aside. A message that is too large loses its
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

// refuse keeps an event aside that the broker will never take, so that those
// behind it are not held up.
func (b *Broker) refuse(m *message) {
	file, err := b.keep(m)
	if err != nil {
		b.end(err)
		return
	}
	b.notice(event.Warning, "%s of %s (%s) was refused by %s: %v; kept in %s",
		m.typ, name(m.in), term.Size(len(m.body)), b.address, m.err, file)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused++
	m.err = nil
	b.settle(m)
	b.changed.Broadcast()
}

// keep appends the payload of m to the file of unwritten events.
func (b *Broker) keep(m *message) (file string, err error) {
	if file, err = b.o.Keep(m.payload); err != nil {
		return "", fmt.Errorf("%s of %s could neither be published nor kept: %w", m.typ, name(m.in), err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept++
	b.file = file
	return file, nil
}

// pause waits for d and reports whether the broker is still in use.
func (b *Broker) pause(d time.Duration) bool {
	timer := time.AfterFunc(d, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.changed.Broadcast()
	})
	defer timer.Stop()
	until := time.Now().Add(d)
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.ended == nil && time.Now().Before(until) {
		b.changed.Wait()
	}
	return b.ended == nil
}

func (b *Broker) notice(kind event.Kind, format string, args ...any) {
	b.o.Notify.Tell(event.Notice{Kind: kind, Text: fmt.Sprintf(format, args...)})
}

// Close drops the connection and reports the counts of the run. It is called
// after the last Flush. The error is a *KeptError when events were kept aside.
func (b *Broker) Close() error {
	b.end(errClosed)
	b.conn.close()
	b.recovery.Wait()
	b.notice(event.Info, "published %s, acknowledged %s, refused %s",
		term.Number(b.published), term.Number(b.acknowledged), term.Number(b.refused))
	if b.kept > 0 {
		return &KeptError{Broker: b.address.String(), Events: b.kept, File: b.file}
	}
	return nil
}

// name returns the instance's name for messages.
func name(in *event.Instance) string {
	if in == nil || in.Name == "" {
		return "an unknown instance"
	}
	return in.Name
}
