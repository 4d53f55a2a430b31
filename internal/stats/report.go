package stats

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/term"
)

// Redraw is how often a View is drawn unless the user asks otherwise.
const Redraw = 500 * time.Millisecond

// A Printer prints snapshots, one call at a time.
type Printer interface{ Print(*Snapshot) error }

// ErrNoTotal, as the cause of the end of Report's context, suppresses the total.
var ErrNoTotal = errors.New("no total wanted")

// Report prints what c knows at each interval, and a total when ctx is done,
// which should be when the sources have ended. If every is 0 it prints only the
// total. Sources keep reading while p waits for its output. Errors are those of
// the printer.
func Report(ctx context.Context, c *Counter, every time.Duration, p Printer) error {
	var tick <-chan time.Time
	if every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	dropped := map[instanceKey]float64{} // frames, at the last report
	for {
		record := "interval"
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), ErrNoTotal) {
				return nil
			}
			record = "total"
		case <-tick:
		}
		s := c.Snapshot()
		s.Record = record
		for i := range s.Instances {
			if in := &s.Instances[i]; in.Engine != nil {
				key := instanceKey{in.Server, in.ID}
				in.Engine.DroppedSince = round(in.Engine.Dropped - dropped[key])
				dropped[key] = in.Engine.Dropped
			}
		}
		c.warnOfClocks(s)
		if err := p.Print(s); err != nil || s.Total() {
			return err
		}
	}
}

// NDJSON prints a report as one record on one line: see Snapshot.
type NDJSON struct{ w io.Writer }

// NewNDJSON returns a printer that writes to w.
func NewNDJSON(w io.Writer) *NDJSON { return &NDJSON{w} }

// Print prints a record. Errors are *event.WriteError.
func (n *NDJSON) Print(s *Snapshot) error {
	out, err := appendJSON(nil, s)
	if err != nil {
		return err
	}
	return write(n.w, out)
}

// appendJSON appends v as one line. Characters of names that cannot be printed
// are escaped, since the line may go to a terminal.
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
			dst = term.AppendHex(append(dst, `\u`...), high, 4)
			dst = term.AppendHex(append(dst, `\u`...), low, 4)
		default:
			dst = term.AppendHex(append(dst, `\u`...), r, 4)
		}
		text = text[n:]
	}
	return append(dst, '\n'), nil
}
