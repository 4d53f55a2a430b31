package simulator

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Why a response ends.
var (
	errDone   = errors.New("the response is complete")
	errHangUp = errors.New("the connection is to be broken")
	errSilent = errors.New("nothing more is to be sent")
)

// response is one response of an event endpoint.
type response struct {
	server   *Server
	instance *instance
	faults   effects
	types    []string        // nil: all
	ctx      context.Context // of the client, the instance and the server; its cause may be one of the errors above
	w        http.ResponseWriter
	rc       *http.ResponseController // of w
	conn     net.Conn                 // taken over from net/http, or nil
	fast     *bufio.Writer            // for conn, in a stream of Rate Max, or nil
	zip      *gzip.Writer             // nil without the fault gzip
	polled   bool                     // not a stream
	count    int                      // events until the end; 0: no end
	sent     int                      // events
	id       int                      // the latest SSE id
	buf      []byte
}

// respond sends the events that run provides. If run returns errDone, the response
// ends properly, and if nil, it has ended.
func (s *Server) respond(in *instance, w http.ResponseWriter, r *http.Request, run func(a *response) error) {
	s.mu.Lock()
	in.requests++
	faults := effectsOn(in.requests, slices.Concat(s.opts.Faults, in.Faults))
	s.mu.Unlock()
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	a := &response{server: s, instance: in, faults: faults, ctx: ctx, w: w, rc: http.NewResponseController(w)}
	if list := r.URL.Query().Get("events"); list != "" {
		a.types = strings.Split(list, ",")
	}
	hangUp := func() {
		cancel(errHangUp)
		_ = a.rc.SetWriteDeadline(time.Unix(1, 0)) // ends a write to a client that does not read
	}
	defer context.AfterFunc(s.ctx, hangUp)()
	if in.running.Err() == nil {
		defer context.AfterFunc(in.running, func() { cancel(errDone) })()
	}
	if d := faults.duration("drop"); d > 0 {
		defer time.AfterFunc(d, hangUp).Stop()
	}
	if d := faults.duration("halfopen"); d > 0 {
		defer time.AfterFunc(d, func() { cancel(errSilent) }).Stop()
	}
	if a.replace() {
		return
	}
	err := run(a)
	if a.conn != nil {
		defer a.conn.Close()
	}
	switch {
	case errors.Is(err, errDone) && s.ctx.Err() == nil:
		err = a.end()
	case errors.Is(err, errSilent):
		select {
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
	}
	if err != nil {
		panic(http.ErrAbortHandler) // net/http closes the connection without a proper end
	}
}

// poll responds to a request for the polling queue.
func (s *Server) poll(in *instance, w http.ResponseWriter, r *http.Request) {
	s.respond(in, w, r, func(a *response) error {
		a.polled = true
		items := slices.DeleteFunc(in.poll(), func(it item) bool { return !a.wants(it.typ) })
		if s.opts.Rate == Max && s.capture == nil {
			items, a.count = a.prepared(), cmp.Or(s.opts.Count, queueLimit)
			items = slices.Repeat(items, 1+a.count/max(1, len(items)))
		}
		if len(items) == 0 {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		err := a.begin("application/json", "[")
		for _, it := range items {
			if err == nil {
				err = a.send(it.typ, it.payload)
			}
		}
		return cmp.Or(err, errDone)
	})
}

// stream responds to a request for live events.
func (s *Server) stream(in *instance, w http.ResponseWriter, r *http.Request) {
	events, stop := in.follow()
	defer stop()
	s.respond(in, w, r, func(a *response) error {
		a.count = s.opts.Count
		open := ""
		if a.faults.has("bom") {
			open = "\ufeff"
		}
		err := a.begin("text/event-stream", open)
		switch {
		case err != nil:
			return err
		case in.running.Err() != nil:
			return a.wait()
		case s.capture != nil:
			return a.replay(s.capture.of(in.ID))
		case s.opts.Rate == Max:
			return a.flood()
		}
		for {
			select {
			case it := <-events:
				if err := a.send(it.typ, it.payload); err != nil {
					return err
				}
			case <-a.ctx.Done():
				return context.Cause(a.ctx)
			}
		}
	})
}

// wait waits until the response ends and returns the reason.
func (a *response) wait() error {
	<-a.ctx.Done()
	return context.Cause(a.ctx)
}

// replay sends recorded events when they are due, repeatedly if they are counted.
func (a *response) replay(items []item) error {
	start := time.Now()
	for n := 0; n < len(items) || a.count > 0 && len(items) > 0; n++ {
		it := items[n%len(items)]
		due := it.at + time.Duration(n/len(items))*(items[len(items)-1].at+time.Second)
		if rate := a.server.opts.Rate; rate > 0 {
			due = time.Duration(float64(n) / rate * float64(time.Second))
		}
		if !sleep(a.ctx, time.Until(start.Add(due))) {
			break
		}
		if err := a.send(it.typ, it.payload); err != nil {
			return err
		}
	}
	return a.wait()
}

// flood repeats prepared events as fast as they are read. Their times are a
// millisecond apart.
func (a *response) flood() error {
	send := a.send
	if len(a.faults) == 0 && !a.server.opts.Record {
		a.fast = bufio.NewWriterSize(a.takeOver(), 64<<10)
		send = a.sendFast
	}
	items := a.prepared()
	at := time.Now()
	var payload []byte
	for n := 0; len(items) > 0 && a.ctx.Err() == nil; n++ {
		it := items[n%len(items)]
		payload = appendTimed(payload[:0], it.payload, at)
		at = at.Add(time.Millisecond)
		if err := send(it.typ, payload); err != nil {
			return err
		}
	}
	return a.wait()
}

// sendFast sends one event in a chunk of its own. It writes to the connection:
// net/http makes a system call for each chunk.
func (a *response) sendFast(typ string, payload []byte) error {
	a.sent++
	a.buf = a.record(a.buf[:0], typ, payload)
	_, _ = fmt.Fprintf(a.fast, "%x\r\n", len(a.buf)) // the error stays for the next call
	_, _ = a.fast.Write(a.buf)
	_, err := a.fast.WriteString("\r\n")
	if err == nil && a.sent == a.count {
		err = errDone
	}
	return err
}

// prepared returns the events that a response with Rate Max repeats.
func (a *response) prepared() (items []item) {
	sc := newScene(a.instance, a.server.opts.Seed, time.Now())
	sc.rate = 1000
	size := 0
	for n := 0; n < 50_000 && len(items) < 1000 && size < 8<<20; n++ { // a type may be rare
		if e := sc.advance(); a.wants(e.typ) {
			items = append(items, sc.item(e))
			size += len(items[len(items)-1].payload)
		}
	}
	return items
}

func (a *response) wants(typ string) bool { return a.types == nil || slices.Contains(a.types, typ) }

// begin sends the header of a response with events, and the first bytes.
func (a *response) begin(contentType, open string) error {
	h := a.w.Header()
	h["Content-Type"] = []string{contentType}
	h.Set("Cache-Control", "no-cache")
	if a.faults.has("nocontenttype") {
		h["Content-Type"] = nil // else net/http guesses one
	}
	if a.faults.has("gzip") {
		h.Set("Content-Encoding", "gzip")
		a.zip = gzip.NewWriter(a)
	}
	a.w.WriteHeader(http.StatusOK)
	if err := a.rc.Flush(); err != nil {
		return err
	}
	return a.write([]byte(open))
}

// send sends one event, if the client wants it, and what faults add to it.
func (a *response) send(typ string, payload []byte) error {
	if !a.wants(typ) {
		return nil
	}
	a.sent++
	a.buf = a.record(a.buf[:0], typ, payload)
	if a.sent == a.faults.number("cut") || a.sent == a.faults.number("reset") {
		return a.breakOff()
	}
	if err := a.write(a.buf); err != nil {
		return err
	}
	if a.server.opts.Record {
		a.instance.mu.Lock()
		a.instance.served = append(a.instance.served, Hash(payload))
		a.instance.mu.Unlock()
	}
	err := a.extras()
	if err == nil && a.sent == a.count {
		err = errDone
	}
	return err
}

// record appends one framed record.
func (a *response) record(dst []byte, typ string, payload []byte) []byte {
	a.id++
	legacy := a.faults.has("legacy")
	switch {
	case a.polled && a.id > 1:
		return appendWrapped(append(dst, ','), legacy, typ, payload)
	case a.polled:
		return appendWrapped(dst, legacy, typ, payload)
	case legacy:
		return append(appendWrapped(append(dst, '['), legacy, typ, payload), "]\n"...)
	}
	comment := ""
	if a.faults.has("comments") {
		comment = ": made up\n"
	}
	dst = append(append(dst, comment...), "id: "...)
	dst = append(strconv.AppendInt(dst, int64(a.id), 10), '\n')
	dst = append(append(append(dst, comment...), "event: "...), typ...)
	for line := range bytes.SplitSeq(payload, []byte("\n")) {
		dst = append(append(dst, "\ndata: "...), line...)
	}
	dst = append(dst, "\n\n"...)
	if a.faults.has("crlf") {
		dst = bytes.ReplaceAll(dst, []byte("\n"), []byte("\r\n"))
	}
	return dst
}

// appendWrapped appends an object of two members, the type and the payload as a string.
func appendWrapped(dst []byte, legacy bool, typ string, payload []byte) []byte {
	typeName, payloadName := "dataType", "jsonObject"
	if legacy {
		typeName, payloadName = "type", "object"
	}
	return fmt.Appendf(dst, `{"%s":%s,"%s":%s}`, typeName, marshal(typ), payloadName, marshal(string(payload)))
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

// end ends a response properly.
func (a *response) end() error {
	switch {
	case a.fast != nil:
		_, _ = a.fast.WriteString("0\r\n\r\n") // the error stays for Flush
		return a.fast.Flush()
	case a.polled:
		if err := a.write([]byte("]")); err != nil {
			return err
		}
	}
	if a.zip != nil {
		return a.zip.Close()
	}
	return nil
}

// Write sends b through net/http, in the pieces and with the pauses that faults
// require.
func (a *response) Write(b []byte) (sent int, err error) {
	drip := a.faults.number("drip")
	piece := cmp.Or(a.faults.number("chunk"), (drip+9)/10, len(b))
	for sent < len(b) && err == nil {
		var n int
		n, err = a.w.Write(b[sent:min(sent+piece, len(b))])
		sent += n
		if err == nil {
			err = a.rc.Flush()
		}
		if err == nil && drip > 0 && !sleep(a.ctx, time.Duration(piece)*time.Second/time.Duration(drip)) {
			err = context.Cause(a.ctx)
		}
	}
	return sent, err
}
