package cmd

import (
	"fmt"
	"maps"
	"slices"
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
	print    func(line string) // prints one line, made safe
	quiet    bool
	level    int  // number of -v
	terminal bool // stderr is one

	mu      sync.Mutex
	several bool // more than one instance is read
	merging map[event.Kind][]event.Notice
	timer   *time.Timer
	failing map[*event.Instance]bool // a failed attempt was reported
	skipped map[event.Kind]int       // records, by Skipped and Oversize
	shown   map[shown]bool           // of which the first record was reported
}

type shown struct {
	instance *event.Instance
	kind     event.Kind
}

func newNotices(out *format.Output, a *app) *notices {
	return &notices{
		print: out.Notice, quiet: a.quiet, level: a.verbose, terminal: a.errTTY,
		merging: map[event.Kind][]event.Notice{},
		failing: map[*event.Instance]bool{},
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
		n.print("rtev: " + fmt.Sprintf(format, args...))
	}
}

// warn prints a line even with --quiet: something may be lost.
func (n *notices) warn(format string, args ...any) {
	n.print("rtev: " + fmt.Sprintf(format, args...))
}

// trace prints a line of -vv.
func (n *notices) trace(line string) { n.print(line) }

// report is an event.Notify.
func (n *notices) report(notice event.Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch notice.Kind {
	case event.Warning:
		n.line(notice.Instance, notice.Text)
		return
	case event.Skipped, event.Oversize:
		n.reportSkipped(notice)
		return
	}
	if n.quiet {
		return
	}
	switch notice.Kind {
	case event.Detail, event.Connected:
		if n.level > 0 {
			n.line(notice.Instance, notice.Text)
		}
	case event.Waiting:
		if n.terminal || n.level > 0 {
			n.merge(notice)
		}
	case event.Ended:
		if n.several { // the end of the only one is the error of the run
			n.line(notice.Instance, notice.Text)
		}
	case event.Lost, event.Reconnected:
		delete(n.failing, notice.Instance)
		n.merge(notice)
	case event.Retrying:
		if n.level == 0 && n.failing[notice.Instance] {
			return
		}
		n.failing[notice.Instance] = true
		n.merge(notice)
	default:
		n.line(notice.Instance, notice.Text)
	}
}

// line prints a line about an instance, or about the run.
func (n *notices) line(in *event.Instance, text string) {
	if in != nil && n.several {
		text = in.Name + ": " + text
	}
	n.print("rtev: " + text)
}

// merge holds a notice back for a moment where others may follow.
func (n *notices) merge(notice event.Notice) {
	if !n.several {
		n.line(notice.Instance, notice.Text)
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
	for _, kind := range []event.Kind{event.Waiting, event.Lost, event.Retrying, event.Reconnected} {
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
		n.line(list[0].Instance, list[0].Text)
		return
	}
	longest := list[0].Span
	for _, notice := range list {
		longest = max(longest, notice.Span)
	}
	switch kind {
	case event.Waiting:
		n.line(nil, fmt.Sprintf("waiting for %d instances of %s: no response to the stream requests yet", len(list), server))
	case event.Lost:
		n.line(nil, fmt.Sprintf("%d connections to %s are lost; trying again", len(list), server))
	case event.Retrying:
		n.line(nil, fmt.Sprintf("%d instances of %s do not answer; trying again (%s)", len(list), server, list[0].Text))
	case event.Reconnected:
		n.line(nil, fmt.Sprintf("%d instances of %s reconnected after up to %s; events in between were not sent", len(list), server, term.Duration(longest)))
	}
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
		n.line(notice.Instance, notice.Text)
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
		n.line(nil, fmt.Sprintf("%s skipped: not a JSON object%s", term.Count(count, "record"), more))
	}
	if count := n.skipped[event.Oversize]; count > 0 {
		n.line(nil, fmt.Sprintf("%s skipped: longer than 64 MiB", term.Count(count, "record")))
	}
}
