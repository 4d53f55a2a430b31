package stats

import (
	"math"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// State is the state of an instance's connection.
type State string

// The states. The words are part of the output.
const (
	Connecting   State = "connecting"   // not yet, or nothing is known
	Connected    State = "connected"    // events can come
	Reconnecting State = "reconnecting" // they could, and will be able to again
	Ended        State = "ended"        // for good
	Recorded     State = "recorded"     // there is no connection
)

// link is what is known of an instance's connection.
type link struct {
	state      State
	since      time.Duration // when the state began
	reconnects uint64
	gap        time.Duration // sum of the gaps that are over
	longest    time.Duration
}

func (l *link) enter(s State, now time.Duration) {
	if l.state != s && l.state != Recorded {
		l.state, l.since = s, now
	}
}

// alive notes that an event came: not every source tells when it connected.
func (l *link) alive() {
	if l.state == Connecting {
		l.state = Connected
	}
}

// over adds a gap that has ended.
func (l *link) over(gap time.Duration) {
	l.gap += gap
	l.longest = max(l.longest, gap)
}

// open is how long a gap has lasted that has not ended.
func (l *link) open(now time.Duration) time.Duration {
	if l.state != Reconnecting {
		return 0
	}
	return now - l.since
}

// notice takes what the instance's source tells.
func (t *tally) notice(n event.Notice, now time.Duration) {
	switch n.Kind {
	case event.Connected:
		t.link.enter(Connected, now)
		t.border()
	case event.Lost:
		t.link.enter(Reconnecting, now)
		t.border()
	case event.Retrying:
		if t.link.state == Connected {
			t.link.enter(Reconnecting, now)
		}
	case event.Reconnected:
		t.link.reconnects++
		t.link.over(n.Span)
		t.link.enter(Connected, now)
		t.border()
	case event.Ended:
		t.link.over(t.link.open(now))
		t.link.enter(Ended, now)
	default:
		t.lost.notice(n.Kind)
	}
}

// lost counts the records that were not taken.
type lost struct{ skipped, oversize uint64 }

func (l *lost) notice(k event.Kind) {
	switch k {
	case event.Skipped:
		l.skipped++
	case event.Oversize:
		l.oversize++
	}
}

// border is where one connection ends or another begins: ids begin anew, and
// the time without a connection is no pause of the instance's own.
func (t *tally) border() {
	t.ids.known = false
	t.pause.skip = true
}

// pause learns how long an instance is usually silent between events: the
// length of the pause that a look at any time falls into. Of even events that
// is their distance; where they come in bursts it is the time between bursts.
// What is long past counts less. Zero is ready.
type pause struct {
	sum, squares float64 // seconds
	skip         bool    // the pause at hand does not count
}

// memory is how many seconds it takes until what was learned counts a third.
const memory = 300

// add learns from a pause that went over so many seconds' ends.
func (p *pause) add(d time.Duration, seconds int64) {
	if p.skip {
		p.skip = false
		return
	}
	if d <= 0 {
		return
	}
	if seconds > 0 {
		f := math.Exp(-float64(seconds) / memory)
		p.sum *= f
		p.squares *= f
	}
	s := d.Seconds()
	p.sum += s
	p.squares += s * s
}

// usual is the pause to expect.
func (p *pause) usual() time.Duration {
	if p.sum == 0 {
		return 0
	}
	return time.Duration(p.squares / p.sum * float64(time.Second))
}

// When silence is told: after three usual pauses, but not before firstLook
// while habits are hardly known, and never for less than a second.
const (
	silentPauses = 3
	knownAfter   = 5 * time.Second
	firstLook    = 10 * time.Second
	leastSilence = time.Second
)

// silent is how long a connected instance has been silent for longer than it
// usually is, else 0.
func (t *tally) silent(now time.Duration) time.Duration {
	if t.link.state != Connected || !t.span.known {
		return 0
	}
	limit := firstLook
	if t.span.last-t.span.first >= knownAfter {
		limit = max(leastSilence, silentPauses*t.pause.usual())
	}
	if quiet := now - max(t.span.last, t.link.since); quiet > limit {
		return quiet
	}
	return 0
}
