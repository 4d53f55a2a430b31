package stats

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/term"
)

// Redraw is how often a View is drawn unless the user asks otherwise.
const Redraw = 500 * time.Millisecond

// A Printer prints snapshots, one call at a time. Its errors are
// *event.WriteError, or say what is wrong with the numbers.
type Printer func(*Snapshot) error

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
	r := reporter{c: c, dropped: map[instanceKey]float64{}, warned: map[string]bool{}}
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
		r.prepare(s)
		if err := p(s); err != nil || s.Total() {
			return err
		}
	}
}

// reporter remembers what earlier reports said.
type reporter struct {
	c       *Counter
	dropped map[instanceKey]float64 // frames
	warned  map[string]bool         // servers whose clocks were reported
}

// prepare sets the frames that were dropped since the last report, and warns
// once of each server whose events carry times in the future of the clock here.
func (r *reporter) prepare(s *Snapshot) {
	ahead := map[string]float64{}
	for i := range s.Instances {
		in := &s.Instances[i]
		if in.Engine != nil {
			key := instanceKey{in.Server, in.ID}
			in.Engine.DroppedSince = round(in.Engine.Dropped - r.dropped[key])
			r.dropped[key] = in.Engine.Dropped
		}
		if in.Delay != nil && in.Delay.Min < -1 { // rounding to milliseconds explains less
			ahead[in.Server] = min(ahead[in.Server], in.Delay.Min)
		}
	}
	for server, ms := range ahead {
		if !r.warned[server] {
			r.warned[server] = true
			r.c.o.Notify.Tell(event.Notice{Kind: event.Warning, Text: fmt.Sprintf(
				"events of %s carry times up to %s ahead of the clock here; delays are too small by as much",
				cmp.Or(server, "the server"), term.Millis(-ms))})
		}
	}
}

// NDJSON returns a printer that prints a report as one record on one line: see
// Snapshot.
func NDJSON(w io.Writer) Printer {
	return func(s *Snapshot) error {
		out, err := appendJSON(nil, s)
		if err != nil {
			return err
		}
		return write(w, out)
	}
}

// Text returns a printer that prints a report as a block of lines, with an empty
// line between blocks, for a pipe or a log.
func Text(w io.Writer, color bool) Printer {
	r := report{styles: term.NewStyles(color), height: term.NoLimit}
	return func(s *Snapshot) error {
		var out []byte
		for _, section := range r.sections(s, false) {
			for _, line := range section.lines {
				out = append(out, line...)
			}
		}
		if !s.Total() {
			out = append(out, '\n')
		}
		return write(w, out)
	}
}

// write writes a whole report at once.
func write(w io.Writer, out []byte) error {
	if _, err := w.Write(out); err != nil {
		return &event.WriteError{Err: err}
	}
	return nil
}

// appendJSON appends v as one line. Characters of names that cannot be printed
// are escaped, since the line may go to a terminal.
func appendJSON(dst []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return dst, err
	}
	return append(format.AppendVisibleJSON(dst, text), '\n'), nil
}
