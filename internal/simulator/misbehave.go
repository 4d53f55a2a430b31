package simulator

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// How faults are carried out on an answer. Where net/http would be too polite,
// the connection is taken away from it (Hijack, HTTP/1 only).

// instead gives another answer than events, where the script wants one.
func (a *answer) instead(w http.ResponseWriter) bool {
	if a.late > 0 && !sleep(a.ctx, a.late) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case a.mute:
		<-a.ctx.Done()
		panic(http.ErrAbortHandler)
	case a.status != 0:
		if a.retryAfter != "" {
			w.Header().Set("Retry-After", a.retryAfter)
		}
		if a.status == http.StatusNoContent || a.status == http.StatusNotModified {
			w.WriteHeader(a.status)
			return true
		}
		refuse(w, a.status, "simulated: "+http.StatusText(a.status))
	case a.redirect != "":
		w.Header().Set("Location", a.redirect)
		w.WriteHeader(http.StatusFound)
	case a.html:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n<body><form>Password: <input type=password></form></body></html>\n"))
	case a.hugeHeader:
		a.headerWithoutEnd()
	default:
		return false
	}
	return true
}

// headerWithoutEnd sends header fields until the client has had enough.
func (a *answer) headerWithoutEnd() {
	conn, _, err := a.pipe.rc.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	fields := bytes.Repeat([]byte("X-Filler: "+string(bytes.Repeat([]byte("a"), 100))+"\r\n"), 500)
	_, err = conn.Write([]byte("HTTP/1.1 200 OK\r\n"))
	for err == nil {
		_, err = conn.Write(fields)
	}
}

// limit starts the clock of a timed fault: ctx ends when it is over, with
// errHangUp as its cause. It returns what stops the clock.
func (a *answer) limit() (stop func()) {
	ctx, cancel := context.WithCancelCause(a.ctx)
	t := time.AfterFunc(a.after, func() {
		cancel(errHangUp)
		if !a.vanish { // a write in hand fails, too
			_ = a.pipe.rc.SetWriteDeadline(time.Unix(1, 0))
		}
	})
	a.ctx, a.pipe.ctx = ctx, ctx
	return func() {
		t.Stop()
		cancel(nil)
	}
}

// vanishNow leaves the connection open with nobody behind it.
func (a *answer) vanishNow() error {
	conn, _, err := a.pipe.rc.Hijack()
	if err != nil {
		return errHangUp
	}
	s := a.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return conn.Close()
	}
	s.vanished = append(s.vanished, conn)
	return nil
}

// breakOff sends half of a record, in a chunk that promised all of it, and
// closes the connection.
func (a *answer) breakOff(record []byte) error {
	half := record[:len(record)/2]
	if err := a.pipe.rc.Flush(); err != nil {
		return err
	}
	conn, _, err := a.pipe.rc.Hijack()
	if err != nil {
		_ = a.write(half)
		return errHangUp
	}
	_, err = fmt.Fprintf(conn, "%x\r\n%s", len(record), half)
	if a.reset {
		reset(conn)
	}
	if err == nil {
		err = conn.Close()
	}
	if err == nil {
		err = errHangUp
	}
	return err
}

// reset makes the next Close send RST, where there is TCP.
func reset(conn net.Conn) {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
}

// interlude does what the script wants after the nth event.
func (a *answer) interlude() error {
	if a.garbage > 0 && a.n%a.garbage == 0 {
		if err := a.extra(garbage(a.n / a.garbage)); err != nil {
			return err
		}
	}
	if a.n == 1 {
		if err := a.afterFirst(); err != nil {
			return err
		}
	}
	if a.n == a.cleanClose {
		return errDone
	}
	return nil
}

func (a *answer) afterFirst() error {
	if a.stall > 0 && !sleep(a.ctx, a.stall) {
		return a.ctx.Err()
	}
	if a.big > 0 {
		if err := a.giant(a.big); err != nil {
			return err
		}
	}
	if a.endless {
		return a.giant(1 << 62)
	}
	return nil
}

// extra sends a record that is no event.
func (a *answer) extra(payload string) error {
	a.id++
	return a.write(a.framing.record(nil, a.id, "track", []byte(payload), false))
}

// garbage is broken JSON of some kind.
func garbage(n int) string {
	kinds := []string{`{"$id":"track","broken":`, `no JSON at all`, `{"$id":"track",}`, `"text"`, `{"$id":"track"}}`, `{'$id':'track'}`, ``, `nul`}
	return kinds[n%len(kinds)]
}

// giant sends one record whose payload has about size bytes, in pieces.
func (a *answer) giant(size int64) error {
	const mark = "@"
	a.id++
	whole := a.framing.record(nil, a.id, "simulated-giant", []byte(`{"$id":"simulated-giant","filler":"`+mark+`"}`), false)
	head, tail, _ := bytes.Cut(whole, []byte(mark))
	if err := a.write(head); err != nil {
		return err
	}
	filler := bytes.Repeat([]byte("x"), 64<<10)
	for left := size; left > 0; left -= int64(len(filler)) {
		if err := a.write(filler[:min(left, int64(len(filler)))]); err != nil {
			return err
		}
	}
	return a.write(tail)
}
