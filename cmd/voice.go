package cmd

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
)

// foldTime is how long a voice with several instances waits for more of the
// same kind before it says so in one line.
const foldTime = 500 * time.Millisecond

// voice says notices on stderr: one line each, lower case, no full stop, the
// program's name in front and then the instance's where there are several.
// With several instances, connections that break or come back together are
// one line. Safe for concurrent use.
type voice struct {
	line  func(string) // prints one, made safe
	quiet bool
	level int // how often -v was given

	mu      sync.Mutex
	several bool
	folded  map[event.Kind][]event.Notice // Lost and Reconnected that wait for company
	timer   *time.Timer
	trying  map[*event.Instance]string // the last reason said for a failed attempt
	bad     map[*event.Instance]*damage
}

// damage counts what one instance's stream held that no event is.
type damage struct{ skipped, oversize int }

func newVoice(out *format.Output, a *app) *voice {
	return &voice{
		line: out.Notice, quiet: a.quiet, level: a.verbose,
		folded: map[event.Kind][]event.Notice{},
		trying: map[*event.Instance]string{},
		bad:    map[*event.Instance]*damage{},
	}
}

// many makes the voice name the instance in each line and fold.
func (v *voice) many() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.several = true
}

// info says a line unless --quiet was given.
func (v *voice) info(format string, args ...any) {
	if !v.quiet {
		v.line("rtev: " + fmt.Sprintf(format, args...))
	}
}

// warn says a line whatever was given: something may be lost.
func (v *voice) warn(format string, args ...any) {
	v.line("rtev: " + fmt.Sprintf(format, args...))
}

// trace says a line of -vv.
func (v *voice) trace(line string) { v.line(line) }

// notice is an event.Notify.
func (v *voice) notice(n event.Notice) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch n.Kind {
	case event.Warning:
		v.say(n.Instance, n.Text)
		return
	case event.Skipped, event.Oversize:
		v.damaged(n)
		return
	}
	if v.quiet || (n.Kind == event.Detail || n.Kind == event.Connected) && v.level == 0 {
		return
	}
	switch n.Kind {
	case event.Ended:
		if v.several { // a single one's end is the error of the run
			v.say(n.Instance, n.Text)
		}
	case event.Lost, event.Reconnected:
		delete(v.trying, n.Instance)
		v.fold(n)
	case event.Retrying:
		if v.level == 0 && v.trying[n.Instance] != "" {
			return
		}
		v.trying[n.Instance] = n.Text
		v.fold(n)
	default:
		v.say(n.Instance, n.Text)
	}
}

// say prints a line about one instance, or about the run.
func (v *voice) say(in *event.Instance, text string) {
	if in != nil && v.several {
		text = in.Name + ": " + text
	}
	v.line("rtev: " + text)
}

// fold keeps n for a moment when others may follow.
func (v *voice) fold(n event.Notice) {
	if !v.several {
		v.say(n.Instance, n.Text)
		return
	}
	v.folded[n.Kind] = append(v.folded[n.Kind], n)
	if v.timer == nil {
		v.timer = time.AfterFunc(foldTime, func() {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.unfold()
		})
	}
}

// unfold says what has come together: by server where there is more than one of a kind.
func (v *voice) unfold() {
	v.timer = nil
	for _, kind := range []event.Kind{event.Lost, event.Retrying, event.Reconnected} {
		byServer := map[string][]event.Notice{}
		for _, n := range v.folded[kind] {
			byServer[n.Instance.Server] = append(byServer[n.Instance.Server], n)
		}
		delete(v.folded, kind)
		for _, server := range slices.Sorted(maps.Keys(byServer)) {
			v.group(kind, server, byServer[server])
		}
	}
}

func (v *voice) group(kind event.Kind, server string, list []event.Notice) {
	if len(list) == 1 {
		v.say(list[0].Instance, list[0].Text)
		return
	}
	longest := list[0].Span
	for _, n := range list {
		longest = max(longest, n.Span)
	}
	switch kind {
	case event.Lost:
		v.say(nil, fmt.Sprintf("%d connections to %s are lost; trying again", len(list), server))
	case event.Retrying:
		v.say(nil, fmt.Sprintf("%d instances of %s do not answer; trying again (%s)", len(list), server, list[0].Text))
	case event.Reconnected:
		v.say(nil, fmt.Sprintf("%d instances of %s reconnected after up to %v; events in between were not sent", len(list), server, longest.Round(100*time.Millisecond)))
	}
}

// damaged counts a record that was skipped and says so: the first of each
// kind, with -v each, and the number at the end.
func (v *voice) damaged(n event.Notice) {
	d := v.bad[n.Instance]
	if d == nil {
		d = &damage{}
		v.bad[n.Instance] = d
	}
	count := &d.skipped
	if n.Kind == event.Oversize {
		count = &d.oversize
	}
	*count++
	if !v.quiet && (v.level > 0 || *count == 1) {
		v.say(n.Instance, n.Text)
	}
}

// close says what waits, and how much was skipped.
func (v *voice) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.timer != nil {
		v.timer.Stop()
	}
	v.unfold()
	var skipped, oversize int
	for _, d := range v.bad {
		skipped += d.skipped
		oversize += d.oversize
	}
	if v.quiet {
		return
	}
	if skipped > 0 {
		v.say(nil, fmt.Sprintf("%s skipped: not a JSON object%s", plural(skipped, "record"), v.more(skipped)))
	}
	if oversize > 0 {
		v.say(nil, fmt.Sprintf("%s skipped: longer than 64 MiB", plural(oversize, "record")))
	}
}

func (v *voice) more(skipped int) string {
	if v.level > 0 || skipped == 1 {
		return ""
	}
	return " (-v shows each)"
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
