// Package broker publishes events to a message broker and waits until each
// one is acknowledged.
//
// A Broker is one connection; each source of the run has its own Sink on it.
// Messages are pipelined: Put passes one to the client library and returns.
// Flush returns nil once the broker has acknowledged everything that was put,
// so a source that discards a response only after Flush delivers at least once.
// While the broker is away, Put and Flush wait: reading slows down and nothing
// is dropped.
package broker

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// Limits on what is published and not yet acknowledged, for all sinks together.
const (
	maxInFlight      = 1000     // messages
	maxInFlightBytes = 16 << 20 // bytes of subject, body and payload
)

const (
	// connectTimeout limits connecting to a broker, including TLS and login.
	connectTimeout = 10 * time.Second
	// ackTimeout is how long an acknowledgement may take before the message is
	// published again.
	ackTimeout = 10 * time.Second
	// grace is how long to wait for acknowledgements after the end of the run.
	grace = 10 * time.Second
)

// Options sets how to reach a broker and what to do with events that it refuses.
type Options struct {
	TLS    *tls.Config                                                       // for tls, mqtts and kafkas; nil: the system's roots
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error) // nil: the network
	Notify event.Notify                                                      // receives outages, refused events and the closing line
	// Save appends to a file the payload of an event that cannot be published,
	// and returns the file's name. It must be safe for concurrent use.
	Save func(payload []byte) (file string, err error)
	// SaveRest makes the Broker call Save for events that are not acknowledged
	// when the run ends, for sources that cannot read them again. Without it,
	// Flush returns an *event.WriteError and the source saves them.
	SaveRest bool
}

// conn is a connection to one broker. It reconnects by itself.
type conn interface {
	// publish starts to publish m and returns. It calls done exactly once,
	// from any goroutine, with nil as soon as the broker has acknowledged m.
	// m is valid until then. The errors are errTooLarge, errRefused, errLost,
	// a *DeniedError, or any other error for a temporary failure.
	publish(m *message, done func(error))
	// close drops the connection without waiting for acknowledgements.
	close()
}

// message is one event on its way to the broker.
type message struct {
	subject string // NATS subject, MQTT topic or Kafka topic
	key     string // Kafka's record key
	body    []byte // what is published
	payload []byte // the event's payload, which identifies it and is what Save gets

	typ  string
	in   *event.Instance
	sink *Sink
	seq  uint64 // order of Put over all sinks
	size int    // bytes counted against maxInFlightBytes
	lost int    // connections that ended while only this message was in flight
	err  error  // why it was not acknowledged
	done bool   // acknowledged, or saved
}

// Broker is one connection to a broker, shared by the sinks of a run. All
// methods are safe for concurrent use.
type Broker struct {
	address Address
	conn    conn
	o       Options
	stop    chan struct{} // closed with ended

	mu         sync.Mutex
	changed    *sync.Cond // any of the fields below
	inFlight   int        // messages put and neither acknowledged nor saved
	bytes      int        // their sizes
	publishing int        // messages handed to conn whose done is outstanding
	failed     []*message // to be published again, or saved
	seq        uint64
	ended      error // why the Broker no longer waits; nil while it does
	recovery   sync.WaitGroup

	published, acknowledged, refused int64
	saved                            int64
	file                             string // where the last one was saved
}

// Dial connects to the broker that address names. ctx is the run: after it is
// done, the Broker waits up to ten more seconds for acknowledgements. The error
// is an *UnreachableError if the broker does not respond, and a *DeniedError if
// it refuses the credentials, the subject or the topic. The caller must call
// Close.
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

// end makes every waiting call return err. Later calls of end change nothing.
func (b *Broker) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended == nil {
		b.ended = err
		close(b.stop)
	}
	b.changed.Broadcast()
}

// put publishes m as soon as the limits allow it and no failed message has to
// be published again first.
func (b *Broker) put(m *message) error {
	b.mu.Lock()
	for b.ended == nil && (len(b.failed) > 0 || b.full(m.size)) {
		b.changed.Wait()
	}
	if b.ended != nil {
		b.mu.Unlock()
		return b.ended
	}
	b.inFlight++
	b.bytes += m.size
	b.seq++
	b.published++
	m.seq = b.seq
	b.publishing++
	b.mu.Unlock()
	b.conn.publish(m, func(err error) { b.returned(m, err) })
	return nil
}

// full reports whether another message of this size has to wait. A message that
// is larger than the limit is published alone.
func (b *Broker) full(size int) bool {
	return b.inFlight > 0 && (b.inFlight >= maxInFlight || b.bytes+size > maxInFlightBytes)
}

// returned records the result of publishing m.
func (b *Broker) returned(m *message, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.publishing--
	if m.err = err; err == nil {
		b.acknowledged++
		b.finish(m)
	} else {
		b.failed = append(b.failed, m)
	}
	b.changed.Broadcast()
}

// finish marks m as acknowledged or saved. The caller holds b.mu.
func (b *Broker) finish(m *message) {
	b.inFlight--
	b.bytes -= m.size
	m.done = true
}

func (b *Broker) notice(kind event.Kind, format string, args ...any) {
	b.o.Notify.Tell(event.Notice{Kind: kind, Text: fmt.Sprintf(format, args...)})
}

// Close drops the connection and reports the counts of the run. Call it after
// the last Flush. The error is a *SavedError if events were saved.
func (b *Broker) Close() error {
	b.end(errClosed)
	b.conn.close()
	b.recovery.Wait()
	b.notice(event.Info, "published %s, acknowledged %s, refused %s",
		term.Number(b.published), term.Number(b.acknowledged), term.Number(b.refused))
	if b.saved > 0 {
		return &SavedError{Broker: b.address.String(), Events: b.saved, File: b.file}
	}
	return nil
}

// name returns the name of in for messages.
func name(in *event.Instance) string {
	if in == nil || in.Name == "" {
		return "an unknown instance"
	}
	return in.Name
}
