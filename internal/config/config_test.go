package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// flagSet returns the parsed flags of a command that has all of them.
func flagSet(t testing.TB, args ...string) *pflag.FlagSet {
	t.Helper()
	f := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.StringArrayP("server", "s", []string{"http://unset"}, "")
	f.StringArrayP("header", "H", nil, "")
	f.StringP("output", "o", "unset", "")
	f.String("color", "unset", "")
	f.String("config", "unset", "")
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f
}

// env is an environment.
type env map[string]string

func (e env) get(name string) string { return e[name] }

// write creates a file and returns its name.
func write(t testing.TB, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const everyKey = `# every key
server: [http://f1, f2:80]
header:
  - "X-Token: @token"
output: csv
color: never
instances:
  - {name: gate, id: 899c89f9-90c3-c633-8586-8f09b005ebed, server: http://nvr1:3546}
  - name: North.Door 7
    id: 00000000-0000-0000-0000-000000000007
default: gate
`

func TestLoad(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "rtev.yaml"), everyKey)
	instances := []Named{
		{"gate", "899c89f9-90c3-c633-8586-8f09b005ebed", "http://nvr1:3546", file + ":8"},
		{"North.Door 7", "00000000-0000-0000-0000-000000000007", "", file + ":9"},
	}
	fromFile := Config{File: file, Server: []string{"http://f1", "f2:80"}, Header: []string{"X-Token: @token"},
		Output: "csv", Color: "never", Instances: instances, Default: []string{"gate"}}
	fromEnv := fromFile
	fromEnv.Server, fromEnv.Header = []string{"e1", "http://e2"}, []string{"A: 1, 2", "B: 3"}
	fromEnv.Output, fromEnv.Color, fromEnv.Default = "ndjson", "always", []string{"a b", "gate*"}
	fromFlags := fromEnv
	fromFlags.Server, fromFlags.Header = []string{"a,b", "[::1]:3546"}, []string{`Q: "x", y`, ""}
	fromFlags.Output, fromFlags.Color = "text", "auto"
	variables := env{"RTEV_CONFIG": file, "RTEV_SERVER": " e1  http://e2", "RTEV_HEADER": "A: 1, 2\n\r\n B: 3\r\n",
		"RTEV_OUTPUT": "json", "RTEV_COLOR": "always", "RTEV_INSTANCE": "a b, gate*,,"}
	for _, tc := range []struct {
		name string
		args []string
		env  env
		want Config
	}{
		{"defaults", nil, env{}, Config{Server: []string{DefaultServer}, Output: "text", Color: "auto"}},
		{"file", nil, env{"RTEV_CONFIG": file}, fromFile},
		{"environment over file", nil, variables, fromEnv},
		{"flags over environment",
			[]string{"-s", "a,b", "-s", "[::1]:3546", "-H", `Q: "x", y`, "-H", "", "-o", "text", "--color", "auto"},
			variables, fromFlags},
		{"an empty list of a flag is kept", []string{"-s", ""}, env{},
			Config{Server: []string{""}, Output: "text", Color: "auto"}},
		{"json is ndjson", []string{"-o", "json"}, env{},
			Config{Server: []string{DefaultServer}, Output: "ndjson", Color: "auto"}},
		{"empty variables", nil, env{"RTEV_SERVER": " ", "RTEV_OUTPUT": "", "RTEV_INSTANCE": ","},
			Config{Server: []string{DefaultServer}, Output: "text", Color: "auto"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := load(flagSet(t, tc.args...), tc.env.get, "")
			if err != nil {
				t.Fatal(err)
			}
			if !same(*got, tc.want) {
				t.Errorf("got  %+v\nwant %+v", *got, tc.want)
			}
		})
	}
}

// same reports whether configurations are equal; nil and empty lists are.
func same(a, b Config) bool {
	for _, c := range []*Config{&a, &b} {
		for _, l := range []*[]string{&c.Server, &c.Header, &c.Default} {
			if len(*l) == 0 {
				*l = nil
			}
		}
	}
	return reflect.DeepEqual(a, b)
}

