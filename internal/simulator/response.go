package simulator

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

var (
	errDone   = errors.New("the response is complete")
	errHangUp = errors.New("the connection is to be broken")
)

// response is one response of an event endpoint.
type response struct {
	effects
	framing  framing
	server   *Server
	instance *instance
	life     context.Context // of the instance, or once that is stopped of the server
	types    []string        // nil: all
	ctx      context.Context // of the client, the instance and the server
	w        http.ResponseWriter
	rc       *http.ResponseController // of w
	zip      *gzip.Writer             // nil without the fault gzip
	fast     *chunkWriter             // instead of w, once a stream of Rate Max has begun
	count    int                      // events until its end; 0: no end
	sent     int                      // events
	id       int                      // the latest SSE id
	payload  []byte
	buf      []byte
}

// events responds to a request for a stream (live) or for the polling queue.
func (s *Server) events(w http.ResponseWriter, r *http.Request, live bool) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.work.Done()
	in, eff := s.request(r.PathValue("id"))
	if in == nil {
		s.logf("%s %s: 404", r.Method, r.URL)
		refuse(w, http.StatusNotFound, "instance not found")
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	a := &response{effects: eff, framing: eff.framing(live), server: s, instance: in, life: in.running, types: types(r), ctx: ctx}
	if in.running.Err() != nil {
		a.life = s.ctx
	}
	defer context.AfterFunc(a.life, cancel)()
	a.w, a.rc = w, http.NewResponseController(w)
	// A write to a client that does not read must not hold up Close.
	defer context.AfterFunc(s.ctx, func() { _ = a.rc.SetWriteDeadline(time.Unix(1, 0)) })()
	s.logf("%s %s: %s", r.Method, r.URL, in.Name)
	if a.replace() {
		return
	}
	if a.drop > 0 || a.halfOpen > 0 {
		defer a.limit()()
	}
	run := a.poll
	if live {
		run, a.count = a.stream, s.opts.Count
	}
	if run() != nil {
		panic(http.ErrAbortHandler) // net/http closes the connection without a proper end
	}
}

// request counts a request for an instance's events and returns the instance
// and the effects of its faults on this request.
func (s *Server) request(id string) (in *instance, eff effects) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in = s.find(id); in == nil {
		return nil, eff
	}
	in.requests++
	for _, f := range s.opts.Faults {
		if f.Name != "mute" && f.meets(in.requests) {
			_ = f.apply(&eff) // New has checked it
		}
	}
	for _, f := range in.Faults {
		if f.meets(in.requests) {
			_ = f.apply(&eff) // AddInstance has checked it
		}
	}
	return in, eff
}

// types returns the list of events=, or nil.
func types(r *http.Request) []string {
	if list := r.URL.Query().Get("events"); list != "" {
		return strings.Split(list, ",")
	}
	return nil
}

func (a *response) wants(it item) bool { return a.types == nil || slices.Contains(a.types, it.typ) }

