package stats

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/format"
)

// csvColumns are documented in docs/stats.md.
const csvColumns = "record,time,elapsed_s,scope,instance,name,server,state,silent,value,events,bytes,events_per_s,events_per_s_now," +
	"events_per_s_minute,last,bytes_per_s,delay_p50_ms,delay_p95_ms,delay_p99_ms,delay_max_ms,reconnects,gap_s,id_jumps,ids_missing," +
	"skipped,oversize,open,server_fps,server_source_fps,server_latency_ms,server_queue,dropped_frames,dropped_frames_since_report"

// CSV returns a printer that prints a report as rows under one header: a row per
// instance (scope "instance"), followed by a row for each of its groups (scope
// "group"). What is not known, or means nothing for a group, is empty. If w is a
// terminal, names are made safe to show.
func CSV(w io.Writer, terminal bool) Printer {
	record := format.CSVRecord{Terminal: terminal}
	header := csvColumns + "\n"
	return func(s *Snapshot) error {
		out := []byte(header)
		header = ""
		row := func(fields []string) {
			missing := strings.Count(csvColumns, ",") + 1 - len(fields)
			out = record.Append(out, append(fields, make([]string, missing)...)...)
		}
		for i := range s.Instances {
			in := &s.Instances[i]
			row(instanceRow(s, in))
			for j := range in.Groups {
				g := &in.Groups[j]
				row(startRow(s, in, "group", g.Value, &g.Count))
			}
		}
		return write(w, out)
	}
}

// startRow returns the fields that all rows have.
func startRow(s *Snapshot, in *Instance, scope, value string, n *Count) []string {
	silent := ""
	if in.State != Recorded {
		silent = strconv.FormatBool(in.Silent)
	}
	return []string{
		s.Record, timestamp(s.Time), float(s.Elapsed), scope, in.ID, in.Name, in.Server, string(in.State), silent, value,
		whole(n.Events), whole(n.Bytes), float(n.Rate), float(n.Now), float(n.Minute), timestamp(n.Last),
	}
}

func instanceRow(s *Snapshot, in *Instance) []string {
	row := append(startRow(s, in, "instance", "", &in.Count), float(in.ByteRate))
	if d := in.Delay; d != nil {
		row = append(row, float(d.P50), float(d.P95), float(d.P99), float(d.Max))
	} else {
		row = append(row, "", "", "", "")
	}
	row = append(row, whole(in.Reconnects), float(in.Gap), whole(in.IDJumps), whole(in.IDsMissing),
		whole(in.Skipped), whole(in.Oversize), whole(in.Open))
	if e := in.Engine; e != nil {
		row = append(row, float(e.FPS), float(e.SourceFPS), float(e.Latency), float(e.Queue), float(e.Dropped), float(e.DroppedSince))
	}
	return row
}

func whole(n uint64) string  { return strconv.FormatUint(n, 10) }
func float(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02T15:04:05.000Z07:00")
}
