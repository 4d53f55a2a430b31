package stats

import (
	"time"

	"github.com/rtev/rtev/internal/event"
)

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
