package cmd

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/term"
)

// mergeTime is how long notices of several instances wait for others of the
// same kind, to become one line.
const mergeTime = 500 * time.Millisecond

// notices prints what happens beside the events to stderr: one line each, lower
// case, no full stop, with the name of the instance where there are several.
// Connections that break or come back together are one line. Safe for
// concurrent use.
type notices struct {
	print    func(style term.Style, line string) // prints one line, made safe
	styles   *term.Styles
	quiet    bool
	level    int  // number of -v
	terminal bool // stderr is one

	mu      sync.Mutex
	several bool // more than one instance is read
	merging map[event.Kind][]event.Notice
	timer   *time.Timer
	away    map[*event.Instance]*outage
	skipped map[event.Kind]int // records, by Skipped and Oversize
	shown   map[shown]bool     // of which the first record was reported
}

// remindAfter is how long after a notice of an outage another one follows, on a
// terminal.
const remindAfter = 5 * time.Minute

// outage is what is known of an instance that cannot be read now.
type outage struct {
	since    time.Time
	failed   bool      // a failed attempt was reported
	reported time.Time // when the last notice was printed
	tried    time.Time // the last attempt
}

type shown struct {
	instance *event.Instance
	kind     event.Kind
}

func newNotices(out *format.Output, a *app) *notices {
	return &notices{
		print:  func(_ term.Style, line string) { out.Notice(line) },
		styles: term.NewStyles(false), quiet: a.quiet, level: a.verbose, terminal: a.errTTY,
		merging: map[event.Kind][]event.Notice{},
		away:    map[*event.Instance]*outage{},
		skipped: map[event.Kind]int{},
		shown:   map[shown]bool{},
	}
}

// many makes notices name their instance, and merges them.
func (n *notices) many() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.several = true
}

// info prints a line unless --quiet was given.
func (n *notices) info(format string, args ...any) {
	if !n.quiet {
		n.print(term.Style{}, "rtev: "+fmt.Sprintf(format, args...))
	}
}

// aside prints a line that is only for people at a terminal.
func (n *notices) aside(text string) {
	if n.terminal && !n.quiet {
		n.print(n.styles.Faint, "rtev: "+text)
	}
}

// warn prints a line even with --quiet: something may be lost.
func (n *notices) warn(format string, args ...any) {
	n.print(n.styles.Warn, "rtev: "+fmt.Sprintf(format, args...))
}

// trace prints a line of -vv.
func (n *notices) trace(line string) { n.print(n.styles.Faint, line) }

// style returns the look of a kind of notice. Only lost data is red.
func (n *notices) style(kind event.Kind) term.Style {
	switch kind {
	case event.Oversize:
		return n.styles.Alarm
	case event.Warning, event.Lost, event.Retrying, event.Skipped, event.Ended:
		return n.styles.Warn
	case event.Reconnected:
		return n.styles.Good
	case event.Detail, event.Connected, event.Waiting:
		return n.styles.Faint
	}
	return term.Style{}
}

// report is an event.Notify.
func (n *notices) report(notice event.Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch notice.Kind {
	case event.Warning:
		n.line(notice.Kind, notice.Instance, notice.Text)
		return
	case event.Skipped, event.Oversize:
		n.reportSkipped(notice)
		return
	}
	if n.quiet {
		return
	}
	switch notice.Kind {
	case event.Detail:
		if n.level > 0 {
			n.line(notice.Kind, notice.Instance, notice.Text)
		}
	case event.Filled:
		n.merge(notice)
	case event.Waiting:
		if n.terminal || n.level > 0 {
			n.merge(notice)
		}
	case event.Connected, event.Lost, event.Retrying, event.Reconnected, event.Ended:
		n.reportConnection(notice)
	default:
		n.line(notice.Kind, notice.Instance, notice.Text)
	}
}

// reportConnection reports what became of a connection. Of the failed attempts
// of an outage only the first is reported; with -v, each.
func (n *notices) reportConnection(notice event.Notice) {
	now := time.Now()
	o := n.away[notice.Instance]
	switch notice.Kind {
	case event.Connected, event.Reconnected, event.Ended:
		delete(n.away, notice.Instance)
	case event.Lost:
		n.away[notice.Instance] = &outage{since: now, reported: now, tried: now}
	case event.Retrying:
		if o == nil {
			o = &outage{since: now}
			n.away[notice.Instance] = o
		}
		o.tried = now
		if o.failed && n.level == 0 {
			n.remind(notice, now)
			return
		}
		o.failed, o.reported = true, now
	}
	switch {
	case notice.Kind == event.Connected && n.level == 0:
	case notice.Kind == event.Ended && !n.several: // the error of the run says it
	case notice.Kind == event.Connected, notice.Kind == event.Ended:
		n.line(notice.Kind, notice.Instance, notice.Text)
	default:
		n.merge(notice)
	}
}

