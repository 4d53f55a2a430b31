package rtapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func TestInstances(t *testing.T) {
	const entry = `{"instanceId":"i1","displayName":"Gate","group":"g","solutionId":"securt","solutionName":"SecuRT",` +
		`"fps":25.5,"loaded":true,"running":true,"version":"1.0","new":{"x":[1]}}`
	whole := Instance{ID: "i1", Name: "Gate", Group: "g", Solution: "SecuRT", Version: "1.0", FPS: 25.5, Loaded: true,
		Running: true, Raw: []byte(entry)}
	for _, tc := range []struct {
		name, response string
		want           []Instance // nil: an error
	}{
		{"documented", `{"instances":[` + entry + `]}`, []Instance{whole}},
		{"array alone", " [ " + entry + " ] ", []Instance{whole}},
		{"none", `{"instances":[]}`, []Instance{}},
		{"null", `{"instances":null}`, []Instance{}},
		{"little is known", `[{"instanceId":"i2"}]`, []Instance{{ID: "i2", Name: "i2", Raw: []byte(`{"instanceId":"i2"}`)}}},
		{"odd types", `[{"instanceId":7,"displayName":null,"fps":"9.94","running":"True","loaded":1,"version":{"a":1},` +
			`"group":[],"solutionId":"s"}]`,
			[]Instance{{ID: "7", Name: "7", FPS: 9.94, Running: true, Loaded: true, Solution: "s",
				Raw: []byte(`{"instanceId":7,"displayName":null,"fps":"9.94","running":"True","loaded":1,"version":{"a":1},` +
					`"group":[],"solutionId":"s"}`)}}},
		{"no instances among them", `[1,null,"x",[],{},{"displayName":"x"},` + entry + `]`, []Instance{whole}},
		{"page", `<html>`, nil},
		{"error", `{"error":"x"}`, nil},
		{"word", `"x"`, nil},
		{"nothing", ``, nil},
	} {
		c := client(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/core/instances" {
				io.WriteString(w, tc.response)
			}
		})
		got, err := c.Instances(context.Background())
		var not *NotStreamError
		if tc.want == nil && !errors.As(err, &not) || tc.want != nil && (err != nil || !reflect.DeepEqual(got, tc.want)) {
			t.Errorf("%s: got %+v, %v, want %+v", tc.name, got, err, tc.want)
		}
	}
}

func TestInstance(t *testing.T) {
	c := client(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/core/instance/i1":
			io.WriteString(w, `{"instanceId":"i1","loaded":true}`)
		case "/v1/core/instance/i2":
			io.WriteString(w, `<!DOCTYPE html><title>Hello</title>`)
		default:
			http.Error(w, "what?", 404)
		}
	})
	if in, err := c.Instance(context.Background(), "i1"); err != nil || in.ID != "i1" || in.State() != "loaded" {
		t.Errorf("%+v %v", in, err)
	}
	_, err := c.Instance(context.Background(), "i2")
	if err == nil || !strings.HasSuffix(err.Error(),
		"/v1/core/instance/i2: the response is not an instance but text/html: Hello") {
		t.Errorf("%v", err)
	}
	var status *StatusError
	if _, err = c.Instance(context.Background(), "i3"); !errors.As(err, &status) || status.Code != 404 ||
		status.Text != "what?" {
		t.Errorf("%v", err)
	}
}

func TestState(t *testing.T) {
	for want, in := range map[string]Instance{"running": {Running: true}, "loaded": {Loaded: true}, "registered": {}} {
		if in.State() != want {
			t.Errorf("%+v: %s", in, in.State())
		}
	}
}

func FuzzInstances(f *testing.F) {
	for _, s := range []string{`{"instances":[{"instanceId":"a","fps":1}]}`, `[{"instanceId":1}]`, `[`, `{"instances":7}`,
		`[null]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, response []byte) {
		list, ok := parseInstances(response)
		for _, in := range list {
			if !ok || in.ID == "" || in.Name == "" || len(in.Raw) == 0 || in.Raw[0] != '{' {
				t.Fatalf("%q: %+v", response, in)
			}
		}
	})
}

func FuzzReadable(f *testing.F) {
	for _, s := range []string{"<html><title>x</title>", "<<<<", "a\xff\n\tb", "<title></title><p",
		strings.Repeat("é", 400)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := Readable(text); strings.ContainsAny(got, "\n\r") || len(got) > refusalShow+len("…") {
			t.Fatalf("%q: %q", text, got)
		}
	})
}