// poll sends what is pending. Nil means that the response ended properly.
func (a *response) poll() error {
	o := &a.server.opts
	src := &player{pace: Max, ends: true}
	if o.Rate == Max && (a.server.capture == nil || o.Count > 0) {
		src.items, src.loops, src.ends = a.prepared(), true, false
		if a.count = o.Count; a.count == 0 {
			a.count = queueLimit
		}
	} else {
		for _, it := range a.instance.feed.poll() {
			if a.wants(it) {
				src.items = append(src.items, it)
			}
		}
	}
	if len(src.items) == 0 {
		a.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	a.header("application/json")
	return a.run(src)
}

// stream sends events until its end. Nil means that it ended properly.
func (a *response) stream() error {
	reader := a.instance.feed.read()
	a.header("text/event-stream")
	if err := a.rc.Flush(); err != nil {
		return err
	}
	if a.life == a.server.ctx { // stopped
		<-a.ctx.Done()
		return a.end(a.ctx.Err())
	}
	o := &a.server.opts
	switch {
	case a.server.capture != nil:
		items := a.server.capture.of(a.instance.ID)
		return a.run(&player{items: items, pace: o.Rate, loops: o.Count > 0})
	case o.Rate != Max:
		return a.run(reader)
	}
	src := &player{items: a.prepared(), pace: Max, loops: true, base: time.Now()}
	if a.effects == (effects{}) && !o.Record {
		conn := a.takeOver()
		defer conn.Close()
		a.fast = &chunkWriter{Writer: bufio.NewWriterSize(conn, 64<<10), tally: &a.instance.tally}
	}
	return a.run(src)
}

// prepared returns the events that a stream with Rate Max repeats.
func (a *response) prepared() []item {
	o := &a.server.opts
	if a.server.capture != nil {
		return slices.DeleteFunc(a.server.capture.of(a.instance.ID), func(it item) bool { return !a.wants(it) })
	}
	size := 1000
	if o.Mix == MixCrops {
		size = 100
	}
	sc := newScene(a.instance, o.Seed, time.Now())
	sc.rate, sc.large = 1000, o.Mix != MixScene
	var items []item
	for range 50 * size { // a rare type may not fill it
		e := sc.advance()
		if o.Mix != MixScene {
			if e.typ != "track" {
				continue
			}
			if o.Mix == MixCrops || o.Mix == MixMixed && len(items)%33 == 0 {
				e.typ, e.event = "crop", e.visit.events[0]
			}
		}
		if it := sc.item(e); a.wants(it) {
			items = append(items, it)
		}
		if len(items) == size {
			break
		}
	}
	return items
}

// header writes the header of a response with events.
func (a *response) header(contentType string) {
	h := a.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-cache")
	if a.noType {
		h["Content-Type"] = nil // else net/http guesses one
	}
	if a.gzip {
		h.Set("Content-Encoding", "gzip")
		a.zip = gzip.NewWriter(a)
	}
	a.w.WriteHeader(http.StatusOK)
}

// source provides the events of a response.
type source interface {
	// take waits for the next event. After the last one it returns errDone.
	take(ctx context.Context) (item, error)
}

// run sends the events of src.
func (a *response) run(src source) error {
	if err := a.write([]byte(a.framing.open)); err != nil {
		return a.end(err)
	}
	for {
		it, err := src.take(a.ctx)
		if err == nil && a.wants(it) {
			err = a.send(it)
		}
		if err == nil && a.sent > 0 && a.sent == a.count {
			err = errDone
		}
		if err != nil {
			return a.end(err)
		}
	}
}

// send sends one event and what faults add to it.
func (a *response) send(it item) error {
	a.sent++
	a.id++
	a.payload = it.append(a.payload[:0])
	a.buf = a.framing.record(a.buf[:0], a.id, it.typ, a.payload, a.sent == 1)
	if a.sent == a.cut || a.sent == a.reset {
		return a.breakOff(a.buf)
	}
	if a.fast != nil {
		return a.fast.chunk(a.buf)
	}
	if err := a.write(a.buf); err != nil {
		return err
	}
	if a.server.opts.Record {
		a.instance.tally.add(1, Hash(a.payload))
	} else {
		a.instance.tally.add(1)
	}
	return a.extras()
}

// write sends bytes immediately.
func (a *response) write(p []byte) error {
	if a.zip == nil {
		_, err := a.Write(p)
		return err
	}
	if _, err := a.zip.Write(p); err != nil {
		return err
	}
	return a.zip.Flush()
}

// end ends a response. A nil reason means that it ended properly.
func (a *response) end(reason error) error {
	switch {
	case a.server.ctx.Err() != nil:
		return errHangUp
	case errors.Is(reason, errDone), a.life.Err() != nil:
		if a.fast != nil {
			return a.fast.end()
		}
		err := a.write([]byte(a.framing.shut))
		if err == nil && a.zip != nil {
			err = a.zip.Close()
		}
		return err
	case a.halfOpen > 0 && errors.Is(context.Cause(a.ctx), errHangUp):
		return a.vanish()
	}
	return errHangUp
}

// chunkWriter writes many HTTP chunks of one record each at a time: net/http
// makes a system call for each.
type chunkWriter struct {
	*bufio.Writer
	tally   *tally
	pending int // chunks in the buffer
}

func (c *chunkWriter) chunk(record []byte) error {
	if c.Buffered() > 0 && c.Available() < len(record)+20 {
		if err := c.flush(); err != nil {
			return err
		}
	}
	c.pending++
	_, _ = fmt.Fprintf(c, "%x\r\n", len(record)) // the error stays for Flush
	_, _ = c.Write(record)
	_, err := c.WriteString("\r\n")
	return err
}

func (c *chunkWriter) flush() error {
	if err := c.Flush(); err != nil {
		return err
	}
	c.tally.add(c.pending)
	c.pending = 0
	return nil
}

// end sends the last chunk.
func (c *chunkWriter) end() error {
	_, _ = c.WriteString("0\r\n\r\n")
	return c.flush()
}

// Write sends b through net/http, in the pieces and with the pauses that faults
// require.
func (a *response) Write(b []byte) (sent int, err error) {
	piece := a.chunk
	if piece == 0 && a.drip > 0 {
		piece = max(1, a.drip/10)
	}
	for sent < len(b) && err == nil {
		part := b[sent:]
		if piece > 0 {
			part = part[:min(piece, len(part))]
		}
		var n int
		n, err = a.w.Write(part)
		sent += n
		if err == nil {
			err = a.rc.Flush()
		}
		if err == nil && a.drip > 0 && !sleep(a.ctx, time.Duration(piece)*time.Second/time.Duration(a.drip)) {
			err = a.ctx.Err()
		}
	}
	return sent, err
}