// remind reports, on a terminal, that the server of a failed attempt is still
// away: one line for all its instances that are.
func (n *notices) remind(notice event.Notice, now time.Time) {
	o := n.away[notice.Instance]
	if !n.terminal || now.Sub(o.reported) < remindAfter {
		return
	}
	longest, count := now.Sub(o.since), 0
	for in, other := range n.away {
		// One that was not tried for long is not read any more.
		if in.Server == notice.Instance.Server && now.Sub(other.tried) <= remindAfter {
			other.reported = now
			longest = max(longest, now.Sub(other.since))
			count++
		}
	}
	who, in := "", notice.Instance
	if count > 1 {
		who, in = fmt.Sprintf("%d instances are ", count), nil
	}
	n.line(notice.Kind, in, fmt.Sprintf("%sstill away after %s: %s", who, term.Duration(longest), notice.Text))
}

// due reports whether a message that is repeated is due: the first one, and on a
// terminal another one every 5 min.
func (n *notices) due(last *time.Time) bool {
	now := time.Now()
	if !last.IsZero() && (!n.terminal || now.Sub(*last) < remindAfter) {
		return false
	}
	*last = now
	return true
}

// allAway reports whether none of so many instances can be read now.
func (n *notices) allAway(instances int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.away) >= instances && instances > 0
}

// line prints a line about an instance, or about the run.
func (n *notices) line(kind event.Kind, in *event.Instance, text string) {
	if in != nil && n.several {
		text = in.Name + ": " + text
	}
	n.print(n.style(kind), "rtev: "+text)
}

// merge holds a notice back for a moment where others may follow.
func (n *notices) merge(notice event.Notice) {
	if !n.several {
		n.line(notice.Kind, notice.Instance, notice.Text)
		return
	}
	n.merging[notice.Kind] = append(n.merging[notice.Kind], notice)
	if n.timer == nil {
		n.timer = time.AfterFunc(mergeTime, func() {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.printMerged()
		})
	}
}

// printMerged prints the notices that were held back, one line per kind and
// server.
func (n *notices) printMerged() {
	n.timer = nil
	for _, kind := range []event.Kind{event.Waiting, event.Lost, event.Retrying, event.Reconnected, event.Filled} {
		byServer := map[string][]event.Notice{}
		for _, notice := range n.merging[kind] {
			byServer[notice.Instance.Server] = append(byServer[notice.Instance.Server], notice)
		}
		delete(n.merging, kind)
		for _, server := range slices.Sorted(maps.Keys(byServer)) {
			n.printGroup(kind, server, byServer[server])
		}
	}
}

func (n *notices) printGroup(kind event.Kind, server string, list []event.Notice) {
	if len(list) == 1 {
		n.line(kind, list[0].Instance, list[0].Text)
		return
	}
	longest, count := list[0].Span, 0
	for _, notice := range list {
		longest = max(longest, notice.Span)
		count += notice.Count
	}
	text := ""
	switch kind {
	case event.Waiting:
		text = fmt.Sprintf("waiting for %d instances of %s: no response to the stream requests yet", len(list), server)
	case event.Lost:
		text = fmt.Sprintf("%d connections to %s are lost; trying again", len(list), server)
	case event.Retrying:
		text = fmt.Sprintf("%d instances do not answer: %s", len(list), list[0].Text)
	case event.Reconnected:
		text = fmt.Sprintf("%d instances of %s %s", len(list), server, reconnected(list, longest))
	case event.Filled:
		text = fmt.Sprintf("%s, missed by %d instances of %s, came from the database", term.Count(count, "event"), len(list), server)
	}
	n.line(kind, nil, text)
}

// reconnected words notices of the same kind of source as one: how long, and what
// happened to the events in between if that is the same for all.
func reconnected(list []event.Notice, longest time.Duration) string {
	text, missed, _ := strings.Cut(list[0].Text, ";")
	verb, _, _ := strings.Cut(text, " after ")
	for _, notice := range list {
		if !strings.HasSuffix(notice.Text, missed) {
			missed = ""
		}
	}
	text = verb + " after up to " + term.Duration(longest)
	if missed != "" {
		text += ";" + missed
	}
	return text
}

// reportSkipped counts a record that was skipped, and prints the first one of
// each kind and instance; with -v, each. A record that is too long was an event,
// so it is reported even with --quiet.
func (n *notices) reportSkipped(notice event.Notice) {
	n.skipped[notice.Kind]++
	first := !n.shown[shown{notice.Instance, notice.Kind}]
	n.shown[shown{notice.Instance, notice.Kind}] = true
	if n.quiet && notice.Kind == event.Skipped {
		return
	}
	if first || n.level > 0 && !n.quiet {
		n.line(notice.Kind, notice.Instance, notice.Text)
	}
}

// close prints what is held back, and the number of skipped records.
func (n *notices) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.timer != nil {
		n.timer.Stop()
	}
	n.printMerged()
	if count := n.skipped[event.Skipped]; count > 0 && !n.quiet {
		more := ""
		if n.level == 0 && count > 1 {
			more = " (-v shows each)"
		}
		n.line(event.Skipped, nil, fmt.Sprintf("%s skipped: not a JSON object%s", term.Count(count, "record"), more))
	}
	if count := n.skipped[event.Oversize]; count > 0 {
		n.line(event.Oversize, nil, fmt.Sprintf("%s skipped: longer than 64 MiB", term.Count(count, "record")))
	}
}
