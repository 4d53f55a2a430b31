package flowtest

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
)

// LineEncoder is format.Encoder.
type LineEncoder interface {
	AppendHeader(dst []byte) []byte
	AppendEvent(dst []byte, ev *event.Event) []byte
}

// Bytes says which bytes an encoder may output. The zero value allows only printable
// UTF-8.
type Bytes struct {
	Raw    bool // control characters and bad UTF-8 of the payload, unchanged
	Quoted bool // line ends between double quotes (RFC 4180)
	Color  bool // colours (ESC [ … m)
}

// Encoder checks the rules of an encoder. It uses a new encoder for each rule,
// because an encoder may have state.
func Encoder(t *testing.T, newEncoder func() LineEncoder, allow Bytes) {
	for _, rule := range encoderRules {
		t.Run(rule.says, func(t *testing.T) {
			if err := rule.check(t, newEncoder, allow); err != nil {
				t.Errorf("an encoder's rule: %s\n%v", rule.says, err)
			}
		})
	}
}

var encoderRules = []struct {
	says  string
	check func(testing.TB, func() LineEncoder, Bytes) error
}{
	{"the header is one line or nothing", header},
	{"an event is one line, with one line end, at its end", eachLine(isLine)},
	{"what is shown is UTF-8 without control or bidi characters", eachLine(isPrintable)},
	{"a line is appended, and the bytes before it stay the same", appends},
	{"no byte of an event is used after the call", usesNothingLater},
	{"nothing is allocated for an event once buffers have grown", allocatesNothing},
}

// events returns all samples and hostile payloads, received after 40 ms.
func events(t testing.TB) []*event.Event {
	var all []*event.Event
	for _, s := range append(Samples(t), Hostile()...) {
		ev := Event(t, "", s.Payload)
		ev.ID = "7"
		ev.Received = time.UnixMilli(1781889224066)
		if at, ok := ev.Time(); ok {
			ev.Received = at.Add(40 * time.Millisecond)
		}
		all = append(all, ev)
	}
	return all
}

func header(_ testing.TB, newEncoder func() LineEncoder, allow Bytes) error {
	h := newEncoder().AppendHeader([]byte("front"))
	line, ok := bytes.CutPrefix(h, []byte("front"))
	if !ok {
		return fmt.Errorf("the bytes before it were changed: %q", h)
	}
	if len(line) == 0 {
		return nil
	}
	return errors.Join(isLine(line, allow), isPrintable(line, allow))
}

// eachLine returns a rule for the line of every event.
func eachLine(check func(line []byte, allow Bytes) error) func(testing.TB, func() LineEncoder, Bytes) error {
	return func(t testing.TB, newEncoder func() LineEncoder, allow Bytes) error {
		enc := newEncoder()
		for _, ev := range events(t) {
			if err := check(enc.AppendEvent(nil, ev), allow); err != nil {
				return fmt.Errorf("%w\nof %.300q", err, ev.Payload)
			}
		}
		return nil
	}
}

func isLine(line []byte, allow Bytes) error {
	ends, quoted := 0, false
	for _, c := range line {
		quoted = quoted != (c == '"' && allow.Quoted)
		if c == '\n' && !quoted {
			ends++
		}
	}
	if ends != 1 || line[len(line)-1] != '\n' {
		return fmt.Errorf("%d line ends in %.300q", ends, line)
	}
	return nil
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

func isPrintable(line []byte, allow Bytes) error {
	if allow.Raw {
		return nil
	}
	text := strings.TrimSuffix(string(line), "\n")
	if allow.Color {
		text = colours.ReplaceAllString(text, "")
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("bad UTF-8: %.300q", text)
	}
	bad := func(r rune) bool {
		return (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) && (r != '\n' || !allow.Quoted)
	}
	if i := strings.IndexFunc(text, bad); i >= 0 {
		return fmt.Errorf("%.10q at %d in %.300q", text[i:], i, text)
	}
	return nil
}

func appends(t testing.TB, newEncoder func() LineEncoder, _ Bytes) error {
	alone, after := newEncoder(), newEncoder()
	for _, ev := range events(t) {
		want := alone.AppendEvent(nil, ev)
		front := append(make([]byte, 0, 1<<10), "front\n\x00\""...)
		got := after.AppendEvent(front, ev)
		if rest, ok := bytes.CutPrefix(got, front); !ok || !bytes.Equal(rest, want) {
			return fmt.Errorf("alone %.200q\nafter %q: %.200q", want, front, got)
		}
	}
	return nil
}

// usesNothingLater compares an encoder with one whose events are overwritten after
// each call.
func usesNothingLater(t testing.TB, newEncoder func() LineEncoder, _ Bytes) error {
	plain, overwritten := newEncoder(), newEncoder()
	left, right := events(t), events(t)
	for i, ev := range left {
		want := plain.AppendEvent(nil, ev)
		got := overwritten.AppendEvent(nil, right[i])
		copy(right[i].Payload, bytes.Repeat([]byte("#"), len(right[i].Payload)))
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%.300q\nwith earlier events overwritten: %.300q", want, got)
		}
	}
	return nil
}

func allocatesNothing(t testing.TB, newEncoder func() LineEncoder, _ Bytes) error {
	enc := newEncoder()
	var buf []byte
	for _, ev := range events(t)[:len(Samples(t))] {
		n := testing.AllocsPerRun(100, func() { buf = enc.AppendEvent(buf[:0], ev) })
		if n != 0 {
			return fmt.Errorf("%v allocations for %.100q", n, ev.Payload)
		}
	}
	return nil
}
