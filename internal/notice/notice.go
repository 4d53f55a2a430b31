package cmd

import (
	"fmt"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/term"
)

// notices prints what happens beside the events to stderr: one line each, with
// the name of the instance where there are several. Safe for concurrent use.
type notices struct {
	print    func(style term.Style, line string) // prints one line, made safe
	styles   *term.Styles
	quiet    bool
	level    int  // number of -v
	terminal bool // stderr is one

	mu       sync.Mutex
	several  bool                     // more than one instance is read
	away     map[*event.Instance]bool // cannot be read now
	failed   map[string]time.Time     // by server: when a failed attempt was last reported
	recent   map[subject]int          // printed just now: how often it was said again since
	skipped  map[event.Kind]int       // records, by Skipped and Oversize
	reported map[subject]bool         // instances of which a skipped record was reported
}

// subject is what a notice is about: a kind, and a server or the id of an instance.
type subject struct {
	kind event.Kind
	of   string
}

func newNotices(out *format.Output, a *app) *notices {
	return &notices{
		print:  func(_ term.Style, line string) { out.Notice(line) },
		styles: term.NewStyles(false), quiet: a.quiet, level: a.verbose, terminal: a.errTTY,
		away: map[*event.Instance]bool{}, failed: map[string]time.Time{}, recent: map[subject]int{},
		skipped: map[event.Kind]int{}, reported: map[subject]bool{},
	}
}

// many makes notices name their instance.
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

// line prints a line about an instance, or about the run. Only lost data is red.
func (n *notices) line(kind event.Kind, in *event.Instance, text string) {
	style := term.Style{}
	switch kind {
	case event.Oversize:
		style = n.styles.Alarm
	case event.Warning, event.Lost, event.Retrying, event.Skipped, event.Ended:
		style = n.styles.Warn
	case event.Reconnected:
		style = n.styles.Good
	case event.Detail, event.Connected, event.Waiting:
		style = n.styles.Faint
	}
	if in != nil && n.several {
		text = in.Name + ": " + text
	}
	n.print(style, "rtev: "+text)
}

// report is an event.Notify.
func (n *notices) report(notice event.Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	server, id := "", ""
	if in := notice.Instance; in != nil {
		server, id = in.Server, in.ID
	}
	switch notice.Kind {
	case event.Skipped, event.Oversize:
		n.skipped[notice.Kind]++
	case event.Lost, event.Retrying:
		n.away[notice.Instance] = true
	case event.Connected, event.Reconnected, event.Ended:
		delete(n.away, notice.Instance)
		delete(n.failed, server)
	}
	if n.shows(notice.Kind, server, id) {
		n.line(notice.Kind, notice.Instance, notice.Text)
	}
}

// shows reports whether a notice about an instance is printed. A record that is
// too long was an event, so it is reported even with --quiet.
func (n *notices) shows(kind event.Kind, server, id string) bool {
	first := false
	if kind == event.Skipped || kind == event.Oversize {
		key := subject{kind, server + " " + id}
		first, n.reported[key] = !n.reported[key], true
	}
	switch {
	case kind == event.Warning:
		return true
	case n.quiet:
		return kind == event.Oversize && first
	case kind == event.Ended:
		return n.several // else the error of the run says it
	case n.level > 0:
		return true
	}
	switch kind {
	case event.Detail, event.Connected:
		return false
	case event.Skipped, event.Oversize:
		return first
	case event.Retrying:
		return n.due(server)
	case event.Waiting:
		return n.terminal && !n.repeats(kind, server)
	case event.Lost, event.Reconnected, event.Filled:
		return !n.repeats(kind, server)
	}
	return true
}

// remindAfter is how long after a failed attempt was reported another one is.
const remindAfter = 5 * time.Minute

// due reports whether a failed attempt to reach a server is reported: the first
// one, and on a terminal another one every 5 min.
func (n *notices) due(server string) bool {
	last, reported := n.failed[server]
	if reported && (!n.terminal || time.Since(last) < remindAfter) {
		return false
	}
	n.failed[server] = time.Now()
	return true
}

// repeatTime is how long notices about other instances of the same server are
// counted instead of printed.
const repeatTime = 500 * time.Millisecond

// repeats reports whether the same was just printed about another instance of the
// server. How often it was is printed a moment later.
func (n *notices) repeats(kind event.Kind, server string) bool {
	key := subject{kind, server}
	if _, ok := n.recent[key]; ok {
		n.recent[key]++
		return true
	}
	if n.several {
		n.recent[key] = 0
		time.AfterFunc(repeatTime, func() {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.printRepeated(key)
		})
	}
	return false
}

// printRepeated prints how often something was said again.
func (n *notices) printRepeated(key subject) {
	if count := n.recent[key]; count > 0 {
		n.line(key.kind, nil, fmt.Sprintf("the same for %s of %s", term.Count(count, "more instance"), key.of))
	}
	delete(n.recent, key)
}

// allAway reports whether none of so many instances can be read now.
func (n *notices) allAway(instances int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.away) >= instances && instances > 0
}

// close prints what is held back, and the number of skipped records.
func (n *notices) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for key := range n.recent {
		n.printRepeated(key)
	}
	if count := n.skipped[event.Skipped]; count > 0 && !n.quiet {
		n.line(event.Skipped, nil, term.Count(count, "record")+" skipped: not a JSON object")
	}
	if count := n.skipped[event.Oversize]; count > 0 {
		n.line(event.Oversize, nil, term.Count(count, "record")+" skipped: longer than 64 MiB")
	}
}
