package stats

import (
	"bytes"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
)

// CSV prints a report as rows under one header: a row an instance (scope
// "instance"), and behind it a row for each of its groups (scope "group"),
// whose events are among the instance's. All rows have the same columns; what
// is not known, or has no meaning for a group, is empty.
type CSV struct {
	w      io.Writer
	headed bool
}

// NewCSV prints to w.
func NewCSV(w io.Writer) *CSV { return &CSV{w: w} }

// csvColumns are documented in docs/stats.md.
const csvColumns = "record,time,elapsed_s,scope,instance,name,server,state,silent,value,events,bytes,events_per_s,events_per_s_now," +
	"events_per_s_minute,last,bytes_per_s,delay_p50_ms,delay_p95_ms,delay_p99_ms,delay_max_ms,reconnects,gap_s,id_jumps,ids_missing," +
	"skipped,oversize,open,server_fps,server_source_fps,server_latency_ms,server_queue,dropped_frames,dropped_frames_since_report"

// Print prints the rows in one write. Errors are *event.WriteError.
func (c *CSV) Print(s *Snapshot) error {
	rows := [][]string{strings.Split(csvColumns, ",")}
	for i := range s.Instances {
		in := &s.Instances[i]
		rows = append(rows, instanceRow(s, in))
		for j := range in.Groups {
			rows = append(rows, groupRow(s, in, &in.Groups[j]))
		}
	}
	headed := c.headed
	c.headed = true
	return writeRows(c.w, rows, !headed)
}

// writeRows writes rows, filled up to the length of the first one, which is
// their header: as RFC 4180 but for LF line ends.
func writeRows(w io.Writer, rows [][]string, headed bool) error {
	var out bytes.Buffer
	wide := csv.NewWriter(&out)
	for i, r := range rows {
		if i == 0 && !headed {
			continue
		}
		for len(r) < len(rows[0]) {
			r = append(r, "")
		}
		if err := wide.Write(r); err != nil {
			return &event.WriteError{Err: err}
		}
	}
	wide.Flush()
	return write(w, out.Bytes())
}

// field is a text that no spreadsheet runs and no terminal obeys.
func field(s string) string {
	s = string(format.AppendSafe(nil, s))
	if s != "" && strings.IndexByte("=+-@", s[0]) >= 0 {
		return "'" + s
	}
	return s
}

func rowHead(s *Snapshot, in *Instance, scope string) []string {
	silent := ""
	if in.State != Recorded {
		silent = strconv.FormatBool(in.Silent)
	}
	return []string{
		s.Record, stamp(s.Time), float(s.Elapsed), scope, field(in.ID), field(in.Name), field(in.Server), string(in.State), silent,
	}
}

func instanceRow(s *Snapshot, in *Instance) []string {
	r := append(rowHead(s, in, "instance"), "")
	r = append(append(r, countRow(&in.Count)...), float(in.ByteRate))
	if d := in.Delay; d != nil {
		r = append(r, float(d.P50), float(d.P95), float(d.P99), float(d.Max))
	} else {
		r = append(r, "", "", "", "")
	}
	r = append(r, whole(in.Reconnects), float(in.Gap), whole(in.IDJumps), whole(in.IDsMissing), whole(in.Skipped), whole(in.Oversize), whole(in.Open))
	if e := in.Engine; e != nil {
		r = append(r, float(e.FPS), float(e.SourceFPS), float(e.Latency), float(e.Queue), float(e.Dropped), float(e.DroppedSince))
	}
	return r
}

func groupRow(s *Snapshot, in *Instance, g *Group) []string {
	return append(append(rowHead(s, in, "group"), field(g.Value)), countRow(&g.Count)...)
}

func countRow(n *Count) []string {
	return []string{whole(n.Events), whole(n.Bytes), float(n.Rate), float(n.Now), float(n.Minute), stamp(n.Last)}
}

func whole(n uint64) string  { return strconv.FormatUint(n, 10) }
func float(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02T15:04:05.000Z07:00")
}
