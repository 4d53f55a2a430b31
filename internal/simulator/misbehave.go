package simulator

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// This file carries out faults. Where net/http would end a response properly,
// the connection is taken over from it (Hijack, HTTP/1 only).

// replace sends a response other than events, if a fault requires it.
func (a *response) replace() bool {
	w := a.w
	if a.late > 0 && !sleep(a.ctx, a.late) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case a.mute:
		<-a.ctx.Done()
		panic(http.ErrAbortHandler)
	case a.status.code == http.StatusNoContent, a.status.code == http.StatusNotModified:
		w.WriteHeader(a.status.code)
	case a.status.code != 0:
		if a.status.retryAfter != "" {
			w.Header().Set("Retry-After", a.status.retryAfter)
		}
		refuse(w, a.status.code, "simulated: "+http.StatusText(a.status.code))
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
	conn := a.takeOver()
	defer conn.Close()
	fields := []byte(strings.Repeat("X-Filler: "+strings.Repeat("a", 100)+"\r\n", 500))
	_, err := conn.Write([]byte("HTTP/1.1 200 OK\r\n"))
	for err == nil {
		_, err = conn.Write(fields)
	}
}

// takeOver takes the connection over from net/http.
func (a *response) takeOver() net.Conn {
	conn, _, err := a.rc.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return conn
}

// limit starts the timer of drop or halfopen, which ends ctx with errHangUp as
// its cause. It returns a function that stops the timer.
func (a *response) limit() (stop func()) {
	ctx, cancel := context.WithCancelCause(a.ctx)
	t := time.AfterFunc(max(a.drop, a.halfOpen), func() {
		cancel(errHangUp)
		if a.halfOpen == 0 { // this also fails a blocked write; one that makes progress can finish
			_ = a.rc.SetWriteDeadline(time.Now().Add(5 * time.Second))
		}
	})
	a.ctx = ctx
	return func() {
		t.Stop()
		cancel(nil)
	}
}

// vanish leaves the connection open without using it.
func (a *response) vanish() error {
	conn := a.takeOver()
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
// connection, with TCP RST if the fault is reset.
func (a *response) breakOff(record []byte) error {
	if err := a.rc.Flush(); err != nil {
		return err
	}
	conn := a.takeOver()
	_, _ = fmt.Fprintf(conn, "%x\r\n%s", len(record), record[:len(record)/2])
	if tcp, ok := conn.(*net.TCPConn); ok && a.sent == a.reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close() // it is to be broken
	return errHangUp
}

// extras sends what faults add after an event.
func (a *response) extras() error {
	if a.garbage > 0 && a.sent%a.garbage == 0 {
		a.id++
		broken := a.framing.record(nil, a.id, "track", garbage(a.sent/a.garbage), false)
		if err := a.write(broken); err != nil {
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
	if a.endless {
		return a.giant(1 << 62)
	}
	if a.big > 0 {
		return a.giant(a.big)
	}
	return nil
}

// garbage returns broken JSON of the nth kind.
func garbage(n int) []byte {
	kinds := []string{`{"$id":"track","broken":`, `not JSON`, `{"$id":"track",}`, `"text"`, `{"$id":"track"}}`, `{'$id':'track'}`, ``, `nul`}
	return []byte(kinds[n%len(kinds)])
}

// giant sends one record whose payload has about n bytes, in pieces.
func (a *response) giant(n size) error {
	const border = "@"
	a.id++
	record := a.framing.record(nil, a.id, "simulated-giant", []byte(`{"$id":"simulated-giant","filler":"`+border+`"}`), false)
	head, tail, _ := bytes.Cut(record, []byte(border))
	filler := bytes.Repeat([]byte("x"), 64<<10)
	err := a.write(head)
	for left := n; left > 0 && err == nil; left -= size(len(filler)) {
		err = a.write(filler[:min(left, size(len(filler)))])
	}
	if err == nil {
		err = a.write(tail)
	}
	return err
}
