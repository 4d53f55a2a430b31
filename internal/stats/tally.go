package stats

import (
	"cmp"
	"strings"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// tally holds the numbers of one instance. All moments are durations since the
// start of the counter.
type tally struct {
	c *Counter

	mu       sync.Mutex    // guards the fields below
	in       Instance      // what is counted in place; snapshot adds the rest
	at       time.Duration // when the current event arrived, if it is live
	arrivals arrivals
	since    time.Duration // when the state began
	gap      time.Duration // sum of the gaps that have ended
	longest  time.Duration // the longest of them
	volume   window        // bytes
	delay    dist
	id       uint64 // of the last event, when hasID
	hasID    bool
	types    map[string]*typeInfo
	last     *typeInfo // of the last event
	groups   map[string]*group
	pairs    map[string]*pair   // by their types without -end
	totals   map[string]float64 // the last running totals of statistics events
	reported float64            // dropped frames up to the last report
}

func newTally(c *Counter, key instanceKey, in *event.Instance) *tally {
	state := Connecting
	if c.o.Recorded {
		state = Recorded
	}
	name := cmp.Or(strings.Clone(clean(in.Name)), key.id)
	return &tally{
		c: c, in: Instance{ID: key.id, Name: name, Server: key.server, State: state, order: in.Order},
		types: map[string]*typeInfo{}, groups: map[string]*group{}, pairs: map[string]*pair{}, totals: map[string]float64{},
	}
}

// isEmpty reports whether the tally is of a recorded instance of which nothing
// passed the filters, and nothing was lost as far as ids can tell.
func (t *tally) isEmpty() bool {
	return t.c.o.Recorded && len(t.groups) == 0 && !t.hasID && t.in.Skipped+t.in.Oversize == 0
}

// watch looks at an event before the filters do: at its id and, if it is live, at
// when it arrived.
func (t *tally) watch(ev *event.Event) {
	if !t.c.o.Recorded {
		t.at = ev.Received.Sub(t.c.start)
		t.arrivals.note(t.at, ev.Type == "statistics")
	}
	if n, ok := jsonraw.ParseFloat(ev.ID); ok && n >= 0 && n < 1<<53 {
		t.noteID(uint64(n))
	}
}

// noteID counts SSE ids of one connection that do not follow one another. Events
// of one record have the same id. In a recording a smaller id is the start of
// another connection.
func (t *tally) noteID(n uint64) {
	if t.hasID && n != t.id && n != t.id+1 && (n > t.id || !t.c.o.Recorded) {
		t.in.IDJumps++
		if n > t.id {
			t.in.IDsMissing += n - t.id - 1
		}
	}
	t.hasID, t.id = true, n
}

// put counts an event at the moment it arrived or, if it is recorded, was sent.
func (t *tally) put(ev *event.Event) {
	info := t.typeOf(ev.Type)
	g := info.group
	if g == nil {
		g = t.groupOf(ev)
	}
	size := uint64(len(ev.Payload))
	g.events++
	g.bytes += size
	sent, stamped := ev.Time()
	at := t.at
	if t.c.o.Recorded {
		at = sent.Sub(t.c.start)
	} else if stamped {
		t.delay.add(float64(ev.Received.UnixMicro()-sent.UnixMicro()) / 1000)
	}
	if stamped || !t.c.o.Recorded {
		second := int64(at / time.Second)
		g.span.add(span{at, at})
		g.rate.add(second, 1)
		t.volume.add(second, size)
	}
	if t.in.State == Connecting { // not every source reports when it has connected
		t.in.State = Connected
	}
	if info.ends {
		info.pair.end(t.c, ev)
	} else if info.pair.complete {
		info.pair.begin(t.c, ev)
	}
	if info.name == "statistics" {
		t.readStatistics(ev)
	}
}

// State is the state of the connection to an instance. The words are part of
// the output.
type State string

// The states of a connection.
const (
	Connecting   State = "connecting"   // not connected yet, or nothing is known
	Connected    State = "connected"    // events can arrive
	Reconnecting State = "reconnecting" // the connection was lost and is being retried
	Ended        State = "ended"        // the source gave up for good
	Recorded     State = "recorded"     // a recording has no connection
)

// notice takes what the source of the instance reports.
func (t *tally) notice(n event.Notice, now time.Duration) {
	switch n.Kind {
	case event.Connected:
		t.enter(Connected, now)
	case event.Lost:
		t.enter(Reconnecting, now)
	case event.Retrying:
		if t.in.State == Connected {
			t.enter(Reconnecting, now)
		}
	case event.Reconnected:
		t.in.Reconnects++
		t.endGap(n.Span)
		t.enter(Connected, now)
	case event.Ended:
		t.endGap(t.currentGap(now))
		t.enter(Ended, now)
	case event.Skipped, event.Oversize:
		t.arrivals.last = max(t.arrivals.last, now)
		t.in.lose(n.Kind)
	}
	switch n.Kind {
	case event.Connected, event.Lost, event.Reconnected:
		t.hasID = false          // SSE ids start again
		t.arrivals.timed = false // a gap says nothing about the interval of statistics events
	}
}

func (t *tally) enter(s State, now time.Duration) {
	if t.in.State != s && t.in.State != Recorded {
		t.in.State, t.since = s, now
	}
}

// endGap adds a gap that has ended.
func (t *tally) endGap(gap time.Duration) {
	t.gap += gap
	t.longest = max(t.longest, gap)
}

// currentGap returns how long there has been no connection, 0 when there is one.
func (t *tally) currentGap(now time.Duration) time.Duration {
	if t.in.State != Reconnecting {
		return 0
	}
	return now - t.since
}

// lose counts a record that could not be read.
func (f *Flow) lose(k event.Kind) {
	switch k {
	case event.Skipped:
		f.Skipped++
	case event.Oversize:
		f.Oversize++
	}
}

// arrivals says when records of an instance arrived, including those that the
// filters of this program leave out. The zero value is ready.
type arrivals struct {
	last       time.Duration // of any record
	statistics time.Duration // of the last statistics event, when timed
	timed      bool
	intervals  [2]time.Duration // the last two between statistics events
}

// note records an arrival.
func (a *arrivals) note(at time.Duration, statistics bool) {
	a.last = max(a.last, at)
	if !statistics {
		return
	}
	if a.timed {
		a.intervals = [2]time.Duration{a.intervals[1], at - a.statistics}
	}
	a.statistics, a.timed = at, true
}

// An instance is silent when nothing arrived for silentTime and for
// silentIntervals times the interval of its statistics events. Before that the
// reports call it quiet.
const (
	quietTime       = 2 * time.Second
	silentTime      = 15 * time.Second
	silentIntervals = 3
)

// silentAfter returns how long nothing must arrive for the instance to be
// silent. Two intervals are remembered, so that a pair of statistics events
// that were held back and arrived together does not shorten the time.
func (a *arrivals) silentAfter() time.Duration {
	return max(silentTime, silentIntervals*max(a.intervals[0], a.intervals[1]))
}

// quiet returns for how long nothing arrived over the current connection, 0
// without one.
func (t *tally) quiet(now time.Duration) time.Duration {
	if t.in.State != Connected {
		return 0
	}
	return max(0, now-max(t.arrivals.last, t.since))
}

// readStatistics takes an event of type statistics.
func (t *tally) readStatistics(ev *event.Event) {
	if t.in.Engine == nil {
		t.in.Engine = &Engine{}
	}
	e := t.in.Engine
	readNumber(ev, "current_framerate", &e.FPS)
	readNumber(ev, "source_framerate", &e.SourceFPS)
	readNumber(ev, "latency", &e.Latency)
	readNumber(ev, "input_queue_size", &e.Queue)
	t.readTotal(ev, "frames_processed", &e.Frames)
	t.readTotal(ev, "dropped_frames_count", &e.Dropped)
}

// readTotal adds to sum what the running total in a field grew by since it was
// last read. A total that became smaller counts from 0: the server was restarted.
func (t *tally) readTotal(ev *event.Event, name string, sum *float64) {
	var total float64
	if !readNumber(ev, name, &total) {
		return
	}
	last, known := t.totals[name]
	t.totals[name] = total
	if total < last {
		last = 0
	}
	if known {
		*sum = round(*sum + total - last)
	}
}

// readNumber sets n to the number in a field, if a count, a rate or a time can have
// it.
func readNumber(ev *event.Event, name string, n *float64) bool {
	read, ok := event.Number(ev.Get(name))
	if ok = ok && read >= 0 && read < 1<<53; ok {
		*n = round(read)
	}
	return ok
}
