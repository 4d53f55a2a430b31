package broker

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/rtev/rtev/internal/event"
)

// An Encoder makes the body of a message from an event: one line, whose line
// end is cut off.
type Encoder interface {
	AppendEvent(dst []byte, e *event.Event) []byte
}

// Shape says what the message of an event looks like.
type Shape struct {
	Body  Encoder
	Small Encoder // the body without the image, for a broker that refuses large messages
}

// Sink publishes the events of one source. It is used by one goroutine at a
// time, like every event.Sink.
type Sink struct {
	b     *Broker
	shape Shape
	route *route
	sent  []*message // in the order of Put; the first one is not settled yet
	whole int        // settled since the last Flush that returned nil, from the first on
	free  []*message
}

// Sink returns a sink for one source. Encoders are not shared between sinks.
func (b *Broker) Sink(s Shape) *Sink { return &Sink{b: b, shape: s, route: b.address.newRoute()} }

// Put copies what it needs of e and publishes it. It waits while too much is
// in flight or the broker is away. After the run's end it returns an
// *event.WriteError, or with Options.SaveRest saves the event and returns
// event.ErrStop.
func (s *Sink) Put(e *event.Event) error {
	m := s.message(e)
	err := s.b.put(m)
	if err == nil || s.b.o.SaveRest {
		s.sent = append(s.sent, m)
	}
	if err != nil {
		return cmp.Or(s.failure(err), event.ErrStop)
	}
	s.b.mu.Lock()
	s.collect()
	s.b.mu.Unlock()
	return nil
}

// message returns the message of e, in memory that is used again.
func (s *Sink) message(e *event.Event) *message {
	m := &message{}
	if n := len(s.free); n > 0 {
		m, s.free = s.free[n-1], s.free[:n-1]
	}
	buf := m.body[:0]
	if cap(buf) > keepBytes {
		buf = nil
	}
	body := cutLineEnd(s.shape.Body.AppendEvent(buf, e))
	*m = message{sink: s, typ: e.Type, in: e.Instance, body: body, payload: body}
	if !bytes.Equal(body, e.Payload) {
		m.payload = bytes.Clone(e.Payload)
	}
	m.subject, m.key = s.route.subject.of(e), s.route.key.of(e)
	m.size = len(m.subject) + len(m.body)
	if len(m.payload) > 0 && len(m.body) > 0 && &m.payload[0] != &m.body[0] {
		m.size += len(m.payload)
	}
	return m
}

// keepBytes is the largest buffer that is used again for another message.
const keepBytes = 64 << 10

func cutLineEnd(line []byte) []byte { return bytes.TrimSuffix(line, []byte{'\n'}) }

// shrink replaces the body of m by one without an image, and reports whether
// it became smaller.
func (s *Sink) shrink(m *message) bool {
	e, err := event.New(m.typ, bytes.Clone(m.payload), m.in)
	if err != nil {
		return false
	}
	body := cutLineEnd(s.shape.Small.AppendEvent(nil, e))
	if len(body) >= len(m.body) {
		return false
	}
	m.body = body
	return true
}

// collect takes settled messages off the front. The broker's lock is held.
func (s *Sink) collect() {
	n := 0
	for n < len(s.sent) && s.sent[n].done {
		if len(s.free) < maxInFlight {
			s.free = append(s.free, s.sent[n])
		}
		n++
	}
	s.whole += n
	s.sent = s.sent[:copy(s.sent, s.sent[n:])]
}

// Flush waits until everything put so far was acknowledged or saved. When
// the run has ended and the broker does not answer, it returns an
// *event.WriteError that counts the events acknowledged from the first on;
// with Options.SaveRest the rest is saved instead.
func (s *Sink) Flush() error {
	s.b.mu.Lock()
	for s.collect(); len(s.sent) > 0 && s.b.ended == nil; s.collect() {
		s.b.changed.Wait()
	}
	ended := s.b.ended
	s.b.mu.Unlock()
	if len(s.sent) > 0 {
		return s.failure(ended)
	}
	s.whole = 0
	return nil
}

// failure returns the error of a sink whose broker does not answer any more,
// and saves what is left where nobody else can.
func (s *Sink) failure(err error) error {
	if !s.b.o.SaveRest {
		return &event.WriteError{Err: err, Whole: s.whole}
	}
	s.b.mu.Lock()
	rest := slices.DeleteFunc(slices.Clone(s.sent), func(m *message) bool { return m.done })
	all := s.whole + len(s.sent)
	s.b.mu.Unlock()
	s.sent = nil
	for _, m := range rest {
		if _, failed := s.b.save(m); failed != nil {
			return &event.WriteError{Err: failed, Whole: s.whole}
		}
	}
	if err == errNotAcknowledged {
		return nil // Close reports what was saved
	}
	return &event.WriteError{Err: err, Whole: all}
}
