package stats

import (
	"context"
	"encoding/json"
	"io"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Redraw is how often a View is drawn anew: twice a second.
const Redraw = 500 * time.Millisecond

// A Printer shows snapshots, one call at a time.
type Printer interface{ Print(*Snapshot) error }

// Report prints what c knows at each interval, and a total when ctx is done:
// end ctx when the sources have ended. Without an interval there is only the
// total. It takes no part in the reading, which goes on while p waits for its
// output. The errors are the printer's.
func Report(ctx context.Context, c *Counter, every time.Duration, p Printer) error {
	var tick <-chan time.Time
	if every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	before := dropsBefore{}
	for {
		select {
		case <-ctx.Done():
			s := c.Snapshot()
			s.Record = "total"
			before.take(s)
			c.tellClocks(s)
			return p.Print(s)
		case <-tick:
		}
		s := c.Snapshot()
		before.take(s)
		c.tellClocks(s)
		if err := p.Print(s); err != nil {
			return err
		}
	}
}

// dropsBefore holds how many frames each instance had dropped when it was last
// reported: the server's numbers are totals.
type dropsBefore map[origin]float64

func (b dropsBefore) take(s *Snapshot) {
	for i := range s.Instances {
		in := &s.Instances[i]
		if in.Engine == nil {
			continue
		}
		at := origin{in.Server, in.ID}
		in.Engine.DroppedSince = round(in.Engine.Dropped - b[at])
		b[at] = in.Engine.Dropped
	}
}

// NDJSON prints a report as one record on one line: see Snapshot.
type NDJSON struct{ w io.Writer }

// NewNDJSON prints to w.
func NewNDJSON(w io.Writer) *NDJSON { return &NDJSON{w} }

// Print prints a record. Errors are *event.WriteError.
func (n *NDJSON) Print(s *Snapshot) error {
	out, err := appendJSON(nil, s)
	if err != nil {
		return err
	}
	return write(n.w, out)
}

// appendJSON appends v as one line, with all that is not to be seen escaped:
// names come from servers.
func appendJSON(dst []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return dst, err
	}
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case unicode.IsPrint(r):
			dst = append(dst, text[:n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			dst = appendUnicode(appendUnicode(dst, high), low)
		default:
			dst = appendUnicode(dst, r)
		}
		text = text[n:]
	}
	return append(dst, '\n'), nil
}

func appendUnicode(dst []byte, r rune) []byte {
	dst = append(dst, `\u`...)
	for shift := 12; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[r>>shift&15])
	}
	return dst
}
