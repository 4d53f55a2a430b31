package simulator

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseFault(t *testing.T) {
	for text, want := range map[string]Fault{
		"drop=5s":                     {Name: "drop", Arg: "5s"},
		"drop=5s*1":                   {Name: "drop", Arg: "5s", Times: 1},
		"status=401@2":                {Name: "status", Arg: "401", First: 2},
		"status=503@2*3":              {Name: "status", Arg: "503", First: 2, Times: 3},
		"status=429:7*1":              {Name: "status", Arg: "429:7", Times: 1},
		"crlf":                        {Name: "crlf"},
		"crlf*2":                      {Name: "crlf", Times: 2},
		"redirect=http://u@h:1/p?a=b": {Name: "redirect", Arg: "http://u@h:1/p?a=b"},
		"big=100MB":                   {Name: "big", Arg: "100MB"},
	} {
		got, err := ParseFault(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                "the faults are drop, halfopen",
		"dorp=5s":         `no fault "dorp"`,
		"drop":            "drop=D",
		"drop=-1s":        "drop=D",
		"drop=5":          "drop=D",
		"status=99":       "status=CODE",
		"status=x":        "status=CODE",
		"cut=0":           "cut=N",
		"big=5TB":         "100MB",
		"crlf=1":          "takes no argument",
		"redirect":        "redirect=URL",
		"database=slow":   "missing, broken",
		"drop=5s*0":       "drop=D",
		"drop=5s@1*9e999": "drop=D",
	} {
		_, err := ParseFault(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestFaultsHaveOneRowEach(t *testing.T) {
	tested := map[string]bool{"reset": true, "database": true} // TestReset; history.txtar
	for _, row := range faultRows() {
		name, _, _ := strings.Cut(row.fault, "=")
		tested[name] = true
	}
	for _, i := range Faults() {
		if name, _, _ := strings.Cut(i.Usage, "="); !tested[name] || i.Meaning == "" {
			t.Errorf("%s is not tested or not explained", i.Usage)
		}
	}
}

// seen is what a plain client sees of a stream.
type seen struct {
	res   *http.Response
	body  string
	err   error // of reading the body
	took  time.Duration
	plain []record // the same stream without faults
}

type faultRow struct {
	fault string
	check func(t *testing.T, s seen)
}

func properly(t *testing.T, s seen) {
	t.Helper()
	if s.err != nil || s.res.StatusCode != 200 {
		t.Errorf("%d, %v", s.res.StatusCode, s.err)
	}
}

// datas returns the payloads of records.
func datas(list []record) []string {
	var d []string
	for _, r := range list {
		d = append(d, r.data)
	}
	return d
}

// faultRows lists the effect of each fault on a stream of 12 events.
func faultRows() []faultRow {
	return []faultRow{
		{"drop=2s", func(t *testing.T, s seen) {
			if s.err == nil || s.took != 2*time.Second {
				t.Errorf("%v after %v", s.err, s.took)
			}
		}},
		{"halfopen=2s", func(t *testing.T, s seen) {
			if s.took != time.Hour { // until the client gave up
				t.Errorf("%v after %v", s.err, s.took)
			}
		}},
		{"stall=30s", func(t *testing.T, s seen) {
			properly(t, s)
			if s.took < 30*time.Second || len(records(s.body)) != 12 {
				t.Errorf("%d records in %v", len(records(s.body)), s.took)
			}
		}},
		{"cut=3", func(t *testing.T, s seen) {
			got := records(s.body)
			if !errors.Is(s.err, io.ErrUnexpectedEOF) || len(got) != 3 || json.Valid([]byte(got[2].data)) ||
				!strings.HasPrefix(s.plain[2].data, got[2].data) {
				t.Errorf("%d records, %v", len(got), s.err)
			}
		}},
		{"cleanclose=2", func(t *testing.T, s seen) {
			properly(t, s)
			if n := len(records(s.body)); n != 2 {
				t.Errorf("%d records", n)
			}
		}},
		{"status=503", func(t *testing.T, s seen) {
			if s.res.StatusCode != 503 || !strings.Contains(s.body, "Service Unavailable") {
				t.Errorf("%d %s", s.res.StatusCode, s.body)
			}
		}},
		{"status=429:7", func(t *testing.T, s seen) {
			if s.res.StatusCode != 429 || s.res.Header.Get("Retry-After") != "7" {
				t.Errorf("%d %v", s.res.StatusCode, s.res.Header)
			}
		}},
		{"redirect=/elsewhere", func(t *testing.T, s seen) {
			if s.res.StatusCode != 302 || s.res.Header.Get("Location") != "/elsewhere" {
				t.Errorf("%d %v", s.res.StatusCode, s.res.Header)
			}
		}},
		{"html", func(t *testing.T, s seen) {
			if !strings.HasPrefix(s.res.Header.Get("Content-Type"), "text/html") || !strings.Contains(s.body, "<form>") {
				t.Errorf("%v %s", s.res.Header, s.body)
			}
		}},
		{"nocontenttype", func(t *testing.T, s seen) {
			properly(t, s)
			if _, ok := s.res.Header["Content-Type"]; ok || len(records(s.body)) != 12 {
				t.Errorf("%v, %d records", s.res.Header, len(records(s.body)))
			}
		}},
		{"hugeheader", func(t *testing.T, s seen) {
			if s.res != nil || s.err == nil {
				t.Errorf("the client takes it: %v", s.err)
			}
		}},
		{"gzip", func(t *testing.T, s seen) {
			z, err := gzip.NewReader(strings.NewReader(s.body))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(z)
			if err != nil || s.res.Header.Get("Content-Encoding") != "gzip" ||
				!reflect.DeepEqual(records(string(body)), s.plain) {
				t.Errorf("%v, %d records", err, len(records(string(body))))
			}
		}},
		{"chunk=7", func(t *testing.T, s seen) {
			properly(t, s)
			if !reflect.DeepEqual(records(s.body), s.plain) {
				t.Errorf("%d records", len(records(s.body)))
			}
		}},
		{"drip=1000", func(t *testing.T, s seen) {
			properly(t, s)
			want := time.Duration(len(s.body)) * time.Millisecond
			if got := records(s.body); len(got) != 12 || s.took < want || s.took > want+2*time.Second {
				t.Errorf("%d bytes in %v", len(s.body), s.took)
			}
		}},
		{"garbage=4", func(t *testing.T, s seen) {
			properly(t, s)
			good, bad := []string{}, 0
			for _, r := range records(s.body) {
				if json.Valid([]byte(r.data)) && strings.HasPrefix(r.data, "{") {
					good = append(good, r.data)
				} else {
					bad++
				}
			}
			if bad != 3 || !reflect.DeepEqual(good, datas(s.plain)) {
				t.Errorf("%d good, %d bad", len(good), bad)
			}
		}},
		{"big=3MB", func(t *testing.T, s seen) {
			properly(t, s)
			got := records(s.body)
			if len(got) != 13 || len(got[1].data) < 3_000_000 || !json.Valid([]byte(got[1].data)) {
				t.Errorf("%d records", len(got))
			}
		}},
		{"endlessline", func(t *testing.T, s seen) {
			if n := strings.Count(s.body, "\n"); len(s.body) < 10_000_000 || n > 8 {
				t.Errorf("%d bytes, %d lines", len(s.body), n)
			}
		}},
		{"crlf", func(t *testing.T, s seen) {
			properly(t, s)
			plain := strings.ReplaceAll(s.body, "\r\n", "\n")
			if strings.Count(s.body, "\r\n") != strings.Count(s.body, "\n") || !reflect.DeepEqual(records(plain), s.plain) {
				t.Errorf("%.300q", s.body)
			}
		}},
		{"bom", func(t *testing.T, s seen) {
			properly(t, s)
			body, ok := strings.CutPrefix(s.body, "\ufeff")
			if !ok || !reflect.DeepEqual(records(body), s.plain) {
				t.Errorf("%.300q", s.body)
			}
		}},
		{"comments", func(t *testing.T, s seen) {
			properly(t, s)
			if strings.Count("\n"+s.body, "\n:") != 24 || !reflect.DeepEqual(records(s.body), s.plain) {
				t.Errorf("%.300q", s.body)
			}
		}},
		{"legacy", func(t *testing.T, s seen) {
			properly(t, s)
			var got []string
			for line := range strings.Lines(s.body) {
				for _, it := range decode[[]struct{ Type, Object string }](t, line) {
					if it.Type != decode[story](t, it.Object).Type {
						t.Errorf("%s with %.100s", it.Type, it.Object)
					}
					got = append(got, it.Object)
				}
			}
			if !reflect.DeepEqual(got, datas(s.plain)) {
				t.Errorf("%d of %d", len(got), len(s.plain))
			}
		}},
	}
}

func TestFaults(t *testing.T) {
	var plain []record
	var fault Fault
	for _, row := range append([]faultRow{{"", nil}}, faultRows()...) {
		t.Run(row.fault, func(t *testing.T) {
			o := Options{Count: 12, Rate: 5, Record: true}
			if row.check != nil {
				var err error
				if fault, err = ParseFault(row.fault); err != nil {
					t.Fatal(err)
				}
				o.Faults = []Fault{fault}
			}
			inBubble(t, o, func(s *Server, c client) {
				got := ask(s, c)
				if row.check == nil {
					plain = records(got.body)
					return
				}
				got.plain = plain
				row.check(t, got)
				n := len(s.Served(gate))
				if complete := strings.Count(got.body, "\n\n"); strings.Contains("cut=3 cleanclose=2", row.fault) && n != complete {
					t.Errorf("served %d, received %d", n, complete)
				}
			})
		})
	}
}

// ask requests the stream once. It gives up after an hour or 12 MB.
func ask(s *Server, c client) seen {
	start := time.Now()
	ctx, cancel := context.WithTimeout(c.Context(), 2*time.Hour)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet,
		"http://simulated/v1/core/instance/"+gate+"/consume_events_sse", nil)
	if err != nil {
		c.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		return seen{err: err}
	}
	timer := time.AfterFunc(time.Hour, func() { res.Body.Close() })
	defer timer.Stop()
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 12_000_000))
	return seen{res: res, body: string(body), err: err, took: time.Since(start)}
}

func TestFaultAffectsSomeRequests(t *testing.T) {
	o := Options{Count: 3, Faults: []Fault{{Name: "status", Arg: "500", Times: 1},
		{Name: "status", Arg: "401", First: 3, Times: 2}}}
	inBubble(t, o, func(s *Server, c client) {
		var got []int
		for range 6 {
			got = append(got, ask(s, c).res.StatusCode)
		}
		if want := []int{500, 200, 401, 401, 200, 200}; !reflect.DeepEqual(got, want) {
			t.Errorf("statuses %v", got)
		}
	})
}

func TestFaultOfOneInstance(t *testing.T) {
	fleet := Fleet(2)
	fleet[1].ID, fleet[1].Faults = "dock", []Fault{{Name: "status", Arg: "500"}}
	inBubble(t, Options{Instances: fleet, Count: 3}, func(s *Server, c client) {
		res := c.get("/instance/dock/consume_events_sse")
		if _, err := all(res); err != nil || res.StatusCode != 500 {
			t.Errorf("the dock responds with %d", res.StatusCode)
		}
		if got := ask(s, c); got.res.StatusCode != 200 {
			t.Errorf("the gate responds with %d", got.res.StatusCode)
		}
	})
}

// TestFaultsOfPolling covers the faults that apply to polling.
func TestFaultsOfPolling(t *testing.T) {
	poll := func(texts string, check func(t *testing.T, res *http.Response, body string, err error)) {
		var faults []Fault
		for text := range strings.FieldsSeq(texts) {
			f, err := ParseFault(text)
			if err != nil {
				t.Fatal(err)
			}
			faults = append(faults, f)
		}
		inBubble(t, Options{Faults: faults}, func(s *Server, c client) {
			time.Sleep(3 * time.Second)
			res, err := c.Get("http://simulated/v1/core/instance/" + gate + "/consume_events")
			body := ""
			if err == nil {
				body, err = all(res)
			}
			check(c.T, res, body, err)
		})
	}
	poll("cut=3", func(t *testing.T, _ *http.Response, body string, err error) {
		if err == nil || strings.Count(body, `"dataType"`) != 3 || json.Valid([]byte(body)) {
			t.Errorf("%v, %d items", err, strings.Count(body, `"dataType"`))
		}
	})
	poll("chunk=1", func(t *testing.T, _ *http.Response, body string, err error) {
		if err != nil || len(decode[[]any](t, body)) == 0 {
			t.Errorf("%v", err)
		}
	})
	poll("garbage=2", func(t *testing.T, _ *http.Response, body string, err error) {
		bad := 0
		for _, it := range decode[[]map[string]string](t, body) {
			if !json.Valid([]byte(it["jsonObject"])) {
				bad++
			}
		}
		if err != nil || bad == 0 {
			t.Errorf("%v, %d bad", err, bad)
		}
	})
	poll("legacy", func(t *testing.T, _ *http.Response, body string, err error) {
		if got := decode[[]map[string]string](t, body); err != nil || got[0]["type"] == "" || got[0]["object"] == "" {
			t.Errorf("%v, %.200s", err, body)
		}
	})
	poll("status=204", func(t *testing.T, res *http.Response, body string, err error) {
		if res.StatusCode != 204 || body != "" {
			t.Errorf("%d %s", res.StatusCode, body)
		}
	})
	poll("html", func(t *testing.T, res *http.Response, body string, err error) {
		if !strings.Contains(body, "<form>") {
			t.Errorf("%s", body)
		}
	})
	poll("drop=1s stall=2s", func(t *testing.T, _ *http.Response, body string, err error) {
		if err == nil {
			t.Errorf("%s", body)
		}
	})
}

func TestReset(t *testing.T) {
	s, err := New(Options{Rate: 1000, Faults: []Fault{{Name: "reset", Arg: "3"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	web := httptest.NewServer(s)
	defer web.Close()
	res, err := http.Get(web.URL + "/v1/core/instance/" + gate + "/consume_events_sse")
	if err != nil {
		t.Fatal(err)
	}
	_, err = all(res)
	var op *net.OpError
	if !errors.As(err, &op) {
		t.Errorf("a reset reads as %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
}
