package stats

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// section is a part of a report: a table or some lines.
type section struct {
	lines []line
	least int // lines to keep where a window is too low for all
}

// layout is a snapshot for people. With a window (live) the most telling comes
// first and the rest is cut.
func (p pen) layout(s *Snapshot, live bool) []section {
	if live && !s.Total() && len(s.Instances)+roomForOthers > p.height {
		s = troubledFirst(s)
	}
	all := []section{
		{lines: []line{p.head(s)}, least: 1},
		{lines: p.instances(s, live), least: 3},
	}
	for _, more := range []section{
		{lines: p.losses(s), least: 2},
		{lines: p.pairs(s), least: 3},
		{lines: p.groups(s), least: 4},
	} {
		if len(more.lines) > 0 {
			all = append(all, more)
		}
	}
	return all
}

// roomForOthers is how many lines all but the instances may take at least.
const roomForOthers = 11

// troubledFirst puts the instances in front that need a look, where not all of
// them can be seen.
func troubledFirst(s *Snapshot) *Snapshot {
	c := *s
	c.Instances = slices.Clone(s.Instances)
	slices.SortStableFunc(c.Instances, func(a, b Instance) int { return cmp.Compare(trouble(&b), trouble(&a)) })
	return &c
}

func trouble(in *Instance) int {
	switch {
	case in.Silent:
		return 2
	case in.State == Reconnecting || in.State == Ended:
		return 1
	}
	return 0
}

// head is the first line: what there is of everything.
func (p pen) head(s *Snapshot) (l line) {
	switch {
	case s.Total():
		p.add(&l, "total", noLimit, bold)
	case s.Recorded:
		p.add(&l, "so far", noLimit, bold)
	default:
		p.add(&l, "stats", noLimit, bold)
	}
	parts := []string{
		spanText(s.Elapsed), plural(uint64(len(s.Instances)), "instance", "instances"), plural(s.Events, "event", "events"),
		rateText(s.Rate) + "/s", bytesText(s.ByteRate) + "/s",
	}
	if s.Delay != nil {
		parts = append(parts, "delay p99 "+delayText(s.Delay.P99))
	}
	p.add(&l, "  "+strings.Join(parts, "  "), noLimit, asIs)
	return l
}

// nameWidth is how many cells the name of an instance may take.
func (p pen) nameWidth() int {
	if p.width == 0 {
		return 40 // a UUID is one, too
	}
	return min(24, max(12, p.width/5))
}

// bars are the lengths a sparkline of a minute can have.
var bars = [...]int{60, 30, 20, 15, 12}

// leastBars is the length that a sparkline has where there is little room.
func (p pen) leastBars() int {
	if p.width < 120 {
		return bars[len(bars)-1]
	}
	return bars[1]
}

// instances is a row an instance: is it alive, how much, how late.
func (p pen) instances(s *Snapshot, live bool) []line {
	columns := []column{
		{title: "INSTANCE", left: true, most: p.nameWidth()}, {title: "STATE", left: true},
		{title: "EVENTS", keep: 5}, {title: "NOW/S", keep: 1}, {title: "MINUTE/S", keep: 6}, {title: "BYTES/S", keep: 8},
		{title: "DELAY P50", keep: 2}, {title: "P95", keep: 7}, {title: "P99", keep: 3}, {title: "MAX", keep: 6},
		{title: "FPS", keep: 4}, {title: "DROPPED", keep: 5}, {title: "LATENCY", keep: 9}, {title: "QUEUE", keep: 9},
		{title: "LAST", keep: 8}, {title: "LAST MINUTE", left: true, keep: 3},
	}
	if !live {
		return p.table(columns, instanceRows(s, 0))
	}
	length := p.leastBars()
	rows := instanceRows(s, length)
	spare := p.spare(columns, rows)
	for _, n := range bars {
		if n <= length+spare {
			rows = instanceRows(s, n)
			break
		}
	}
	return p.table(columns, rows)
}

// instanceRows are the rows. Dropped frames are those since the last report,
// in a live view and in a total those of the run.
func instanceRows(s *Snapshot, bars int) (rows [][]cell) {
	for i := range s.Instances {
		in := &s.Instances[i]
		row := []cell{
			{in.Name, bold}, state(in),
			{countText(in.Events), asIs}, {rateText(in.Now), asIs}, {rateText(in.Minute), asIs}, {bytesText(in.ByteRateNow), asIs},
			{}, {}, {}, {}, {}, {}, {}, {}, {agoText(s.Time, in.Last), faint}, {},
		}
		if d := in.Delay; d != nil {
			for i, ms := range [...]float64{d.P50, d.P95, d.P99, d.Max} {
				row[6+i] = cell{delayText(ms), asIs}
			}
		}
		if e := in.Engine; e != nil {
			row[10] = cell{fmt.Sprintf("%.1f", e.FPS), asIs}
			if e.SourceFPS > 0 {
				row[10].text += fmt.Sprintf("/%.1f", e.SourceFPS)
			}
			row[11] = cell{countText(uint64(e.DroppedSince)), asIs}
			if s.Total() || bars > 0 {
				row[11].text = countText(uint64(e.Dropped))
			}
			row[12] = cell{delayText(e.Latency), asIs}
			row[13] = cell{countText(uint64(e.Queue)), asIs}
		}
		if bars > 0 {
			row[15] = cell{spark(in.last[:], bars), good}
		}
		rows = append(rows, row)
	}
	return rows
}

