package cmd

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/simulator"
)

// loggingServer is a simulator that notes the secrets that its requests carry:
// header values, and user names of Basic authorization, that contain "secret".
type loggingServer struct {
	url, id string // id is that of its only instance

	mu   sync.Mutex
	seen map[string]bool
	hits int
}

func newLoggingServer(t *testing.T, name string) *loggingServer {
	t.Helper()
	l := &loggingServer{seen: map[string]bool{}}
	in := simulator.Fleet(1)[0]
	in.Name = name
	in.ID = fmt.Sprintf("00000000-0000-4000-8000-%012x", []byte(name)[:6])
	l.id = in.ID
	sim := newSimulator(t, simulator.Options{Seed: 1, Instances: []simulator.Instance{in}, Rate: 200})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.note(r)
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

func (l *loggingServer) note(r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hits++
	if user, _, ok := r.BasicAuth(); ok {
		l.seen[user] = true
	}
	for _, values := range r.Header {
		for _, v := range values {
			if strings.Contains(v, "secret") {
				l.seen[v] = true
			}
		}
	}
}

// take returns the secrets that came since the last call, with "-" for requests
// without any, and "" if no request came.
func (l *loggingServer) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := slices.Sorted(maps.Keys(l.seen))
	if l.hits > 0 && len(list) == 0 {
		list = []string{"-"}
	}
	l.seen, l.hits = map[string]bool{}, 0
	return strings.Join(list, " ")
}

// writeConfig makes a config file and returns its name.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config.yaml")
	check(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestHeadersNeverCross(t *testing.T) {
	north, south := newLoggingServer(t, "North gate"), newLoggingServer(t, "South gate")
	other := newLoggingServer(t, "Other gate")
	moved := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, south.url+strings.Replace(r.URL.String(), north.id, south.id, 1), http.StatusTemporaryRedirect)
	}))
	defer moved.Close()
	token := filepath.Join(t.TempDir(), "token")
	check(t, os.WriteFile(token, []byte("south-secret\n"), 0o600))
	file := writeConfig(t, fmt.Sprintf(`servers:
  - {name: north, url: %q, header: ["Authorization: north-secret"]}
  - {name: south, url: %q, header: ["Authorization: @%s"]}
  - {name: moved, url: %q, header: ["X-Key: moved-secret"]}
instances:
  - {name: n, id: %q, server: north}
  - {name: s, id: %q, server: South}
  - {name: o, id: %q, server: %q}
server: north
header: ["X-Common: common-secret"]
`, north.url, south.url, token, moved.URL, north.id, south.id, other.id, other.url))
	pasted := func(l *loggingServer) string { return l.url + "/v1/core/instance/" + l.id + "/consume_events_sse" }
	withUser := strings.Replace(pasted(south), "//", "//secret-me:x@", 1)
	const typed = "Authorization: typed-secret"
	for _, tc := range []struct {
		name                string
		args                []string
		north, south, other string
	}{
		{"the default server", []string{"instances"}, "north-secret", "", ""},
		{"a name", []string{"instances", "-s", "SOUTH"}, "", "south-secret", ""},
		{"several names", []string{"instances", "-s", "north", "-s", "south"}, "north-secret", "south-secret", ""},
		{"a URL of a name", []string{"instances", "-s", south.url}, "", "south-secret", ""},
		{"a URL", []string{"instances", "-s", other.url, "-s", "north"}, "north-secret", "", "common-secret"},
		{"a glob over several", []string{"tail", "-n", "9", "-s", "north", "-s", "south", "-s", other.url, "*gate"},
			"north-secret", "south-secret", "common-secret"},
		{"configured instances", []string{"poll", "--once", "n", "s", "o"}, "north-secret", "south-secret", "common-secret"},
		{"pasted URLs", []string{"poll", "--once", pasted(south), pasted(north), pasted(other)},
			"north-secret", "south-secret", "-"},
		{"poll", []string{"poll", "--once", "-s", "north", "-s", "south", north.id, south.id},
			"north-secret", "south-secret", ""},
		{"stats", []string{"stats", "-n", "9", "-s", "south", "-s", other.url}, "", "south-secret", "common-secret"},
		{"crops", []string{"crops", "-n", "2", "-d", t.TempDir(), "-s", "south", south.id, pasted(other)},
			"", "south-secret", "-"},
		{"a redirect", []string{"tail", "-n", "1", "-s", "moved", north.id}, "", "-", ""},
		{"a password in a pasted URL", []string{"poll", "--once", withUser, "n"}, "north-secret", "secret-me", ""},

		{"-H to the servers of -s", []string{"instances", "-H", typed, "-s", "north", "-s", other.url},
			"typed-secret", "", "typed-secret"},
		{"-H not beyond -s", []string{"poll", "--once", "-H", "X-Key: typed-secret", "-s", other.url, other.id, "n"},
			"north-secret", "", "typed-secret"},
		{"-H to nobody else", []string{"poll", "--once", "-H", typed, pasted(other)}, "", "", "typed-secret"},
		{"-H instead of the server's own", []string{"instances", "-H", typed}, "typed-secret", "", ""},
		{"-H beside the server's own", []string{"instances", "-H", "X-Key: typed-secret"},
			"north-secret typed-secret", "", ""},
		{"-H to a pasted URL", []string{"poll", "--once", "-H", typed, "-s", other.url, other.id, pasted(south)},
			"", "typed-secret", "typed-secret"},
		{"-H and a redirect", []string{"tail", "-n", "1", "-H", typed, "-s", "moved", north.id}, "", "-", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := startEnv(t, env{}, append(tc.args, "--config", file)...)
			check(t, <-r.ended)
			for _, got := range []struct{ name, seen, want string }{
				{"north", north.take(), tc.north},
				{"south", south.take(), tc.south},
				{"other", other.take(), tc.other},
			} {
				if got.seen != got.want {
					t.Errorf("%s got %q, want %q", got.name, got.seen, got.want)
				}
			}
			if text := r.out.String() + r.err.String(); strings.Contains(text, "secret") {
				t.Errorf("a secret is printed: %s", text)
			}
		})
	}
}

