package format

import (
	"strconv"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
)

// TextOptions configures Text. The zero value is plain and has no limit. Both
// functions are called once for each batch of lines.
type TextOptions struct {
	Color   bool
	Width   func() int      // the terminal's columns; nil or 0: no limit
	Sources func() []string // names of the instances so far; from two on, lines show theirs
	Time    TimeFormat
	Zone    *time.Location // of Clock and RFC3339; nil: local
	Frame   Frame          // boxes in pixels; zero: in percent
}

// Text encodes an event as a line for people: time, source, a mark and the
// type, what happened, and at the end the first digits of the id by which an
// event, its picture and its end belong together.
//
// A line is never wider than the terminal. What does not fit is left out, the
// least important first: other fields, the box, the confidence, the id; the
// rest is cut. Everything from the server is made safe to show.
type Text struct {
	o       TextOptions
	styles  *term.Styles
	levels  [alarm + 1]term.Style // of the types
	layout  *layout
	names   map[string]string // of sources, shortened
	sources int               // how many names were shortened
	members members
	stamp   stamp
	last    int64 // the time of the line before, for Delta; 0: none
	drops   map[*event.Instance]float64

	line  term.Line  // under construction
	words term.Style // of what happened
	id    []byte     // as sent, to be put at the end
	part  []byte     // of a line
	text  []byte     // a string without its JSON escapes
}

// layout is how the columns at the start of a line share a width.
type layout struct {
	width     int // of the whole line
	source    int // cells of the source column; 0: none
	typ       int // cells of the type column
	gap       int // spaces after a column
	apart     int // spaces between the words and what follows
	seconds   bool
	prefix    bool // types with "event-"
	sentences bool // no types where the words say as much, no columns
}

const (
	idCells    = 8
	placeLeast = 4 // cells that a place needs, with a space
	classCells = 7
	clockCells = 12
	sourceMost = 24
	typeMost   = 40
	nameMost   = 80 // of a place
	valueMost  = 48
	extraLeast = 8   // cells that another name=value needs
	extrasMost = 400 // cells that all of them may take
	maxTotals  = 4096
)

// NewText returns an encoder. It remembers the time of the line before and the
// dropped frames of each instance.
func NewText(o TextOptions) *Text {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	s := term.NewStyles(o.Color)
	return &Text{
		o: o, styles: s, drops: map[*event.Instance]float64{},
		levels: [...]term.Style{low: s.Faint, aside: s.Faint, over: s.Good, alarm: s.Alarm},
		stamp:  stamp{date: o.Time == RFC3339, zone: o.Zone},
	}
}

// StartBatch adapts the lines to come to the terminal's width and to the
// instances.
func (t *Text) StartBatch() {
	width, source := term.NoLimit, 0
	if t.o.Width != nil {
		if w := t.o.Width(); w > 0 {
			width = w
		}
	}
	var names []string
	if t.o.Sources != nil {
		names = t.o.Sources()
	}
	if len(names) > 1 {
		for _, name := range names {
			source = max(source, term.Width(name))
		}
	}
	l := layoutFor(width, min(source, sourceMost), t.o.timeCells())
	if t.layout == nil || l.source != t.layout.source || len(names) != t.sources {
		t.names, t.sources = map[string]string{}, len(names)
		for _, name := range names {
			t.names[name] = term.Shorten(name, l.source)
		}
	}
	t.layout = l
}

func layoutFor(width, source, time int) *layout {
	l := &layout{width: width, source: source, gap: 2, apart: 2, typ: 14}
	switch rest := width - source - max(0, time-clockCells); {
	case rest >= 96:
		l.typ, l.prefix = 23, true
	case rest >= 84:
		l.typ = 17
	case rest >= 72:
	case rest >= 52:
		l.gap, l.source, l.seconds = 1, min(source, 12), true
	default:
		l.gap, l.apart, l.source, l.seconds, l.sentences = 1, 1, min(source, 8), true, true
	}
	return l
}

// AppendHeader appends nothing.
func (t *Text) AppendHeader(dst []byte) []byte { return dst }

// AppendEvent appends the event as one line.
func (t *Text) AppendEvent(dst []byte, ev *event.Event) []byte {
	if t.layout == nil {
		t.StartBatch()
	}
	k := kindOf(ev.Type)
	t.members.load(ev, k.level == low || k.level == aside)
	t.line = term.NewLine(dst, t.layout.width)
	ms, ok := t.members.millis(ev)
	if !ok && !ev.Received.IsZero() { // statistics of old servers have no time
		ms, ok = ev.Received.UnixMilli(), true
	}
	t.putTime(ms, ok, ev.Stored)
	t.putSource(ev)
	t.putType(ev.Type, k)
	start := t.line.Col
	t.putWords(ev, k)
	if t.layout.sentences && k.verb != "" && t.line.Col == start {
		term.Put(&t.line, t.levels[k.level], ev.Type, typeMost)
	}
	t.putID()
	dst = append(t.line.Bytes(), '\n')
	t.line = term.Line{}
	return dst
}

