package simulator

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is one kind of misbehaviour of the event endpoints. It affects Times
// requests of an instance (0: all of them) from number First on, counted from
// 1 (0 is 1).
type Fault struct {
	Name, Arg    string
	First, Times int
}

// FaultInfo says how a fault is written and what it does.
type FaultInfo struct{ Usage, Meaning string }

// effects is what the faults of one request add up to.
type effects struct {
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
	garbage                     int // a broken record follows after so many
	chunk                       int // bytes per chunk
	drip                        int // bytes per second

	database string // kind of the event database's fault

	stall      time.Duration // after the first record
	big        int64         // bytes of a record after the first
	endless    bool          // an endless line after the first record
	cleanClose int           // records until the end
	cut        int           // the record that is sent half
	reset      bool          // with TCP RST instead of FIN
	timed      bool          // after says when to hang up, or to vanish
	after      time.Duration
	vanish     bool
}

// faultKind is a row of the table of faults.
type faultKind struct {
	name, arg, meaning string
	set                func(s *effects, arg string) error
}

func faultKinds() []faultKind {
	return []faultKind{
		{"drop", "D", "close the connection after D", func(s *effects, arg string) error {
			s.timed, s.vanish = true, false
			return duration(&s.after, arg)
		}},
		{"halfopen", "D", "stop sending after D without closing", func(s *effects, arg string) error {
			s.timed, s.vanish = true, true
			return duration(&s.after, arg)
		}},
		{"stall", "D", "pause for D after the first record", func(s *effects, arg string) error { return duration(&s.stall, arg) }},
		{"cut", "N", "close in the middle of record N and of its chunk", func(s *effects, arg string) error { return count(&s.cut, arg) }},
		{"reset", "N", "the same with TCP RST", func(s *effects, arg string) error {
			s.reset = true
			return count(&s.cut, arg)
		}},
		{"cleanclose", "N", "end the response properly after N records", func(s *effects, arg string) error { return count(&s.cleanClose, arg) }},
		{"mute", "", "accept connections and never answer, at any path", on(func(s *effects) { s.mute = true })},
		{"late", "D", "send the response header after D", func(s *effects, arg string) error { return duration(&s.late, arg) }},
		{"status", "CODE[:RETRY-AFTER]", "respond with this status", setStatus},
		{"redirect", "URL", "respond with 302 and this Location", setRedirect},
		{"html", "", "respond with 200 and a login page", on(func(s *effects) { s.html = true })},
		{"nocontenttype", "", "leave the Content-Type out", on(func(s *effects) { s.noType = true })},
		{"hugeheader", "", "send endless header fields", on(func(s *effects) { s.hugeHeader = true })},
		{"gzip", "", "compress, whether requested or not", on(func(s *effects) { s.gzip = true })},
		{"chunk", "N", "start a new chunk every N bytes", func(s *effects, arg string) error { return count(&s.chunk, arg) }},
		{"drip", "N", "send N bytes per second", func(s *effects, arg string) error { return count(&s.drip, arg) }},
		{"garbage", "N", "add a record of broken JSON after every Nth", func(s *effects, arg string) error { return count(&s.garbage, arg) }},
		{"big", "SIZE", "add a record of SIZE (100MB) after the first", func(s *effects, arg string) error { return size(&s.big, arg) }},
		{"endlessline", "", "add an endless line after the first record", on(func(s *effects) { s.endless = true })},
		{"database", "KIND", "event database: missing, broken, repeat, notime, unknown, huge", setDatabase},
		{"crlf", "", "end lines in CR LF", on(func(s *effects) { s.crlf = true })},
		{"bom", "", "start the stream with a byte order mark", on(func(s *effects) { s.bom = true })},
		{"comments", "", "add comment lines between and inside records", on(func(s *effects) { s.comments = true })},
		{"legacy", "", "frame as older servers do: a JSON array per line", on(func(s *effects) { s.legacy = true })},
	}
}

// Faults lists the faults, for help and completion. Each may be followed by
// @FIRST and *TIMES: "drop=5s*1" affects only the first request of an
// instance, "status=401@2" all but the first.
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

// ParseFault reads NAME[=ARG][@FIRST][*TIMES]. Its errors list the faults that
// exist.
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
	return f, f.apply(&effects{})
}

// String returns the fault as ParseFault reads it.
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

// meets reports whether the fault affects request number n, counted from 1.
func (f Fault) meets(n int) bool {
	first := max(f.First, 1)
	return n >= first && (f.Times == 0 || n < first+f.Times)
}

func (f Fault) apply(s *effects) error {
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
			return fmt.Errorf("fault %q needs %s=%s: %w", f.Name, k.name, k.arg, err)
		}
		return nil
	}
	return fmt.Errorf("no fault %q; known are %s", f.Name, strings.Join(names, ", "))
}

// check returns an error if one of the faults does not exist.
func check(faults []Fault) error {
	for _, f := range faults {
		if err := f.apply(&effects{}); err != nil {
			return err
		}
	}
	return nil
}

func on(set func(*effects)) func(*effects, string) error {
	return func(s *effects, _ string) error {
		set(s)
		return nil
	}
}

func duration(d *time.Duration, arg string) error {
	v, err := time.ParseDuration(arg)
	if err == nil && v < 0 {
		err = errors.New("a negative duration")
	}
	*d = v
	return err
}

func count(n *int, arg string) error {
	v, err := strconv.Atoi(arg)
	if err != nil || v < 1 {
		return errors.New("not a number from 1")
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

func setStatus(s *effects, arg string) error {
	code, retryAfter, _ := strings.Cut(arg, ":")
	s.retryAfter = retryAfter
	if err := count(&s.status, code); err != nil || s.status < 200 || s.status > 599 {
		return errors.New("not a status from 200 to 599")
	}
	return nil
}

// setDatabase sets what the event database does: it responds with 404 or 500,
// with the first page for ever, with rows that lack a time or have unknown
// columns, or with 200 MB.
func setDatabase(s *effects, arg string) error {
	s.database = arg
	if !slices.Contains([]string{"missing", "broken", "repeat", "notime", "unknown", "huge"}, arg) {
		return errors.New("not a kind of fault")
	}
	return nil
}

func setRedirect(s *effects, arg string) error {
	s.redirect = arg
	_, err := url.Parse(arg)
	if err == nil && arg == "" {
		err = errors.New("the URL is missing")
	}
	return err
}