// A header of the environment is for servers given by --server URL or RTEV_SERVER,
// not for those that have a name, nor for those that only a pasted URL names.
func TestHeaderOfTheEnvironment(t *testing.T) {
	named, other := newLoggingServer(t, "North gate"), newLoggingServer(t, "Other gate")
	pasted := newLoggingServer(t, "Pasted")
	file := writeConfig(t, fmt.Sprintf("servers:\n  - {name: north, url: %q}\n", named.url))
	variables := func(name string) string {
		return map[string]string{"RTEV_HEADER": "Authorization: env-secret", "RTEV_SERVER": "north " + other.url}[name]
	}
	url := func(l *loggingServer) string { return l.url + "/v1/core/instance/" + l.id }
	for _, args := range [][]string{{named.id, other.id, url(pasted)}, {url(other), url(named), url(pasted)}} {
		r := startEnv(t, env{getenv: variables}, append([]string{"poll", "--once", "--config", file}, args...)...)
		check(t, <-r.ended)
		if got := named.take() + " " + other.take() + " " + pasted.take(); got != "- env-secret -" {
			t.Errorf("%s: the named server, the other one and the pasted one got %q", args, got)
		}
	}
}

func TestServersThatCannotBeUsed(t *testing.T) {
	file := writeConfig(t, `server: north
servers:
  - {name: north, url: http://nvr1}
  - {name: cert, url: https://nvr3, cert: /nowhere/own.pem}
  - {name: bad, url: "ftp://nvr4"}
  - {name: nofile, url: http://nvr5, header: ["Authorization: @/nowhere/token"]}
instances:
  - {name: yard, id: i, server: cert}
  - {name: dock, id: i, server: bad}
`)
	for args, want := range map[string]string{
		"tail yard":           file + `:8: instance "yard": client certificate cannot be used: open /nowhere/own.pem`,
		"tail dock":           file + `:9: instance "dock": bad server URL`,
		"instances -s nofile": `header Authorization: open /nowhere/token: no such file`,
	} {
		r := startDial(t, noNetwork, append(strings.Fields(args), "--config", file)...)
		end := status(<-r.ended)
		if end.code != exitUsage || !strings.Contains(end.message, want) {
			t.Errorf("%s: status %d\n%swant %s", args, end.code, end.message, want)
		}
	}
}

