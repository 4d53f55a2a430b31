package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseAccepts(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", "", "map[]"},
		{"comments", "# none\n", "map[]"},
		{"null", "~", "map[]"},
		{"byte order mark", "\ufeffoutput: csv\n", "map[output:csv]"},
		{"keys without a value", "server:\nheader: ~\noutput: null\ninstances:\ndefault:\n", "map[]"},
		{"one or several", "server: a\ndefault: [b, 'c d']\n", "map[default:[b c d] server:[a]]"},
		{"empty lists", "server: []\ndefault: []\nheader: []\ninstances: []\n", "map[]"},
		{"text as it was written", "default: [007, 1e3, yes, 2026-11-25, 'null', 0x1F]\n",
			"map[default:[007 1e3 yes 2026-11-25 null 0x1F]]"},
		{"anchors", "server: &s http://a\ninstances:\n- {name: x, id: y, server: *s}\n",
			"map[server:[http://a]] {x y http://a f:3}"},
		{"keys with dots and capitals stay", "instances: [{name: A.B, id: X.Y}]\n", "map[] {A.B X.Y  f:1}"},
		{"CRLF", "output: csv\r\ncolor: never\r\n", "map[color:never output:csv]"},
		{"document marks", "---\noutput: csv\n...\n", "map[output:csv]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := parse("f", []byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(c.settings())
			for _, in := range c.Instances {
				got += fmt.Sprint(" ", in)
			}
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"unknown key", "output: csv\nsever: x\n", `f:2: unknown key "sever"; did you mean "server"?`},
		{"unknown key in capitals", "Server: x\n", `f:1: unknown key "Server"; did you mean "server"?`},
		{"singular", "instance: []\n", `f:1: unknown key "instance"; did you mean "instances"?`},
		{"unknown key without a value", "colour:\n", `f:1: unknown key "colour"; did you mean "color"?`},
		{"unknown key of an item", "instances:\n  - name: a\n    idd: b\n", `f:3: unknown key "idd"; did you mean "id"?`},
		{"merge key", "instances:\n  - {<<: {}, name: a}\n", `f:2: unknown key "<<"`},
		{"list as key", "? [a]\n: b\n", `f:1: unknown key ""`},
		{"giant key", strings.Repeat("k", 1000) + ": x\n",
			`f:1: unknown key "` + strings.Repeat("k", 64) + `"; see rtev help config`},
		{"key twice", "output: csv\ncolor: never\noutput: text\n", `f:3: output is set twice`},
		{"text instead of a mapping", "server\n", `f:1: want keys and values`},
		{"list instead of a mapping", "- server: x\n", `f:1: want keys and values`},
		{"map for text", "output: {a: b}\n", `f:1: want text, in quotes if it contains a colon`},
		{"list for text", "color:\n- auto\n", `f:2: want text`},
		{"list in a list", "server: [[a]]\n", `f:1: want text`},
		{"cycle", "server: &a [*a]\n", `f:1: want text`},
		{"instances as a map", "instances:\n  gate: x\n", `f:2: want a list`},
		{"item as text", "instances: [gate]\n", `f:1: want keys and values`},
		{"item without id", "instances:\n- {name: a}\n", `f:2: an instance needs a name and an id`},
		{"item without name", "instances:\n- {name: , id: b}\n", `f:2: an instance needs a name and an id`},
		{"name twice", "instances:\n- {name: a, id: b}\n- {name: A, id: c}\n", `f:3: the instance name "A" is used twice`},
		{"server without url", "servers:\n- {name: a}\n", `f:2: a server needs a name and a url`},
		{"server's key", "servers:\n- {name: a, urll: b}\n", `f:2: unknown key "urll"; did you mean "url"?`},
		{"server's name twice", "servers:\n- {name: a, url: b}\n- {name: A, url: c}\n",
			`f:3: the server name "A" is used twice`},
		{"header without quotes of a server", "servers:\n- name: a\n  url: b\n  header: {Authorization: sesame}\n",
			`f:4: want text, in quotes`},
		{"header without quotes in a list", "header:\n- Authorization: sesame\n", `f:2: want text, in quotes`},
		{"header without quotes", "color: auto\nheader: Authorization: sesame\n",
			`f: yaml: line 2: mapping values are not allowed in this context`},
		{"not YAML", "a: b\nserver: [x\noutput: csv\n", `f: yaml: `},
		{"bad UTF-8", "server: \xff\n", `f: yaml: `},
		{"unknown anchor", "server: *nobody\n", `f: yaml: unknown anchor 'nobody' referenced`},
		{"too deep", strings.Repeat("[", 20_000), `f: yaml: `},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := parse("f", []byte(tc.in))
			wantError(t, err, tc.want)
			if err != nil && strings.Contains(err.Error(), "sesame") {
				t.Errorf("the value of a header was printed: %v", err)
			}
		})
	}
}

// Aliases must not turn a small file into a huge configuration.
func TestAliasesDoNotMultiply(t *testing.T) {
	in := "default: &a [x" + strings.Repeat(", x", 1000) + "]\nserver: [" + strings.Repeat("*a,", 1000) + "]\n"
	_, err := parse("f", []byte(in))
	wantError(t, err, "want text")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(everyKey))
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds: ", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parse("f", data)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("%q: %T %v", data, err, err)
			}
			return
		}
		for _, s := range c.Servers {
			if s.Name == "" || s.URL == "" {
				t.Fatalf("%+v", s)
			}
		}
		for _, in := range c.Instances {
			if in.Name == "" || in.ID == "" {
				t.Fatalf("%+v", in)
			}
		}
	})
}
