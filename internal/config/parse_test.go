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
		{"empty lists", "default: []\nheader: []\ninstances: []\n", "map[default:[] header:[] instances:[]]"},
		{"text as it was written", "default: [007, 1e3, yes, 2026-11-25, 'null', 0x1F]\n", "map[default:[007 1e3 yes 2026-11-25 null 0x1F]]"},
		{"anchors", "server: &s http://a\ninstances:\n- {name: x, id: y, server: *s}\n", "map[instances:[{x y http://a 3}] server:[http://a]]"},
		{"keys with dots and capitals stay", "instances: [{name: A.B, id: X.Y}]\n", "map[instances:[{A.B X.Y  1}]]"},
		{"CRLF", "output: csv\r\ncolor: never\r\n", "map[color:never output:csv]"},
		{"document marks", "---\noutput: csv\n...\n", "map[output:csv]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := parse("f", []byte(tc.in))
			if err != nil || fmt.Sprint(got) != tc.want {
				t.Errorf("got %v, %v; want %s", got, err, tc.want)
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
		{"giant key", strings.Repeat("k", 1000) + ": x\n", `f:1: unknown key "` + strings.Repeat("k", 64) + `"; `},
		{"key twice", "output: csv\ncolor: never\noutput: text\n", `f:3: output is already set in line 1`},
		{"key twice, once without a value", "output:\noutput: text\n", `f:2: output is already set in line 1`},
		{"text instead of a mapping", "server\n", `f:1: want keys and values, such as "server: …"`},
		{"list instead of a mapping", "- server: x\n", `f:1: want keys and values`},
		{"map for text", "output: {a: b}\n", `f:1: output: want text, not keys and values`},
		{"list for text", "color:\n- auto\n", `f:2: color: want text, not a list`},
		{"list in a list", "server: [[a]]\n", `f:1: server: want text, not a list`},
		{"cycle", "server: &a [*a]\n", `f:1: server: want text, not a list`},
		{"empty text", "server: ''\n", `f:1: server: the text is empty`},
		{"null in a list", "default:\n- a\n-\n", `f:3: default: the text is empty`},
		{"no server", "server: []\n", `f:1: server: the list is empty; want a URL`},
		{"line end", "default: [\"a\\nb\"]\n", `f:1: default: a control character or line end in the text`},
		{"wrong word", "\noutput: jsn\n", `f:2: output: "jsn" is not one of text, ndjson, json, csv, prom; did you mean "json"?`},
		{"wrong word for colour", "color: yes\n", `f:1: color: "yes" is not one of auto, always, never`},
		{"instances as a map", "instances:\n  gate: x\n", `f:2: instances: want a list of {name: …, id: …, server: …}, not keys and values`},
		{"instances as text", "instances: gate\n", `f:1: instances: want a list of {name: …, id: …, server: …}, not text`},
		{"item as text", "instances: [gate]\n", `f:1: want keys and values, such as "name: …"`},
		{"item without id", "instances:\n- {name: a}\n", `f:2: instances: an item without id`},
		{"item without name", "instances:\n- {name: , id: b}\n", `f:2: instances: an item without name`},
		{"name twice", "instances:\n- {name: a, id: b}\n- {name: A, id: c}\n", `f:3: instances: the name "A" is used twice`},
		{"no near key", "zzzzzzzz: x\n", `f:1: unknown key "zzzzzzzz"; it must be one of server, servers, header, output, color, instances, default, defaults`},
		{"server without url", "servers:\n- {name: a}\n", `f:2: servers: an item without url`},
		{"servers as text", "servers: a\n", `f:1: servers: want a list of {name: …, url: …}, not text`},
		{"server's key", "servers:\n- {name: a, urll: b}\n", `f:2: unknown key "urll"; did you mean "url"?`},
		{"server's name twice", "servers:\n- {name: a, url: b}\n- {name: A, url: c}\n", `f:3: servers: the name "A" is used twice`},
		{"insecure", "servers:\n- {name: a, url: b, insecure: perhaps}\n", `f:2: insecure: want true or false, not "perhaps"`},
		{"header without quotes of a server", "servers:\n- name: a\n  url: b\n  header: {Authorization: sesame}\n", `f:4: header: want text in quotes`},
		{"header without quotes in a list", "header:\n- Authorization: sesame\n", `f:2: header: want text in quotes, such as "Name: value"`},
		{"header as a map", "header: {Authorization: sesame}\n", `f:1: header: want text in quotes`},
		{"header without quotes", "color: auto\nheader: Authorization: sesame\n", `f:2: not YAML: mapping values are not allowed in this context`},
		{"not YAML", "a: b\nserver: [x\noutput: csv\n", `: not YAML: `},
		{"tab", "instances:\n\t- x\n", `f:2: not YAML: `},
		{"bad UTF-8", "server: \xff\n", `f: not YAML: `},
		{"unknown anchor", "server: *nobody\n", `f: not YAML: unknown anchor 'nobody' referenced`},
		{"too deep", strings.Repeat("[", 20_000), `f: not YAML: `},
		{"two documents", "output: csv\n---\ncolor: never\n", `f:2: a second YAML document; a config file is one`},
		{"second document broken", "output: csv\n---\n[\n", `: not YAML: `},
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
	wantError(t, err, "server: want text, not a list")
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
		set, err := parse("f", data)
		var e *Error
		switch {
		case err == nil:
			checkSettings(t, set)
		case !errors.As(err, &e) || strings.ContainsAny(e.Error(), "\r\n"):
			t.Fatalf("%q: %T %v", data, err, err)
		}
	})
}

// checkSettings checks the types that Load relies on.
func checkSettings(t *testing.T, set settings) {
	for key, value := range set {
		switch value := value.(type) {
		case string:
			if problem := checkWord(key, value); problem != "" || value == "" {
				t.Fatalf("%s: %s", key, problem)
			}
		case []string:
			for _, s := range value {
				if strings.TrimSpace(s) == "" {
					t.Fatalf("%s: %q", key, value)
				}
			}
		case []Server:
			for _, n := range value {
				if n.Name == "" || n.URL == "" {
					t.Fatalf("%s: %+v", key, value)
				}
			}
		case []defaultFlag:
			for _, d := range value {
				if d.name == "" || d.line == 0 {
					t.Fatalf("%s: %+v", key, value)
				}
			}
		case []Named:
			for _, n := range value {
				if n.Name == "" || n.ID == "" {
					t.Fatalf("%s: %+v", key, value)
				}
			}
		default:
			t.Fatalf("%s is a %T", key, value)
		}
	}
}