// timeCells returns the width of the time column, which narrow lines shorten.
func (o *TextOptions) timeCells() int {
	if o.Time == RFC3339 && o.Zone == time.UTC {
		return 24
	}
	return [...]int{Clock: clockCells, RFC3339: 29, Delta: 10, Off: 0}[o.Time]
}

// putTime puts a time in Unix milliseconds as a column, which is empty if it is
// not known, and ~ for a stored event.
func (t *Text) putTime(ms int64, known, stored bool) {
	if t.o.Time == Off {
		if stored {
			put(t, t.styles.Faint, "~ ")
		}
		return
	}
	cells := t.o.timeCells()
	t.part = t.part[:0]
	switch {
	case t.o.Time == Delta:
		if known {
			t.part = t.appendDelta(t.part, ms)
		}
		t.line.Pad(cells - len(t.part))
	case known:
		t.part = t.stamp.append(t.part, ms)
	}
	if t.o.Time == Clock && t.layout.seconds {
		cells = 8
		t.part = t.part[:min(cells, len(t.part))]
	}
	put(t, t.styles.Faint, t.part)
	if stored {
		put(t, t.styles.Faint, "~")
	}
	t.line.Pad(cells + t.layout.gap)
}

// appendDelta appends the seconds since the line before.
func (t *Text) appendDelta(dst []byte, ms int64) []byte {
	since := ms - t.last
	if t.last == 0 {
		since = 0
	}
	t.last = ms
	if since >= 0 {
		dst = append(dst, '+')
	}
	return strconv.AppendFloat(dst, float64(since)/1000, 'f', 3, 64)
}

// putSource puts the instance's name in its colour.
func (t *Text) putSource(ev *event.Event) {
	cells := t.layout.source
	if cells == 0 {
		return
	}
	end := t.line.Col + cells
	if ev.Instance != nil {
		name, known := t.names[ev.Instance.Name]
		if !known {
			name = ev.Instance.Name
		}
		term.Put(&t.line, t.styles.Source(ev.Instance.Order), name, cells)
	}
	t.line.Pad(end + t.layout.gap)
}

// putType puts the mark of an alarm and the type.
func (t *Text) putType(typ string, k *kind) {
	l, style := &t.line, t.levels[k.level]
	start := l.Col
	if k.level == alarm {
		put(t, style, "!")
	}
	l.Pad(start + 2)
	name, isEvent := strings.CutPrefix(typ, "event-")
	if t.layout.sentences {
		if k.verb == "" {
			term.Put(l, style, name, typeMost)
			l.Gap(1)
		}
		return
	}
	end := l.Col + t.layout.typ
	if t.layout.prefix && isEvent {
		put(t, t.styles.Faint, "event-")
	}
	term.Put(l, style, name, typeMost)
	l.Pad(max(end, l.Col) + t.layout.gap)
}

// reserveID ends the words of a line, which nothing may displace, and reserves
// cells at the right for the event's id, else the track's, if some are left.
func (t *Text) reserveID() {
	m := &t.members
	t.id = first(m.eventID, m.refEvent, m.trackID, m.refTrack)
	l, col := &t.line, t.layout.width-idCells
	switch {
	case t.id == nil || t.layout.width == term.NoLimit:
	case l.Col >= col:
		t.id = nil
	default:
		l.End = min(l.End, col-1)
	}
}

func (t *Text) putID() {
	if t.id == nil {
		return
	}
	l := &t.line
	l.End = t.layout.width
	if l.End == term.NoLimit {
		t.putGap()
	} else {
		l.Pad(l.End - idCells)
	}
	id := jsonraw.Text(t.id, &t.text)
	term.Put(l, t.styles.Faint, id[:min(len(id), idCells)], idCells)
}

// AppendMessage appends a message between the lines of events: its time as a
// column like theirs, and the text, made safe. Text that is wider than the
// terminal continues in more lines, below its start. With Delta the column stays
// empty, because it shows the server's time between two events.
func (t *Text) AppendMessage(dst []byte, at time.Time, style term.Style, text string) []byte {
	t.StartBatch()
	t.line = term.NewLine(dst, term.NoLimit)
	t.putTime(at.UnixMilli(), t.o.Time != Delta, false)
	start := t.line.Col
	for i, word := range strings.Split(text, " ") {
		if i > 0 && t.line.Col+1+term.Width(word) > t.layout.width {
			t.line = term.NewLine(append(t.line.Bytes(), '\n'), term.NoLimit)
			t.line.Pad(start + 2)
		} else if i > 0 {
			put(t, style, " ")
		}
		put(t, style, word)
	}
	dst = append(t.line.Bytes(), '\n')
	t.line = term.Line{}
	return dst
}
