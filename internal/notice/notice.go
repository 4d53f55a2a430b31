// Package notice prints what a run says beside its events: each line once, less
// with --quiet, more with --verbose, and why nothing is shown.
package notice

import (
	"fmt"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// Printer prints what happens beside the events: one line each, with the name of
// the instance where there are several. Set its fields before the run; its methods
// are safe for concurrent use if Print is.
type Printer struct {
	Print    func(style term.Style, line string) // prints one line, made safe
	Styles   *term.Styles
	Quiet    bool // only what may be lost
	Level    int  // number of -v
	Terminal bool // people read the lines

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

// New returns a printer without colours.
func New(print func(style term.Style, line string)) *Printer {
	return &Printer{
		Print: print, Styles: term.NewStyles(false), away: map[*event.Instance]bool{}, failed: map[string]time.Time{},
		recent: map[subject]int{}, skipped: map[event.Kind]int{}, reported: map[subject]bool{},
	}
}

// Many makes notices name their instance.
func (p *Printer) Many() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.several = true
}

// Info prints a line unless --quiet was given.
func (p *Printer) Info(format string, args ...any) {
	if !p.Quiet {
		p.Print(term.Style{}, "rtev: "+fmt.Sprintf(format, args...))
	}
}

// Aside prints a line that is only for people at a terminal.
func (p *Printer) Aside(text string) {
	if p.Terminal && !p.Quiet {
		p.Print(p.Styles.Faint, "rtev: "+text)
	}
}

// Warn prints a line even with --quiet: something may be lost.
func (p *Printer) Warn(format string, args ...any) {
	p.Print(p.Styles.Warn, "rtev: "+fmt.Sprintf(format, args...))
}

// Trace prints a line of -vv.
func (p *Printer) Trace(line string) { p.Print(p.Styles.Faint, line) }

// line prints a line about an instance, or about the run. Only lost data is red.
func (p *Printer) line(kind event.Kind, in *event.Instance, text string) {
	style := term.Style{}
	switch kind {
	case event.Oversize:
		style = p.Styles.Alarm
	case event.Warning, event.Lost, event.Retrying, event.Skipped, event.Ended:
		style = p.Styles.Warn
	case event.Reconnected:
		style = p.Styles.Good
	case event.Detail, event.Connected, event.Waiting:
		style = p.Styles.Faint
	}
	if in != nil && p.several {
		text = in.Name + ": " + text
	}
	p.Print(style, "rtev: "+text)
}

// Report is an event.Notify.
func (p *Printer) Report(notice event.Notice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	server, id := "", ""
	if in := notice.Instance; in != nil {
		server, id = in.Server, in.ID
	}
	switch notice.Kind {
	case event.Skipped, event.Oversize:
		p.skipped[notice.Kind]++
	case event.Lost, event.Retrying:
		if notice.Instance != nil { // else no instance was found yet
			p.away[notice.Instance] = true
		}
	case event.Connected, event.Reconnected, event.Ended:
		delete(p.away, notice.Instance)
		delete(p.failed, server)
	}
	if p.shows(notice.Kind, server, id) {
		p.line(notice.Kind, notice.Instance, notice.Text)
	}
}

// shows reports whether a notice about an instance is printed. A record that is
// too long was an event, so it is reported even with --quiet, as is a gap that stays.
func (p *Printer) shows(kind event.Kind, server, id string) bool {
	first := false
	if kind == event.Skipped || kind == event.Oversize {
		key := subject{kind, server + " " + id}
		first, p.reported[key] = !p.reported[key], true
	}
	switch {
	case kind == event.Warning:
		return true
	case p.Quiet:
		return kind == event.Oversize && first || kind == event.Unfilled && !p.repeats(kind, server)
	case kind == event.Ended:
		return p.several // else the error of the run says it
	case p.Level > 0:
		return true
	}
	switch kind {
	case event.Detail, event.Connected:
		return false
	case event.Skipped, event.Oversize:
		return first
	case event.Retrying:
		return p.due(server)
	case event.Waiting:
		return p.Terminal && !p.repeats(kind, server)
	case event.Lost, event.Reconnected, event.Unfilled:
		return !p.repeats(kind, server)
	}
	return true
}

// remindAfter is how long after a failed attempt was reported another one is.
const remindAfter = 5 * time.Minute

// due reports whether a failed attempt to reach a server is reported: the first
// one, and on a terminal another one every 5 min.
func (p *Printer) due(server string) bool {
	last, reported := p.failed[server]
	if reported && (!p.Terminal || time.Since(last) < remindAfter) {
		return false
	}
	p.failed[server] = time.Now()
	return true
}

// repeatTime is how long notices about other instances of the same server are
// counted instead of printed.
const repeatTime = 500 * time.Millisecond

// repeats reports whether the same was just printed about another instance of the
// server. How often it was is printed a moment later.
func (p *Printer) repeats(kind event.Kind, server string) bool {
	key := subject{kind, server}
	if _, ok := p.recent[key]; ok {
		p.recent[key]++
		return true
	}
	if p.several {
		p.recent[key] = 0
		time.AfterFunc(repeatTime, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.printRepeated(key)
		})
	}
	return false
}

// printRepeated prints how often something was said again.
func (p *Printer) printRepeated(key subject) {
	if count := p.recent[key]; count > 0 {
		p.line(key.kind, nil, fmt.Sprintf("the same for %s of %s", term.Count(count, "more instance"), key.of))
	}
	delete(p.recent, key)
}

// allAway reports whether none of so many instances can be read now.
func (p *Printer) allAway(instances int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.away) >= instances && instances > 0
}

// Close prints what is held back, and the number of skipped records. Call it once,
// at the end of the run.
func (p *Printer) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key := range p.recent {
		p.printRepeated(key)
	}
	if count := p.skipped[event.Skipped]; count > 0 && !p.Quiet {
		p.line(event.Skipped, nil, term.Count(count, "record")+" skipped: not a JSON object")
	}
	if count := p.skipped[event.Oversize]; count > 0 {
		p.line(event.Oversize, nil, term.Count(count, "record")+" skipped: longer than 64 MiB")
	}
}
