package simulator

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// This file carries out faults. Where net/http would end a response properly,
// the connection is taken over from it (Hijack, HTTP/1 only).

// replace sends another response than events, if a fault says so.
func (a *response) replace(w http.ResponseWriter) bool {
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
		a.endlessHeader()
	default:
		return false
	}
	return true
}

// endlessHeader sends header fields until the client hangs up.
func (a *response) endlessHeader() {
	conn, _, err := a.out.rc.Hijack()
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

// limit starts the timer of a timed fault, which ends ctx with errHangUp as its
// cause. It returns a function that stops the timer.
func (a *response) limit() (stop func()) {
	ctx, cancel := context.WithCancelCause(a.ctx)
	t := time.AfterFunc(a.after, func() {
		cancel(errHangUp)
		if !a.vanish { // a blocked write fails, too; one that makes progress can finish
			_ = a.out.rc.SetWriteDeadline(time.Now().Add(5 * time.Second))
		}
	})
	a.ctx, a.out.ctx = ctx, ctx
	return func() {
		t.Stop()
		cancel(nil)
	}
}

// vanishNow leaves the connection open without using it.
func (a *response) vanishNow() error {
	conn, _, err := a.out.rc.Hijack()
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

// breakOff sends half of a record in a chunk of its full length and closes the
// connection.
func (a *response) breakOff(record []byte) error {
	half := record[:len(record)/2]
	if err := a.out.rc.Flush(); err != nil {
		return err
	}
	conn, _, err := a.out.rc.Hijack()
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

// reset makes Close send RST, if conn is a TCP connection.
func reset(conn net.Conn) {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
}

// extras does what faults say after an event.
func (a *response) extras() error {
	if a.garbage > 0 && a.sent%a.garbage == 0 {
		if err := a.extra(garbage(a.sent / a.garbage)); err != nil {
			return err
		}
	}
	if a.sent == 1 {
		if err := a.afterFirst(); err != nil {
			return err
		}
	}
	if a.sent == a.cleanClose {
		return errDone
	}
	return nil
}

func (a *response) afterFirst() error {
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

// extra sends a record that is not an event.
func (a *response) extra(payload string) error {
	a.id++
	return a.write(a.framing.record(nil, a.id, "track", []byte(payload), false))
}

// garbage returns broken JSON of the nth kind.
func garbage(n int) string {
	kinds := []string{`{"$id":"track","broken":`, `not JSON`, `{"$id":"track",}`, `"text"`, `{"$id":"track"}}`, `{'$id':'track'}`, ``, `nul`}
	return kinds[n%len(kinds)]
}

// giant sends one record whose payload has about size bytes, in pieces.
func (a *response) giant(size int64) error {
	const border = "@"
	a.id++
	record := a.framing.record(nil, a.id, "simulated-giant", []byte(`{"$id":"simulated-giant","filler":"`+border+`"}`), false)
	head, tail, _ := bytes.Cut(record, []byte(border))
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
