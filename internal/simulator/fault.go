package simulator

import (
	"errors"
	"fmt"
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

// FaultInfo describes the syntax and the effect of a fault.
type FaultInfo struct{ Usage, Meaning string }

// effects holds the combined effects of the faults of one request.
type effects struct {
	status     status
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

	database databaseFault

	stall      time.Duration // after the first record
	big        size          // of a record after the first
	endless    bool          // an endless line after the first record
	cleanClose int           // records until the end
	cut, reset int           // the record that is sent half
	drop       time.Duration // when to hang up
	halfOpen   time.Duration // when to stop sending
}

// status is a refusal.
type status struct {
	code       int
	retryAfter string
}

// size is a number of bytes.
type size int64

// databaseFault is a fault of the event database: it responds with 404 or 500,
// always with the first page, with rows that lack a time or have unknown columns,
// or with 200 MB.
type databaseFault string

// faultKind is a row of the table of faults.
type faultKind struct {
	name, arg, meaning string
	field              func(e *effects) any // a pointer to what set sets
}

func faultKinds() []faultKind {
	return []faultKind{
		{"drop", "D", "close the connection after D", func(e *effects) any { return &e.drop }},
		{"halfopen", "D", "stop sending after D without closing", func(e *effects) any { return &e.halfOpen }},
		{"stall", "D", "pause for D after the first record", func(e *effects) any { return &e.stall }},
		{"cut", "N", "close in the middle of record N and of its chunk", func(e *effects) any { return &e.cut }},
		{"reset", "N", "the same with TCP RST", func(e *effects) any { return &e.reset }},
		{"cleanclose", "N", "end the response properly after N records", func(e *effects) any { return &e.cleanClose }},
		{"mute", "", "accept connections and never respond, at any path", func(e *effects) any { return &e.mute }},
		{"late", "D", "send the response header after D", func(e *effects) any { return &e.late }},
		{"status", "CODE[:RETRY-AFTER]", "respond with this status", func(e *effects) any { return &e.status }},
		{"redirect", "URL", "respond with 302 and this Location", func(e *effects) any { return &e.redirect }},
		{"html", "", "respond with 200 and a login page", func(e *effects) any { return &e.html }},
		{"nocontenttype", "", "leave the Content-Type out", func(e *effects) any { return &e.noType }},
		{"hugeheader", "", "send endless header fields", func(e *effects) any { return &e.hugeHeader }},
		{"gzip", "", "compress, whether requested or not", func(e *effects) any { return &e.gzip }},
		{"chunk", "N", "start a new chunk every N bytes", func(e *effects) any { return &e.chunk }},
		{"drip", "N", "send N bytes per second", func(e *effects) any { return &e.drip }},
		{"garbage", "N", "add a record of broken JSON after every Nth", func(e *effects) any { return &e.garbage }},
		{"big", "SIZE", "add a record of SIZE (100MB) after the first", func(e *effects) any { return &e.big }},
		{"endlessline", "", "add an endless line after the first record", func(e *effects) any { return &e.endless }},
		{"database", "KIND", "event database: missing, broken, repeat, notime, unknown, huge", func(e *effects) any { return &e.database }},
		{"crlf", "", "end lines in CR LF", func(e *effects) any { return &e.crlf }},
		{"bom", "", "start the stream with a byte order mark", func(e *effects) any { return &e.bom }},
		{"comments", "", "add comment lines between and inside records", func(e *effects) any { return &e.comments }},
		{"legacy", "", "frame as older servers do: a JSON array per line", func(e *effects) any { return &e.legacy }},
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

// ParseFault parses NAME[=ARG][@FIRST][*TIMES]. If the name is unknown, the error
// lists the faults.
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
		if err := set(n, m[3+i]); err != nil {
			return Fault{}, fmt.Errorf("fault %q: FIRST and TIMES: %w", text, err)
		}
	}
	return f, f.apply(&effects{})
}

// meets reports whether the fault affects request number n, counted from 1.
func (f Fault) meets(n int) bool {
	first := max(f.First, 1)
	return n >= first && (f.Times == 0 || n < first+f.Times)
}

func (f Fault) apply(e *effects) error {
	var names []string
	for _, k := range faultKinds() {
		if k.name != f.Name {
			names = append(names, k.name)
			continue
		}
		if k.arg == "" && f.Arg != "" {
			return fmt.Errorf("fault %q takes no argument", f.Name)
		}
		if err := set(k.field(e), f.Arg); err != nil {
			return fmt.Errorf("fault %q needs %s=%s: %w", f.Name, k.name, k.arg, err)
		}
		return nil
	}
	return fmt.Errorf("no fault %q; the faults are %s", f.Name, strings.Join(names, ", "))
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

// set sets a field of effects to the argument of a fault.
func set(field any, arg string) (err error) {
	switch f := field.(type) {
	case *bool:
		*f = true
	case *int:
		if *f, err = strconv.Atoi(arg); err != nil || *f < 1 {
			return errors.New("not a number from 1")
		}
	case *time.Duration:
		if *f, err = time.ParseDuration(arg); err == nil && *f < 0 {
			return errors.New("a negative duration")
		}
		*f = max(*f, 1) // 0 would be no fault
	case *string:
		if *f = arg; arg == "" {
			return errors.New("the URL is missing")
		}
	case *size:
		*f, err = parseSize(arg)
	case *status:
		code, retryAfter, _ := strings.Cut(arg, ":")
		f.retryAfter = retryAfter
		if f.code, err = strconv.Atoi(code); err != nil || f.code < 200 || f.code > 599 {
			return errors.New("not a status from 200 to 599")
		}
	case *databaseFault:
		if *f = databaseFault(arg); !slices.Contains([]string{"missing", "broken", "repeat", "notime", "unknown", "huge"}, arg) {
			return errors.New("not a kind of fault")
		}
	}
	return err
}

func parseSize(arg string) (size, error) {
	digits := strings.TrimRight(arg, "KMGB")
	unit, ok := map[string]int64{"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9}[arg[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n < 1 || !ok {
		return 0, errors.New("not a size such as 100MB")
	}
	return size(n * unit), nil
}
