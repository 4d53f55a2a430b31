package broker

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/rtev/rtev/internal/event"
)

// An Encoder appends the body of a message to dst: one line. The Sink removes
// its line end.
type Encoder interface {
	AppendEvent(dst []byte, e *event.Event) []byte
}

// Shape holds the encoders for the messages of one Sink.
type Shape struct {
	Body  Encoder
	Small Encoder // the body without the image, for a broker that refuses large messages
}

// Sink publishes the events of one source. Like every event.Sink it is used by
// one goroutine at a time.
type Sink struct {
	b     *Broker
	shape Shape
	route *route
	sent  []*message // in the order of Put; the first one is not done yet
	whole int        // leading messages done since the last Flush that returned nil
	free  []*message
}

// Sink returns a sink for one source. Sinks must not share encoders.
func (b *Broker) Sink(s Shape) *Sink { return &Sink{b: b, shape: s, route: b.address.newRoute()} }

// Put copies what it needs of e and publishes it. It waits while too much is in
// flight or the broker is away. After the end of the run it returns an
// *event.WriteError; with Options.SaveRest it saves the event and returns
// event.ErrStop instead.
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

// message returns the message for e. It reuses memory of finished messages.
func (s *Sink) message(e *event.Event) *message {
	m := &message{}
	if n := len(s.free); n > 0 {
		m, s.free = s.free[n-1], s.free[:n-1]
	}
	buf := m.body[:0]
	if cap(buf) > maxReused {
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

// maxReused is the size of the largest buffer that is reused.
const maxReused = 64 << 10

func cutLineEnd(line []byte) []byte { return bytes.TrimSuffix(line, []byte{'\n'}) }

// shrink replaces the body of m by one without the image, and reports whether it
// became smaller.
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

// collect removes finished messages from the front of s.sent. The caller holds
// s.b.mu.
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

// Flush waits until everything put so far is acknowledged or saved. If the run
// has ended and acknowledgements are missing, it returns an *event.WriteError
// that counts the events acknowledged without a gap from the first one; with
// Options.SaveRest it saves the rest instead.
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

// failure returns the error of a sink whose run has ended with err. With
// Options.SaveRest it first saves the events that are not acknowledged.
func (s *Sink) failure(err error) error {
	if !s.b.o.SaveRest {
		return &event.WriteError{Err: err, Written: s.whole}
	}
	s.b.mu.Lock()
	rest := slices.DeleteFunc(slices.Clone(s.sent), func(m *message) bool { return m.done })
	all := s.whole + len(s.sent)
	s.b.mu.Unlock()
	s.sent = nil
	for _, m := range rest {
		if _, failed := s.b.save(m); failed != nil {
			return &event.WriteError{Err: failed, Written: s.whole}
		}
	}
	if err == errNotAcknowledged {
		return nil // Close reports what was saved
	}
	return &event.WriteError{Err: err, Written: all}
}
