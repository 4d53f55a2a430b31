package simulator

import (
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

var errDone, errHangUp error = errors.New("the answer is complete"), errors.New("the connection is to be broken")

// answer is one answer of an event endpoint, live or polled.
type answer struct {
	script
	framing framing
	server  *Server
	camera  *camera
	period  *period
	want    map[string]bool // types; nil: all
	ctx     context.Context // of the client, the instance and the server
	pipe    *tube
	zip     *gzip.Writer // over pipe, or nil
	count   int          // events until the answer's proper end; 0: no such number
	n       int          // events sent
	id      int          // the latest SSE id
	payload []byte
	buf     []byte
}

// events answers a stream (live) or a polling request.
func (s *Server) events(w http.ResponseWriter, r *http.Request, live bool) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.work.Done()
	c, p, sc := s.call(r.PathValue("id"))
	if c == nil {
		s.logf("%s %s: 404", r.Method, r.URL)
		refuse(w, http.StatusNotFound, "instance not found")
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	a := &answer{script: sc, framing: sc.framing(live), server: s, camera: c, period: p, want: wanted(r), ctx: ctx}
	a.pipe = newTube(ctx, w, &sc, live)
	// A write to a client that does not read must not keep the server open.
	defer context.AfterFunc(s.ctx, func() { _ = a.pipe.rc.SetWriteDeadline(time.Unix(1, 0)) })()
	s.logf("%s %s: %s", r.Method, r.URL, c.Name)
	if a.instead(w) {
		return
	}
	if a.timed {
		defer a.limit()()
	}
	run := a.poll
	if live {
		run, a.count = a.stream, s.opts.Count
	}
	if run(w) != nil {
		panic(http.ErrAbortHandler) // net/http closes the connection without a proper end
	}
}

// call finds the instance that a request for events is for, and what its
// faults make of this request.
func (s *Server) call(id string) (*camera, *period, script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.camera(id)
	var sc script
	if c == nil {
		return nil, nil, sc
	}
	c.requests++
	for _, list := range [][]Fault{s.opts.Faults, c.Faults} {
		for _, f := range list {
			if f.meets(c.requests) {
				_ = f.apply(&sc) // known to be right since it was added
			}
		}
	}
	sc.mute = slices.ContainsFunc(c.Faults, func(f Fault) bool { return f.Name == "mute" && f.meets(c.requests) })
	return c, c.period, sc
}

// wanted reads the events= list.
func wanted(r *http.Request) map[string]bool {
	list := r.URL.Query().Get("events")
	if list == "" {
		return nil
	}
	want := map[string]bool{}
	for typ := range strings.SplitSeq(list, ",") {
		want[strings.TrimSpace(typ)] = true
	}
	return want
}

func (a *answer) wants(it item) bool { return a.want == nil || a.want[it.typ] }

// poll answers with what is pending. Nil: the answer has its proper end.
func (a *answer) poll(w http.ResponseWriter) error {
	o := &a.server.opts
	if o.Rate == Max && (a.server.capture == nil || o.Count > 0) {
		a.count = o.Count
		return a.blast(w, false)
	}
	var items []item
	for _, it := range a.camera.feed.poll() {
		if a.wants(it) {
			items = append(items, it)
		}
	}
	if len(items) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	a.header(w, "application/json")
	return a.run(&player{items: items, pace: Max, ends: true})
}

// stream answers until its end. Nil: the answer has its proper end.
func (a *answer) stream(w http.ResponseWriter) error {
	r := a.camera.feed.read()
	defer r.close()
	a.header(w, "text/event-stream")
	if err := a.pipe.rc.Flush(); err != nil {
		return err
	}
	select { // a stopped instance is silent
	case <-a.period.started:
	case <-a.ctx.Done():
		return a.verdict(a.ctx.Err())
	}
	switch rate := a.server.opts.Rate; {
	case rate == Max:
		return a.blast(w, true)
	case a.server.capture != nil:
		return a.run(a.player())
	}
	return a.run(r)
}

// header sets the header fields of an answer with events.
func (a *answer) header(w http.ResponseWriter, contentType string) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-cache")
	if a.noType {
		h["Content-Type"] = nil // else net/http guesses one
	}
	if a.gzip {
		h.Set("Content-Encoding", "gzip")
		a.zip = gzip.NewWriter(a.pipe)
	}
	w.WriteHeader(http.StatusOK)
}

// source gives the events of an answer one after the other.
type source interface {
	// take returns the next event, errDone after the last one, or the error of
	// ctx.
	take(ctx context.Context) (item, error)
}

// run sends the events of src.
func (a *answer) run(src source) error {
	if err := a.write([]byte(a.framing.open)); err != nil {
		return a.verdict(err)
	}
	for {
		it, err := src.take(a.ctx)
		if err == nil && a.wants(it) {
			err = a.send(it)
		}
		if err == nil && a.n > 0 && a.n == a.count {
			err = errDone
		}
		if err != nil {
			return a.verdict(err)
		}
	}
}

// send sends one event, and what the script has to say about it.
func (a *answer) send(it item) error {
	a.n++
	a.id++
	a.payload = it.append(a.payload[:0])
	a.buf = a.framing.record(a.buf[:0], a.id, it.typ, a.payload, a.n == 1)
	if a.n == a.cut {
		return a.breakOff(a.buf)
	}
	if err := a.write(a.buf); err != nil {
		return err
	}
	a.served(a.payload)
	return a.interlude()
}

// write sends bytes at once.
func (a *answer) write(p []byte) error {
	if a.zip == nil {
		_, err := a.pipe.Write(p)
		return err
	}
	if _, err := a.zip.Write(p); err != nil {
		return err
	}
	return a.zip.Flush()
}

// verdict turns the reason why an answer is over into how it ends: nil is a
// proper end.
func (a *answer) verdict(reason error) error {
	switch {
	case a.server.ctx.Err() != nil:
		return errHangUp
	case errors.Is(reason, errDone), a.period.ctx.Err() != nil:
		err := a.write([]byte(a.framing.shut))
		if err == nil && a.zip != nil {
			err = a.zip.Close()
		}
		return err
	case a.timed && a.vanish && errors.Is(context.Cause(a.ctx), errHangUp):
		return a.vanishNow()
	}
	return errHangUp
}

// tube is the way to the client, through net/http.
type tube struct {
	ctx   context.Context
	w     http.ResponseWriter
	rc    *http.ResponseController
	live  bool // each Write is sent at once
	piece int  // bytes sent at once; 0: as they come
	pause time.Duration
}

func newTube(ctx context.Context, w http.ResponseWriter, s *script, live bool) *tube {
	t := &tube{ctx: ctx, w: w, rc: http.NewResponseController(w), piece: s.chunk, live: live || s.chunk > 0 || s.drip > 0}
	if s.drip > 0 {
		if t.piece == 0 {
			t.piece = max(1, s.drip/10)
		}
		t.pause = time.Duration(t.piece) * time.Second / time.Duration(s.drip)
	}
	return t
}

// Write sends p, piece by piece.
func (t *tube) Write(p []byte) (int, error) {
	sent := 0
	for sent < len(p) {
		part := p[sent:]
		if t.piece > 0 {
			part = part[:min(t.piece, len(part))]
		}
		n, err := t.w.Write(part)
		sent += n
		if err == nil && t.live {
			err = t.rc.Flush()
		}
		if err == nil && t.pause > 0 && !sleep(t.ctx, t.pause) {
			err = t.ctx.Err()
		}
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}