// state says whether an instance is alive.
func state(in *Instance) cell {
	switch {
	case in.Silent:
		return cell{"SILENT " + spanText(in.SilentFor), alarm}
	case in.State == Connected && in.Events == 0:
		return cell{"no events yet", faint}
	case in.quiet >= quietTime:
		return cell{fmt.Sprintf("quiet %d s", int(in.quiet.Seconds())), faint}
	case in.State == Connected:
		return cell{string(in.State), good}
	case in.State == Reconnecting:
		return cell{fmt.Sprintf("reconnecting %s", spanText(in.StateFor)), warn}
	case in.State == Ended:
		return cell{string(in.State), warn}
	}
	return cell{string(in.State), faint}
}

// losses says in words what was lost, of the instances that lost something.
func (p pen) losses(s *Snapshot) (lines []line) {
	for i := range s.Instances {
		in := &s.Instances[i]
		said := lossesOf(&in.Flow)
		if len(said) == 0 {
			continue
		}
		var l line
		p.add(&l, in.Name, p.nameWidth(), bold)
		p.add(&l, ": "+strings.Join(said, ", "), noLimit, warn)
		lines = append(lines, l)
	}
	if s.unplaced.Skipped+s.unplaced.Oversize > 0 {
		lines = append(lines, p.say("input: "+strings.Join(lossesOf(&s.unplaced), ", "), warn))
	}
	return lines
}

func lossesOf(in *Flow) (said []string) {
	if in.Gap > 0 || in.Reconnects > 0 {
		said = append(said, plural(in.Reconnects, "reconnect", "reconnects")+", "+spanText(in.Gap)+" without a connection")
	}
	if in.IDJumps > 0 {
		said = append(said, plural(in.IDJumps, "id jump", "id jumps")+" ("+plural(in.IDsMissing, "id", "ids")+" missing)")
	}
	if in.Skipped > 0 {
		said = append(said, plural(in.Skipped, "record", "records")+" skipped")
	}
	if in.Oversize > 0 {
		said = append(said, plural(in.Oversize, "record", "records")+" too long")
	}
	return said
}

// pairs is a row for each type of event that has an end: what is open, where,
// and how long those lasted that ended.
func (p pen) pairs(s *Snapshot) []line {
	columns := []column{
		{title: "INSTANCE", left: true, most: p.nameWidth()}, {title: "EVENT", left: true, most: 32}, {title: "OPEN"},
		{title: "ENDED"}, {title: "LASTED P50"}, {title: "MAX"}, {title: "INSIDE", left: true},
	}
	var rows [][]cell
	for i := range s.Instances {
		rows = append(rows, pairRows(&s.Instances[i])...)
	}
	if len(rows) == 0 {
		return nil
	}
	if len(s.Instances) == 1 {
		columns, rows = columns[1:], withoutFirst(rows)
	}
	return p.table(columns, rows)
}

func withoutFirst(rows [][]cell) [][]cell {
	for i := range rows {
		rows[i] = rows[i][1:]
	}
	return rows
}

func pairRows(in *Instance) (rows [][]cell) {
	row := func(typ string) []cell {
		for _, r := range rows {
			if r[1].text == typ {
				return r
			}
		}
		r := []cell{{in.Name, bold}, {typ, asIs}, {"0", asIs}, {"0", asIs}, {}, {}, {}}
		rows = append(rows, r)
		return r
	}
	open := map[string]uint64{}
	for _, o := range in.OpenEvents {
		r := row(o.Type)
		open[o.Type] += o.Count
		r[2] = cell{countText(open[o.Type]), bold}
		if r[6].text != "" {
			r[6].text += ", "
		}
		r[6].text += countText(o.Count) + " in " + o.Place
	}
	for _, e := range in.Ended {
		r := row(e.Type)
		r[3] = cell{countText(e.Count), asIs}
		if d := e.Duration; d != nil {
			r[4], r[5] = cell{delayText(d.P50), asIs}, cell{delayText(d.Max), asIs}
		}
	}
	return rows
}

// groups is a row for each type, or whatever events are grouped by.
func (p pen) groups(s *Snapshot) []line {
	title := "TYPE"
	if s.By != "_type" {
		title = s.By
	}
	columns := []column{
		{title: title, left: true, most: 40}, {title: "EVENTS"}, {title: "NOW/S"}, {title: "MINUTE/S", keep: 2},
		{title: "BYTES", keep: 3}, {title: "LAST", keep: 1},
	}
	var rows [][]cell
	for _, g := range s.Groups {
		rows = append(rows, []cell{
			{g.Value, asIs}, {countText(g.Events), asIs}, {rateText(g.Now), asIs}, {rateText(g.Minute), asIs},
			{bytesText(float64(g.Bytes)), asIs}, {agoText(s.Time, g.Last), faint},
		})
	}
	if len(rows) == 0 {
		return nil
	}
	return p.table(columns, rows)
}
