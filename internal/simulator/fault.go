package simulator

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Fault is one kind of misbehaviour of the event endpoints. It meets Times
// requests of an instance (0: all of them), from number First on (counted
// from 1; 0 is 1).
type Fault struct {
	Name, Arg    string
	First, Times int
}

// FaultInfo tells about a fault: how it is written and what it does.
type FaultInfo struct{ Usage, Meaning string }

// script is what faults make of one answer.
type script struct {
	status     int
	retryAfter string
	redirect   string
	html       bool
	noType     bool
	gzip       bool
	hugeHeader bool
	mute       bool
	late       time.Duration // before the response header

	crlf, bom, comments, legacy bool
	garbage                     int // every how many records a broken one follows
	chunk                       int // bytes a chunk
	drip                        int // bytes a second

	stall      time.Duration // after the first record
	big        int64         // bytes of a record after the first
	endless    bool          // a line without end after the first record
	cleanClose int           // records until the end
	cut        int           // the record that is sent half
	reset      bool          // and then TCP RST instead of FIN
	timed      bool          // after says when to hang up, or to vanish
	after      time.Duration
	vanish     bool
}

// faultKind is a row of the table of faults.
type faultKind struct {
	name, arg, meaning string
	set                func(s *script, arg string) error
}

func faultKinds() []faultKind {
	return []faultKind{
		{"drop", "D", "close the connection after D", func(s *script, arg string) error {
			s.timed, s.vanish = true, false
			return duration(&s.after, arg)
		}},
		{"halfopen", "D", "after D vanish without closing: no byte ever again", func(s *script, arg string) error {
			s.timed, s.vanish = true, true
			return duration(&s.after, arg)
		}},
		{"stall", "D", "say nothing for D after the first record, then go on", func(s *script, arg string) error { return duration(&s.stall, arg) }},
		{"cut", "N", "close in the middle of record N, and of its chunk", func(s *script, arg string) error { return count(&s.cut, arg) }},
		{"reset", "N", "the same with TCP RST", func(s *script, arg string) error {
			s.reset = true
			return count(&s.cut, arg)
		}},
		{"cleanclose", "N", "end the answer properly after N records", func(s *script, arg string) error { return count(&s.cleanClose, arg) }},
		{"mute", "", "accept connections and never answer, at any path", on(func(s *script) { s.mute = true })},
		{"late", "D", "send the response header of a stream or a poll after D", func(s *script, arg string) error { return duration(&s.late, arg) }},
		{"status", "CODE[:RETRY-AFTER]", "answer with this status", setStatus},
		{"redirect", "URL", "answer 302 with this Location", setRedirect},
		{"html", "", "answer 200 with a login page", on(func(s *script) { s.html = true })},
		{"nocontenttype", "", "leave out the Content-Type", on(func(s *script) { s.noType = true })},
		{"hugeheader", "", "send header fields without end", on(func(s *script) { s.hugeHeader = true })},
		{"gzip", "", "compress, asked or not", on(func(s *script) { s.gzip = true })},
		{"chunk", "N", "a chunk border every N bytes", func(s *script, arg string) error { return count(&s.chunk, arg) }},
		{"drip", "N", "N bytes a second", func(s *script, arg string) error { return count(&s.drip, arg) }},
		{"garbage", "N", "after every Nth record one of broken JSON", func(s *script, arg string) error { return count(&s.garbage, arg) }},
		{"big", "SIZE", "one record of SIZE (100MB) after the first", func(s *script, arg string) error { return size(&s.big, arg) }},
		{"endlessline", "", "a line without end after the first record", on(func(s *script) { s.endless = true })},
		{"crlf", "", "lines end in CR LF", on(func(s *script) { s.crlf = true })},
		{"bom", "", "the stream starts with a byte order mark", on(func(s *script) { s.bom = true })},
		{"comments", "", "comment lines between and inside records", on(func(s *script) { s.comments = true })},
		{"legacy", "", "the framing of older servers: a JSON array a line", on(func(s *script) { s.legacy = true })},
	}
}