func TestErrorsNameTheLineOfTheFile(t *testing.T) {
	named := newLoggingServer(t, "North gate")
	file := writeConfig(t, fmt.Sprintf(`server: north
servers:
  - {name: north, url: %q}
  - {name: faraway, url: "http://127.0.0.1:1"}
instances:
  - {name: gate, id: 00000000-0000-0000-0000-00000000beef}
  - {name: yard, id: 00000000-0000-0000-0000-00000000beef, server: "127.0.0.1:2"}
  - {name: dock, id: 00000000-0000-0000-0000-00000000beef, server: norht}
`, named.url))
	for args, want := range map[string]string{
		"tail gate":              `4 try: check the instance "gate" in ` + file + ":6\n",
		"poll gate --once":       `4 try: check the instance "gate" in ` + file + ":6\n",
		"tail yard":              `3 try: check the instance "yard" in ` + file + ":7\n",
		"tail dock -q":           `3 try: check the instance "dock" in ` + file + ":8\n",
		"instances -s faraway":   "3 ",
		"instances -s 127.0.0.1": "3 ",
	} {
		e := env{}
		if strings.Contains(args, "dock") {
			e.dial = noNetwork
		}
		r := startEnv(t, e, append(strings.Fields(args), "--config", file)...)
		end := status(<-r.ended)
		code, text, _ := strings.Cut(want, " ")
		unexpected := text == "" && strings.Contains(end.message, "try:")
		if fmt.Sprint(end.code) != code || !strings.HasSuffix(end.message, text) || unexpected {
			t.Errorf("%s: status %d\n%swant %s", args, end.code, end.message, want)
		}
	}
}

func TestDefaultsOfFlags(t *testing.T) {
	file := writeConfig(t, `defaults:
  events: "!track"
  no-header: true
  columns: [_type]
  time: off
  spool: q
  interval: 5s
`)
	recording := `{"$id":"track","instance_id":"i"}` + "\n" + `{"$id":"crop","instance_id":"i"}` + "\n"
	for args, want := range map[string]string{
		"tail - -o csv":             "crop\n",
		"tail - -o csv -e *":        "track\ncrop\n",
		"tail - -o csv -c a=_type":  "crop\n",
		"tail - -o csv -e track":    "track\n",
		"tail - -o ndjson":          `{"_type":"crop"}`,
		"tail - -o text -e crop":    "crop picture",
		"poll - -o csv --no-header": "crop\n",
		"crops - -d " + t.TempDir(): "",
	} {
		r := startEnv(t, env{stdin: strings.NewReader(recording)}, append(strings.Fields(args), "--config", file)...)
		err := <-r.ended
		if err != nil || !slices.Equal(strings.Fields(r.out.String()), strings.Fields(want)) {
			t.Errorf("%s: %v, %q, want %q", args, err, r.out.String(), want)
		}
	}
}

func TestMistakesInDefaults(t *testing.T) {
	for text, want := range map[string]string{
		"evnets: x":   `:2: defaults: no flag --evnets; did you mean "events"?`,
		"rate: max":   `:2: defaults: no flag --rate`, // of simulate, which takes none
		"interval: x": `:2: defaults: --interval: `,
		"output: csv": `:2: defaults: --output cannot be set here`,
	} {
		file := writeConfig(t, "defaults:\n  "+text+"\n")
		r := startDial(t, noNetwork, "stats", "--config", file)
		err := <-r.ended
		if _, ok := errors.AsType[*config.Error](err); !ok || !strings.Contains(err.Error(), file+want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// The example of "rtev help config" is a configuration file that can be used.
func TestExampleOfHelpConfig(t *testing.T) {
	r := startEnv(t, env{}, "help", "config")
	check(t, <-r.ended)
	var example strings.Builder
	for line := range strings.Lines(r.out.String()) {
		if text, ok := strings.CutPrefix(line, "  "); ok {
			example.WriteString(text)
		}
	}
	file := writeConfig(t, strings.ReplaceAll(example.String(), "/etc/rtev/", "/nowhere/"))
	a := &app{env: env{getenv: func(string) string { return "" }}}
	c, _, err := newRoot(a).Find([]string{"tail"})
	if err == nil {
		err = c.ParseFlags([]string{"--config", file})
	}
	if err == nil {
		err = a.load(c, nil)
	}
	if err != nil {
		t.Fatalf("%v in\n%s", err, example.String())
	}
	north := a.cfg.Resolve("north")
	if len(a.cfg.Servers) != 2 || len(a.cfg.Instances) != 2 || len(a.cfg.Default) != 2 || north.Cert == "" ||
		north.CACert == "" || north.Key == "" ||
		c.Flags().Lookup("time").Value.String() != "rfc3339" || c.Flags().Lookup("utc").Value.String() != "true" {
		t.Errorf("%+v", a.cfg)
	}
}
