package jsonraw

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// describe returns all that an index knows of an object.
func describe(x *Index, err error) string {
	if err != nil {
		return err.Error()
	}
	var b bytes.Buffer
	fmt.Fprintln(&b, x.walk, x.lineEnd, len(x.members))
	x.Members(func(name, value []byte) bool {
		fmt.Fprintf(&b, "%q %q\n", name, value)
		return true
	})
	return b.String()
}

// sameAsScan scans documents one after another with one Scanner, and each of them
// with an Index of its own.
func sameAsScan(t *testing.T, docs ...[]byte) {
	t.Helper()
	var like Scanner
	var x, alone Index
	for _, p := range docs {
		errLike := like.Scan(p, &x)
		err := alone.Scan(p)
		if got, want := describe(&x, errLike), describe(&alone, err); got != want {
			t.Fatalf("%q after %d others:\n%s\nalone:\n%s", p, len(like.shapes), got, want)
		}
	}
}

func TestShapesAgreeWithScan(t *testing.T) {
	var all [][]byte
	for range 3 {
		for _, doc := range documents {
			all = append(all, []byte(doc))
		}
	}
	for _, doc := range []string{
		`{"a":%s,"long name":[%[1]s,{"b":%[1]s}],"$id":%[1]s,"z":%[1]s,"instance_id":{"x":[]}}`,
		`{"a":%s}`, `{"a":%s,"12345678":1}`, `{"1234":%s,"b":{},"c":%[1]s}`, ` {"a" : %s , "b":"filler filler"} `,
		"{\"a\":\n%s, \"b\":\"filler filler\"}",
		`{"\u0061":%s,"a":"filler filler filler"}`, `{"a":[[%s],[%[1]s]],"filler":"filler filler"}`,
	} {
		for _, value := range []string{
			`1`, `12`, `"x"`, `-1.5e+300`, `"a\"b\\"`, `true`, `false`, `null`, `"0123456789abcdefghijklmnopqrstuvwxyz"`, `""`,
			`0`, `-0`, `12345678`, `123456789.123456789`,
			`01`, `1.`, `1e`, `-`, `+1`, `"`, `tru`, `nulll`, "\"\x01\"", `"\x"`, `{}`, `[]`, `[1]`, `{"a":1}`, ``, `1,"a":2`,
			`1 `, ` 1`, `"é"`, "\"\xff\"", `"\ud83d\ude00"`,
		} {
			all = append(all, fmt.Appendf(nil, doc, value))
		}
	}
	sameAsScan(t, all...)
}

func TestShapesReplaceTheOldest(t *testing.T) {
	var all [][]byte
	for round := range 5 {
		for kind := range maxShapes + 3 {
			all = append(all, fmt.Appendf(nil, `{"$id":"kind %d","member %[1]d":%d,"instance_id":"some text %[2]d"}`, kind,
				1<<(5*round)))
			all = append(all, all[len(all)/2])
		}
	}
	sameAsScan(t, all...)
}

func TestLargeObjectsHaveNoShape(t *testing.T) {
	many := append(append([]byte(`{"a":[1`), bytes.Repeat([]byte(`,2`), maxScalars)...), `]}`...)
	wide := append(append([]byte(`{"`), bytes.Repeat([]byte(`n`), maxSample)...), `":1}`...)
	members := []byte(`{"first":1`)
	for i := range 2 * maxMembers {
		members = fmt.Appendf(members, `,"m%d":[]`, i)
	}
	members = append(members, `,"$id":"x"}`...)
	for _, p := range [][]byte{many, wide, members} {
		var like Scanner
		var x Index
		if err := like.Scan(p, &x); err != nil || len(like.shapes) != 0 {
			t.Errorf("%.20s…: %v, %d shapes", p, err, len(like.shapes))
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
	for i := range 2 * maxShapes { // more than are remembered: all are learned again
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

// TestShapesCompareEveryByte changes each byte of an object whose shape is
// known: the fixed text up to its last byte, names, and scalars.
func TestShapesCompareEveryByte(t *testing.T) {
	many := []byte(`{"long":[0`)
	for i := range 100 { // more than a word of bits can count
		many = fmt.Appendf(many, `,%d`, i)
	}
	many = append(many, `],"z":"end"}`...)
	for _, doc := range [][]byte{[]byte(`{"$id":"track","n":[1,{"x":2.5}],"b":true}`), []byte(`{"a":"x","b":{"c":1}}`),
		many} {
		for i := range doc {
			for _, c := range []byte(`0"x,]}[{: \`) {
				changed := bytes.Clone(doc)
				changed[i] = c
				sameAsScan(t, doc, doc, changed)
			}
			sameAsScan(t, doc, doc, doc[:i])
		}
		sameAsScan(t, doc, doc, append(bytes.Clone(doc), '}'))
	}
}

func TestShapesOfManyScalarsAreKnown(t *testing.T) {
	for _, n := range []int{63, 64, 65, maxScalars} {
		var s Scanner
		var x Index
		doc := []byte(`{"a":[0` + strings.Repeat(`,1`, n-1) + `]}`)
		for _, p := range [][]byte{doc, bytes.ReplaceAll(doc, []byte("1"), []byte("-5"))} {
			if err := s.Scan(p, &x); err != nil {
				t.Error(err)
			}
		}
		if len(s.shapes) != 1 || !s.shapes[0].fits(bytes.ReplaceAll(doc, []byte("1"), []byte("23"))) {
			t.Errorf("%d scalars: %d shapes", n, len(s.shapes))
		}
	}
}

func TestScalarsThatNeverChangeAreText(t *testing.T) {
	var s Scanner
	var x Index
	long := `"` + strings.Repeat("x", maxSame) + `"` // is never text
	for _, c := range []struct {
		a, b, c string
		holes   int
	}{
		{`"p"`, `true`, long, 1}, {`"p"`, `true`, long, 1}, {`"q"`, `true`, long, 2}, {`"p"`, `true`, `0`, 2},
		{`"q"`, `null`, `0`, 3}, {`"q"`, `true`, `0`, 3},
	} {
		if err := s.Scan(fmt.Appendf(nil, `{"a":%s,"b":[%s],"c":%s}`, c.a, c.b, c.c), &x); err != nil {
			t.Fatal(err)
		}
		a, _ := x.Get("a")
		b, _ := x.Get("b")
		last, _ := x.Get("c")
		if len(s.shapes) != 1 || len(s.shapes[0].holes) != c.holes || string(a) != c.a || string(b) != "["+c.b+"]" ||
			string(last) != c.c {
			t.Errorf("%d shapes, %d holes, want %d; a=%s b=%s c=%s", len(s.shapes), len(s.shapes[0].holes), c.holes, a, b, last)
		}
	}
}

func TestScannerReleasesStackOfDeepObject(t *testing.T) {
	var s Scanner
	var x Index
	for _, doc := range []string{`{"a":` + strings.Repeat("[", 2<<20) + strings.Repeat("]", 2<<20) + `}`, `{}`} {
		if err := s.Scan([]byte(doc), &x); err != nil {
			t.Fatal(err)
		}
	}
	if cap(s.check.stack) > keepBuffer {
		t.Errorf("a stack for %d levels is kept", cap(s.check.stack))
	}
}
