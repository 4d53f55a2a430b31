package jsonraw

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// told is all that an index says of a payload.
func told(x *Index, err error) string {
	if err != nil {
		return err.Error()
	}
	var b bytes.Buffer
	fmt.Fprintln(&b, x.partial, x.lineEnd, x.members)
	x.Members(func(name, value []byte) bool {
		fmt.Fprintf(&b, "%q %q\n", name, value)
		return true
	})
	return b.String()
}

// sameAsScan scans documents one after another with one memory of shapes, and
// each of them alone.
func sameAsScan(t *testing.T, docs ...[]byte) {
	t.Helper()
	var like Scanner
	var x, alone Index
	for _, p := range docs {
		like.vain, like.rest = 0, 0 // never too tired to look for one
		errLike := like.Scan(p, &x)
		err := alone.Scan(p)
		if got, want := told(&x, errLike), told(&alone, err); got != want {
			t.Fatalf("%q after %d others:\n%s\nalone:\n%s", p, len(like.known), got, want)
		}
	}
}

func TestShapesTellWhatAScanTells(t *testing.T) {
	var all [][]byte
	for range 3 {
		for _, doc := range documents {
			all = append(all, []byte(doc))
		}
	}
	for _, doc := range []string{
		`{"a":%s,"long name":[%[1]s,{"b":%[1]s}],"$id":%[1]s,"z":%[1]s,"instance_id":{"x":[]}}`,
		`{"a":%s}`, `{"a":%s,"12345678":1}`, `{"1234":%s,"b":{},"c":%[1]s}`, ` {"a" : %s , "b":"filler filler"} `, "{\"a\":\n%s, \"b\":\"filler filler\"}",
		`{"\u0061":%s,"a":"filler filler filler"}`, `{"a":[[%s],[%[1]s]],"filler":"filler filler"}`,
	} {
		for _, value := range []string{
			`1`, `12`, `"x"`, `-1.5e+300`, `"a\"b\\"`, `true`, `false`, `null`, `"0123456789abcdefghijklmnopqrstuvwxyz"`, `""`, `0`, `-0`, `12345678`, `123456789.123456789`,
			`01`, `1.`, `1e`, `-`, `+1`, `"`, `tru`, `nulll`, "\"\x01\"", `"\x"`, `{}`, `[]`, `[1]`, `{"a":1}`, ``, `1,"a":2`, `1 `, ` 1`, `"é"`, "\"\xff\"", `"\ud83d\ude00"`,
		} {
			all = append(all, fmt.Appendf(nil, doc, value))
		}
	}
	sameAsScan(t, all...)
}

func TestShapesOfManyKindsTakeTurns(t *testing.T) {
	var all [][]byte
	for round := range 5 {
		for kind := range maxShapes + 3 {
			all = append(all, fmt.Appendf(nil, `{"$id":"kind %d","member %[1]d":%d,"instance_id":"some text %[2]d"}`, kind, 1<<(5*round)))
			all = append(all, all[len(all)/2])
		}
	}
	sameAsScan(t, all...)
}

func TestAStreamOfTooManyKindsIsOnlyScanned(t *testing.T) {
	var like Scanner
	var x Index
	var docs [][]byte
	for kind := range 2 * maxShapes {
		docs = append(docs, fmt.Appendf(nil, `{"$id":"kind %d","member %[1]d":1,"instance_id":"some text"}`, kind))
	}
	scan := func(p []byte) {
		if err := like.Scan(p, &x); err != nil || len(x.members) != 3 {
			t.Fatal(err, len(x.members))
		}
	}
	for i := range restAfter + 2 {
		scan(docs[i%len(docs)])
	}
	if like.rest == 0 || like.check.noting {
		t.Error("shapes are looked for in vain")
	}
	for range restFor {
		scan(docs[0])
	}
	for range 3 { // learned, then known
		scan(docs[0])
	}
	if like.rest != 0 || like.vain != 0 || !like.find(docs[0], &x) {
		t.Error("shapes are not looked for again")
	}
	sameAsScan(t, slices.Repeat(docs, 3)...)
}

func TestWhatIsLargeHasNoShape(t *testing.T) {
	many := append(append([]byte(`{"a":[1`), bytes.Repeat([]byte(`,2`), maxHoles)...), `]}`...)
	wide := append(append([]byte(`{"`), bytes.Repeat([]byte(`n`), maxFixed)...), `":1}`...)
	members := []byte(`{"first":1`)
	for i := range 2 * maxMembers {
		members = fmt.Appendf(members, `,"m%d":[]`, i)
	}
	members = append(members, `,"$id":"x"}`...)
	for _, p := range [][]byte{many, wide, members} {
		var like Scanner
		var x Index
		if err := like.Scan(p, &x); err != nil || len(like.known) != 0 {
			t.Errorf("%.20s…: %v, %d shapes", p, err, len(like.known))
		}
		sameAsScan(t, p, p)
	}
}

func FuzzShapes(f *testing.F) {
	files, _ := filepath.Glob("../event/testdata/payloads/*.json")
	for _, file := range files {
		data, _ := os.ReadFile(file)
		data = bytes.ReplaceAll(data, []byte("\n"), nil)
		f.Add(data, bytes.Replace(data, []byte("1"), []byte("27"), 3))
	}
	f.Add([]byte(`{"a":1,"b":"x"}`), []byte(`{"a":12.5,"b":null}`))
	f.Fuzz(func(t *testing.T, a, b []byte) { sameAsScan(t, a, b, a, b, b) })
}

func TestShapesAllocateNothing(t *testing.T) {
	var like Scanner
	var x Index
	var docs [][]byte
	for i := range 2 * maxShapes { // more than are remembered: all of them are learned anew
		docs = append(docs, fmt.Appendf(nil, `{"$id":"track","name %d":%[1]d,"instance_id":"some text"}`, i))
	}
	round := func() {
		for _, p := range docs {
			if err := like.Scan(p, &x); err != nil {
				t.Fatal(err)
			}
		}
	}
	round()
	if n := testing.AllocsPerRun(100, round); n > 0 {
		t.Errorf("%v allocations a round", n)
	}
}
