package simulator

import (
	"bytes"
	"context"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// replace sends a response other than events, if a fault requires it.
func (a *response) replace() bool {
	h := a.w.Header()
	switch {
	case a.faults.has("status"):
		code, retryAfter, _ := strings.Cut(a.faults["status"], ":")
		if retryAfter != "" {
			h.Set("Retry-After", retryAfter)
		}
		status, _ := strconv.Atoi(code) // ParseFault has checked it
		refuse(a.w, status, "simulated: "+http.StatusText(status))
	case a.faults.has("redirect"):
		h.Set("Location", a.faults["redirect"])
		a.w.WriteHeader(http.StatusFound)
	case a.faults.has("html"):
		h.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = a.w.Write([]byte("<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n" +
			"<body><form>Password: <input type=password></form></body></html>\n"))
	case a.faults.has("hugeheader"):
		a.endlessHeader()
	default:
		return false
	}
	return true
}

// endlessHeader sends header fields until the client closes the connection.
func (a *response) endlessHeader() {
	conn := a.takeOver()
	defer conn.Close()
	fields := []byte(strings.Repeat("X-Filler: "+strings.Repeat("a", 100)+"\r\n", 500))
	_, err := conn.Write([]byte("HTTP/1.1 200 OK\r\n"))
	for err == nil {
		_, err = conn.Write(fields)
	}
}

// takeOver takes the connection over from net/http (HTTP/1 only).
func (a *response) takeOver() net.Conn {
	conn, _, err := a.rc.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	a.conn = conn
	return conn
}

// breakOff sends half of the record and breaks the connection, with TCP RST if the
// fault is reset.
func (a *response) breakOff() error {
	if err := a.write(a.buf[:len(a.buf)/2]); err != nil {
		return err
	}
	if a.sent == a.faults.number("reset") {
		if tcp, ok := a.takeOver().(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // it is to be broken
		}
	}
	return errHangUp
}

// brokenRecords are payloads that are not a JSON object.
var brokenRecords = []string{
	`{"$id":"track","broken":`, `not JSON`, `{"$id":"track",}`, `"text"`, `{"$id":"track"}}`, `{'$id':'track'}`, ``, `nul`,
}

// extras sends what faults add after an event.
func (a *response) extras() error {
	if n := a.faults.number("garbage"); n > 0 && a.sent%n == 0 {
		broken := brokenRecords[a.sent/n%len(brokenRecords)]
		if err := a.write(a.record(nil, "track", []byte(broken))); err != nil {
			return err
		}
	}
	if a.sent == 1 {
		if err := a.afterFirst(); err != nil {
			return err
		}
	}
	if a.sent == a.faults.number("cleanclose") {
		return errDone
	}
	return nil
}

func (a *response) afterFirst() error {
	if d := a.faults.duration("stall"); d > 0 && !sleep(a.ctx, d) {
		return context.Cause(a.ctx)
	}
	if a.faults.has("endlessline") {
		return a.giant(math.MaxInt64)
	}
	if megabytes, ok := strings.CutSuffix(a.faults["big"], "MB"); ok {
		n, _ := strconv.Atoi(megabytes) // ParseFault has checked it
		return a.giant(int64(n) * 1_000_000)
	}
	return nil
}

// giant sends one record whose payload has about n bytes, in pieces.
func (a *response) giant(n int64) error {
	const border = "@"
	record := a.record(nil, "simulated-giant", []byte(`{"$id":"simulated-giant","filler":"`+border+`"}`))
	head, tail, _ := bytes.Cut(record, []byte(border))
	filler := bytes.Repeat([]byte("x"), 64<<10)
	err := a.write(head)
	for ; n > 0 && err == nil; n -= int64(len(filler)) {
		err = a.write(filler[:min(n, int64(len(filler)))])
	}
	if err == nil {
		err = a.write(tail)
	}
	return err
}