// Faults lists the faults, for help and completion. Each may be followed by
// @FIRST and *TIMES: "drop=5s*1" meets the first request of an instance only,
// "status=401@2" all but the first.
func Faults() []FaultInfo {
	var list []FaultInfo
	for _, k := range faultKinds() {
		usage := k.name
		if k.arg != "" {
			usage += "=" + k.arg
		}
		list = append(list, FaultInfo{usage, k.meaning})
	}
	return list
}

// ParseFault reads a fault: NAME[=ARG][@FIRST][*TIMES]. Its errors name the
// faults that there are.
func ParseFault(text string) (Fault, error) {
	m := regexp.MustCompile(`^([^=@*]*)(?:=(.*?))?(?:@(\d+))?(?:\*(\d+))?$`).FindStringSubmatch(text)
	if m == nil {
		return Fault{}, fmt.Errorf("fault %q: write NAME[=ARG][@FIRST][*TIMES]", text)
	}
	f := Fault{Name: m[1], Arg: m[2]}
	for i, n := range []*int{&f.First, &f.Times} {
		if m[3+i] == "" {
			continue
		}
		if err := count(n, m[3+i]); err != nil {
			return Fault{}, fmt.Errorf("fault %q: FIRST and TIMES: %w", text, err)
		}
	}
	return f, f.apply(&script{})
}

// String is the fault as ParseFault reads it.
func (f Fault) String() string {
	text := f.Name
	if f.Arg != "" {
		text += "=" + f.Arg
	}
	if f.First > 0 {
		text += "@" + strconv.Itoa(f.First)
	}
	if f.Times > 0 {
		text += "*" + strconv.Itoa(f.Times)
	}
	return text
}

// meets tells whether request number n, counted from 1, has this fault.
func (f Fault) meets(n int) bool {
	first := max(f.First, 1)
	return n >= first && (f.Times == 0 || n < first+f.Times)
}

func (f Fault) apply(s *script) error {
	var names []string
	for _, k := range faultKinds() {
		if k.name != f.Name {
			names = append(names, k.name)
			continue
		}
		if k.arg == "" && f.Arg != "" {
			return fmt.Errorf("fault %q takes no argument", f.Name)
		}
		if err := k.set(s, f.Arg); err != nil {
			return fmt.Errorf("fault %q wants %s=%s: %w", f.Name, k.name, k.arg, err)
		}
		return nil
	}
	return fmt.Errorf("no fault %q; there are %s", f.Name, strings.Join(names, ", "))
}

// check finds the first fault that does not exist.
func check(faults []Fault) error {
	for _, f := range faults {
		if err := f.apply(&script{}); err != nil {
			return err
		}
	}
	return nil
}

func on(set func(*script)) func(*script, string) error {
	return func(s *script, _ string) error {
		set(s)
		return nil
	}
}

func duration(d *time.Duration, arg string) error {
	v, err := time.ParseDuration(arg)
	if err == nil && v < 0 {
		err = errors.New("a duration of less than nothing")
	}
	*d = v
	return err
}

func count(n *int, arg string) error {
	v, err := strconv.Atoi(arg)
	if err != nil || v < 1 {
		return errors.New("not a number from 1 on")
	}
	*n = v
	return nil
}

func size(n *int64, arg string) error {
	digits := strings.TrimRight(arg, "KMGBi")
	unit, ok := map[string]int64{"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[arg[len(digits):]]
	v, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || v < 1 || !ok {
		return errors.New("not a size such as 100MB")
	}
	*n = v * unit
	return nil
}

func setStatus(s *script, arg string) error {
	code, retryAfter, _ := strings.Cut(arg, ":")
	s.retryAfter = retryAfter
	if err := count(&s.status, code); err != nil || s.status < 200 || s.status > 599 {
		return errors.New("not a status from 200 to 599")
	}
	return nil
}

func setRedirect(s *script, arg string) error {
	s.redirect = arg
	_, err := url.Parse(arg)
	if err == nil && arg == "" {
		err = errors.New("no URL")
	}
	return err
}
