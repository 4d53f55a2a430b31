package notice

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rtev/rtev/internal/term"
)

// Activity counts the events of a run, to explain on a terminal why nothing is
// shown. A nil Activity counts nothing. Count is safe for concurrent use.
type Activity struct {
	Noun     string   // what is shown: "event"
	Types    []string // those that -e names; nil: all
	Cooldown bool     // --cooldown drops events that passed the filters

	counts [stages]atomic.Int64 // since a silence was last explained
}

// Stage is how far an event came.
type Stage int

// The stages of an event.
const (
	Arrived Stage = iota
	Typed         // passed -e
	Fitting       // passed -e and -w
	Shown
	stages
)

// Count counts an event that came so far.
func (a *Activity) Count(stage Stage) {
	if a != nil {
		a.counts[stage].Add(1)
	}
}

func (a *Activity) came(stage Stage) int64 { return a.counts[stage].Load() }

// How long nothing was shown when it is explained: at the start, and later.
const (
	firstSilence = 10 * time.Second
	laterSilence = 10 * time.Minute
)

// Explain prints from time to time why nothing is shown, until ctx is done.
// instances returns how many are read; if none of them can be, that was said.
func (a *Activity) Explain(ctx context.Context, p *Printer, instances func() int) {
	none := "no " + a.Noun + " yet"
	timer := time.NewTimer(firstSilence)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(laterSilence)
		if a.came(Shown) > 0 {
			none = "no " + a.Noun + " for " + term.Duration(laterSilence)
		} else if !p.allAway(instances()) {
			p.Aside(a.silence(none))
		}
		for i := range a.counts {
			a.counts[i].Store(0)
		}
	}
}

// silence says why nothing was shown; none says that nothing was.
func (a *Activity) silence(none string) string {
	arrived := term.Count(a.came(Arrived), a.Noun) + " arrived, "
	switch {
	case a.came(Fitting) > 0 && a.Cooldown:
		return none + "; " + term.Count(a.came(Fitting), a.Noun) + " dropped by --cooldown"
	case a.came(Fitting) > 0:
		return none
	case a.came(Typed) > 0 && a.came(Typed) < a.came(Arrived):
		return arrived + term.Number(a.came(Typed)) + " of them match -e, none matches -w"
	case a.came(Typed) > 0:
		return arrived + "none matches -w"
	case a.came(Arrived) > 0:
		return arrived + "none matches -e"
	case a.Types != nil:
		return none + "; -e asks for " + Enumerate(a.Types)
	}
	return none
}

// Enumerate joins names: "a, b and c". Of many it gives the number of the rest.
func Enumerate(names []string) string {
	const most = 6
	if len(names) > most {
		names = append(names[:most-1:most-1], fmt.Sprintf("%d more", len(names)-most+1))
	}
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
