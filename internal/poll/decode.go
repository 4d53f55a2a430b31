package poll

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/rtapi"
)

// CutError says that an answer ended before its time. Every whole event of it
// was used.
type CutError struct {
	Lost int64 // bytes of the unfinished event at the end; what had not come yet is unknown
	Err  error
}

// Error is one line.
func (e *CutError) Error() string {
	return fmt.Sprintf("the answer was cut off (%v): %s of an unfinished event are lost, and what had not come yet", e.Err, count(e.Lost, "byte"))
}

// Unwrap returns the cause.
func (e *CutError) Unwrap() error { return e.Err }

// chunk is how much of an answer is read at once.
const chunk = 256 << 10

// decoded is what an answer held.
type decoded struct {
	events int   // as the server's queue counts them: wanted or not, good or bad
	bad    int   // skipped: no JSON object, or too long
	err    error // nil: whole; *CutError, or *rtapi.NotStreamError: not JSON at all
}

// decode puts the events of an answer of instance src as they come in. at is
// when they were received; zero: now. Memory does not grow with the answer.
func (r *run) decode(in io.Reader, src *event.Instance, at time.Time, d *delivery) (got decoded) {
	i := &intake{in: in, before: d.rest, at: at, fixed: !at.IsZero()}
	br := bufio.NewReaderSize(i, chunk)
	if !isJSON(br) {
		text, _ := br.Peek(300)
		got.err = &rtapi.NotStreamError{URL: src.Server, Text: strings.Join(strings.Fields(string(text)), " ")}
		return got
	}
	maker := event.Maker{Instance: src, Bad: func(data []byte) {
		got.bad++
		r.Notify.Tell(event.Notice{Instance: src, Kind: event.Skipped, Text: fmt.Sprintf("not a JSON object, skipped: %.200q", data), Bytes: int64(len(data))})
	}}
	elems := jsonraw.NewSplitter(br, event.MaxPayload)
	for {
		elem, err := elems.Next()
		switch {
		case err == nil:
			got.events++
			_ = maker.Record(nil, nil, elem, i.at, d) // its only errors are those of d, which has none
		case errors.Is(err, jsonraw.ErrTooLong):
			got.events++
			got.bad++
			r.Notify.Tell(event.Notice{Instance: src, Kind: event.Oversize, Bytes: event.MaxPayload, Text: fmt.Sprintf("an event of more than %d MiB, skipped", event.MaxPayload>>20)})
		case err == io.EOF:
			return got
		default:
			got.err = &CutError{Lost: elems.Rest(), Err: err}
			return got
		}
	}
}

// isJSON looks at an answer's first byte that is no white space, and drops a
// byte order mark. Nothing at all is an answer without events; one that fails
// before its first byte is cut off, and found to be so later.
func isJSON(br *bufio.Reader) bool {
	if mark, _ := br.Peek(3); string(mark) == "\xEF\xBB\xBF" {
		_, _ = br.Discard(len(mark))
	}
	for {
		first, err := br.Peek(1)
		if err != nil || first[0] == '[' || first[0] == '{' {
			return true
		}
		if bytes.IndexByte([]byte(" \t\r\n"), first[0]) < 0 {
			return false
		}
		_, _ = br.Discard(1)
	}
}

// intake reads an answer. What was put leaves before more is waited for.
type intake struct {
	in     io.Reader
	before func()
	at     time.Time // when the last bytes came
	fixed  bool
}

func (i *intake) Read(p []byte) (int, error) {
	i.before()
	n, err := i.in.Read(p)
	if !i.fixed {
		i.at = time.Now()
	}
	return n, err
}

// count is n with its noun.
func count[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
