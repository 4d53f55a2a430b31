package simulator

import (
	"fmt"
	"regexp"
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

// Faults lists the faults, for help. Each may be followed by
// @FIRST and *TIMES: "drop=5s*1" affects only the first request of an
// instance, "status=401@2" all but the first.
func Faults() []FaultInfo {
	return []FaultInfo{
		{"drop=D", "close the connection after D"},
		{"halfopen=D", "stop sending after D without closing"},
		{"stall=D", "pause for D after the first record"},
		{"cut=N", "close in the middle of record N"},
		{"reset=N", "the same with TCP RST"},
		{"cleanclose=N", "end the response properly after N records"},
		{"status=CODE[:RETRY-AFTER]", "respond with this status"},
		{"redirect=URL", "respond with 302 and this Location"},
		{"html", "respond with 200 and a login page"},
		{"nocontenttype", "leave the Content-Type out"},
		{"hugeheader", "send endless header fields"},
		{"gzip", "compress, whether requested or not"},
		{"chunk=N", "start a new chunk every N bytes"},
		{"drip=N", "send N bytes per second"},
		{"garbage=N", "add a record of broken JSON after every Nth"},
		{"big=SIZE", "add a record of SIZE (100MB) after the first"},
		{"endlessline", "add an endless line after the first record"},
		{"database=KIND", "event database: missing, broken, repeat, notime, unknown, huge"},
		{"crlf", "end lines in CR LF"},
		{"bom", "start the stream with a byte order mark"},
		{"comments", "add comment lines between and inside records"},
		{"legacy", "frame as older servers do: a JSON array per line"},
	}
}

// arguments has the form of each argument in the list of faults.
var arguments = map[string]*regexp.Regexp{
	"":                   regexp.MustCompile(`^$`),
	"D":                  regexp.MustCompile(`^[1-9]\d{0,5}(ms|s|m|h)$`),
	"N":                  regexp.MustCompile(`^[1-9]\d{0,8}$`),
	"SIZE":               regexp.MustCompile(`^[1-9]\d{0,5}MB$`),
	"CODE[:RETRY-AFTER]": regexp.MustCompile(`^[2-5]\d\d(:.+)?$`),
	"URL":                regexp.MustCompile(`.`),
	"KIND":               regexp.MustCompile(`^(missing|broken|repeat|notime|unknown|huge)$`),
}

var faultSyntax = regexp.MustCompile(`^([^=@*]*)(?:=(.*?))?(?:@([1-9]\d{0,8}))?(?:\*([1-9]\d{0,8}))?$`)

// ParseFault parses NAME[=ARG][@FIRST][*TIMES]. If the name is unknown, the error
// lists the faults.
func ParseFault(text string) (Fault, error) {
	m := faultSyntax.FindStringSubmatch(text)
	if m == nil {
		return Fault{}, fmt.Errorf("fault %q: write NAME[=ARG][@FIRST][*TIMES]", text)
	}
	f := Fault{Name: m[1], Arg: m[2]}
	f.First, _ = strconv.Atoi(m[3]) // digits or nothing
	f.Times, _ = strconv.Atoi(m[4])
	var names []string
	for _, info := range Faults() {
		name, arg, _ := strings.Cut(info.Usage, "=")
		names = append(names, name)
		switch {
		case name != f.Name:
		case arguments[arg].MatchString(f.Arg):
			return f, nil
		case arg == "":
			return f, fmt.Errorf("fault %q takes no argument", name)
		default:
			return f, fmt.Errorf("fault %q needs %s: %s", text, info.Usage, info.Meaning)
		}
	}
	return f, fmt.Errorf("no fault %q; the faults are %s", f.Name, strings.Join(names, ", "))
}

// effects are the arguments of the faults that affect one request, by name.
type effects map[string]string

// effectsOn returns the effects on request number n, counted from 1. Of two faults
// with one name, the later one counts.
func effectsOn(n int, faults []Fault) effects {
	e := effects{}
	for _, f := range faults {
		first := max(f.First, 1)
		if n >= first && (f.Times == 0 || n < first+f.Times) {
			e[f.Name] = f.Arg
		}
	}
	return e
}

func (e effects) has(name string) bool {
	_, ok := e[name]
	return ok
}

// number returns a fault's number, or 0 without the fault.
func (e effects) number(name string) int {
	n, _ := strconv.Atoi(e[name]) // ParseFault has checked it
	return n
}

// duration returns a fault's duration, or 0 without the fault.
func (e effects) duration(name string) time.Duration {
	d, _ := time.ParseDuration(e[name]) // ParseFault has checked it
	return d
}
