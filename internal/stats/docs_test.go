package stats

import (
	"bytes"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestNamesAreDocumented checks that docs/stats.md has exactly the names that are
// printed.
func TestNamesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/stats.md")
	check(t, err)
	names := strings.Split(csvColumns, ",")
	for _, v := range []any{Snapshot{}, Instance{}, Group{}, Dist{}, Engine{}, OpenEvent{}, EndedType{}, Field{}} {
		names = append(names, jsonNames(reflect.TypeOf(v))...)
	}
	var prom bytes.Buffer
	scene(t, Prom(&prom))
	metrics := regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(prom.String(), -1)
	for _, m := range metrics {
		names = append(names, m[1])
	}
	if len(names) < 100 || len(metrics) < 15 {
		t.Fatalf("%d names, %d metrics", len(names), len(metrics))
	}
	for _, name := range names {
		if !bytes.Contains(page, []byte("`"+name+"`")) {
			t.Errorf("docs/stats.md does not name `%s`", name)
		}
	}
	for _, m := range regexp.MustCompile("`(rtev_[a-z_]+)`").FindAllStringSubmatch(string(page), -1) {
		if !strings.Contains(prom.String(), "# TYPE "+m[1]+" ") {
			t.Errorf("docs/stats.md names %s, which is not printed", m[1])
		}
	}
}

// jsonNames returns the JSON names of the fields of a struct.
func jsonNames(t reflect.Type) (names []string) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			names = append(names, jsonNames(f.Type)...)
		case name != "":
			names = append(names, name)
		}
	}
	return names
}