func TestLoadWithoutFlags(t *testing.T) {
	c, err := load(pflag.NewFlagSet("bare", pflag.ContinueOnError), env{"RTEV_SERVER": "e"}.get, "")
	if err != nil || c.Server[0] != "e" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestWrongValues(t *testing.T) {
	for _, tc := range []struct {
		args []string
		env  env
		want string
	}{
		{[]string{"-o", "jsn"}, nil, `output: "jsn" is not one of text, ndjson, json, csv, prom`},
		{[]string{"-o", ""}, nil, `output: "" is not one of`},
		{[]string{"--color", "Never"}, nil, `color: "Never" is not one of auto, always, never`},
		{nil, env{"RTEV_COLOR": "alway"}, `color: "alway" is not one of auto, always, never`},
		{[]string{"--config", ""}, nil, `--config: open : `},
	} {
		_, err := load(flagSet(t, tc.args...), tc.env.get, "")
		wantError(t, err, tc.want)
	}
}

const twoServers = `server: north
servers:
  - {name: North, url: https://nvr1, header: ["X-Token: north"], cacert: ca.pem, cert: c.pem, key: k.pem}
  - name: south
    url: nvr2:3546
    header: "X-Token: @south"
header: ["X-Token: other"]
instances:
  - {name: gate, id: i1, server: south}
`

func TestResolve(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "rtev.yaml"), twoServers)
	north := Server{Name: "North", URL: "https://nvr1", Header: []string{"X-Token: north"}, CACert: "ca.pem",
		Cert: "c.pem", Key: "k.pem", Place: file + ":3"}
	south := Server{Name: "south", URL: "nvr2:3546", Header: []string{"X-Token: @south"}, Place: file + ":4"}
	for text, want := range map[string]Server{
		"north": north, "SOUTH": south,
		"http://nvr3":  {URL: "http://nvr3"},
		"https://nvr1": {URL: "https://nvr1"},
	} {
		c, err := load(flagSet(t, "-H", "A: 1"), env{"RTEV_CONFIG": file}.get, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Resolve(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
		if c.Server[0] != "north" || c.Instances[0].Server != "south" || c.Instances[0].Place != file+":9" {
			t.Errorf("%s: %+v", text, c)
		}
	}
}

func TestApplyDefaults(t *testing.T) {
	newFlags := func(args ...string) *pflag.FlagSet {
		f := flagSet(t)
		f.StringArrayP("events", "e", nil, "")
		f.StringArrayP("where", "w", nil, "")
		f.Bool("utc", false, "")
		f.DurationP("interval", "i", 0, "")
		if err := f.Parse(args); err != nil {
			t.Fatal(err)
		}
		return f
	}
	known := []string{"events", "where", "utc", "interval", "idle-timeout", "server", "output", "config", "help"}
	apply := func(text string, args ...string) (*pflag.FlagSet, error) {
		file := write(t, filepath.Join(t.TempDir(), "rtev.yaml"), "defaults:\n"+text)
		flags := newFlags(args...)
		c, err := load(flags, env{"RTEV_CONFIG": file}.get, "")
		if err == nil {
			err = c.ApplyDefaults(flags, known)
		}
		return flags, err
	}
	flags, err := apply(`  events: '!track,!statistics'
  where: [a, 'b == 1']
  utc: true
  idle-timeout: 1m
  interval: 5s
`, "-i", "3s")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"events": "[!track,!statistics]", "where": "[a,b == 1]", "utc": "true", "interval": "3s",
	} {
		if f := flags.Lookup(name); strings.ReplaceAll(f.Value.String(), `"`, "") != want ||
			f.Changed != (name == "interval") {
			t.Errorf("%s is %s (changed: %v), want %s", name, f.Value, f.Changed, want)
		}
	}
	if flags, err = apply("  events: x\n", "-e", "y"); err != nil || flags.Lookup("events").Value.String() != "[y]" {
		t.Errorf("%v, events %s", err, flags.Lookup("events").Value)
	}
	for text, want := range map[string]string{
		"  event: x\n":                  `rtev.yaml:2: defaults: no flag --event; did you mean "events"?`,
		"  utc: true\n  zzzzzzzzz: x\n": "rtev.yaml:3: defaults: no flag --zzzzzzzzz",
		"  output: csv\n":               "rtev.yaml:2: defaults: --output cannot be set here",
		"  config: x\n":                 "rtev.yaml:2: defaults: --config cannot be set here",
		"  utc: maybe\n":                "rtev.yaml:2: defaults: --utc: ",
		"  utc: {a: b}\n":               "rtev.yaml:2: want text",
		"  - utc\n":                     "rtev.yaml:2: want flags and values, such as {utc: true}",
	} {
		_, err := apply(text)
		wantError(t, err, want)
	}
}

// wantError checks that err is an *Error of one line that holds want.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func BenchmarkLoad(b *testing.B) {
	file := write(b, filepath.Join(b.TempDir(), "rtev.yaml"), everyKey)
	flags := flagSet(b, "-s", "x", "-o", "csv")
	get := env{"RTEV_CONFIG": file, "RTEV_INSTANCE": "a,b"}.get
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(flags, get); err != nil {
			b.Fatal(err)
		}
	}
}
