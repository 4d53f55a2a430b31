package jsonraw

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// elements reads all of r and returns how it ended.
func elements(r io.Reader, limit int) (got []string, tooLong int, rest int64, err error) {
	e := NewSplitter(r, limit)
	for {
		p, err := e.Next()
		switch {
		case errors.Is(err, ErrTooLong):
			tooLong++
		case err != nil:
			return got, tooLong, e.Rest(), err
		default:
			got = append(got, string(p))
		}
	}
}

func TestSplitterAtAnyChunkBorder(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     []string
		err      error
		rest     int64
	}{
		{"response", `[{"a":"1"},{"b":{"c":[2,"]}"]}}]`, []string{`{"a":"1"}`, `{"b":{"c":[2,"]}"]}}`}, io.EOF, 0},
		{"pretty", "[\n  {\n    \"a\": 1\n  }\n]\n", []string{"{\n    \"a\": 1\n  }"}, io.EOF, 0},
		{"lines of arrays", "[{\"a\":1}]\n[{\"b\":2},{\"c\":3}]\n", []string{`{"a":1}`, `{"b":2}`, `{"c":3}`}, io.EOF, 0},
		{"lines of objects", "{\"a\":1}\r\n{\"b\":2}", []string{`{"a":1}`, `{"b":2}`}, io.EOF, 0},
		{"escapes", `[{"a":"\\"},{"b":"\"{"},{"c":"\\\""}]`, []string{`{"a":"\\"}`, `{"b":"\"{"}`, `{"c":"\\\""}`}, io.EOF,
			0},
		{"no objects", `[1,"x, y",null , {}]`, []string{`1`, `"x, y"`, `null `, `{}`}, io.EOF, 0},
		{"empty", `[]`, nil, io.EOF, 0},
		{"nothing", ``, nil, io.EOF, 0},
		{"cut in an element", `[{"a":1},{"b":`, []string{`{"a":1}`}, io.ErrUnexpectedEOF, 5},
		{"cut in a string", `[{"a":1},{"b":"\`, []string{`{"a":1}`}, io.ErrUnexpectedEOF, 7},
		{"cut between", `[{"a":1},`, []string{`{"a":1}`}, io.ErrUnexpectedEOF, 0},
		{"a line end in a string", "{\"a\":\"x\n, y\"}\n", []string{"{\"a\":\"x\n, y\"}"}, io.EOF, 0},
		{"arrays in an array", `[[1,2], {"a":[3]} ,[]]`, []string{`[1,2]`, `{"a":[3]}`, `[]`}, io.EOF, 0},
		{"words", "[NaN\n,7 {}nul\"x\"]", []string{`NaN`, `7 `, `{}`, `nul`, `"x"`}, io.EOF, 0},
		{"arrays in a row", `[{}][{}] {}`, []string{`{}`, `{}`, `{}`}, io.EOF, 0},
		{"bare at the end", `7`, []string{`7`}, io.EOF, 0},
		{"too many brackets", `]]}[{"a":1}]`, []string{`}`, `{"a":1}`}, io.EOF, 0},
	} {
		for cut, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader, "halves": iotest.HalfReader,
			"dataerr": iotest.DataErrReader,
		} {
			t.Run(tc.name+"/"+cut, func(t *testing.T) {
				got, _, rest, err := elements(wrap(strings.NewReader(tc.in)), 1<<20)
				if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tc.want) || !errors.Is(err, tc.err) || rest != tc.rest {
					t.Errorf("got %q, %v, rest %d; want %q, %v, %d", got, err, rest, tc.want, tc.err, tc.rest)
				}
			})
		}
	}
}

func TestSplitterSkipsLongElementsInBoundedMemory(t *testing.T) {
	const giant = 64 << 20
	in := io.MultiReader(strings.NewReader(`[{"a":1},{"b":"`), io.LimitReader(fill('x'), giant),
		strings.NewReader(`"},{"c":3},`),
		io.LimitReader(fill('7'), giant), strings.NewReader(`,4]`))
	e := NewSplitter(in, 100_000)
	var got []string
	for {
		p, err := e.Next()
		if err == io.EOF {
			break
		}
		got = append(got, fmt.Sprint(string(p), err))
		if cap(e.buf) > 1<<20 {
			t.Fatalf("the buffer grew to %d", cap(e.buf))
		}
	}
	if want := fmt.Sprint([]string{`{"a":1}<nil>`, ErrTooLong.Error(), `{"c":3}<nil>`, ErrTooLong.Error(),
		`4<nil>`}); fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestSplitterLimitAppliesToOneRead reads from a file-like reader, which returns
// much at once.
func TestSplitterLimitAppliesToOneRead(t *testing.T) {
	const limit = 40_000
	giant := `{"b":"` + strings.Repeat("x", limit) + `"}`
	for _, in := range []io.Reader{
		strings.NewReader(`[{"a":1},` + giant + `,{"c":3},` + giant + `]`),
		iotest.OneByteReader(strings.NewReader(`[{"a":1},` + giant + `,{"c":3},` + giant + `]`)),
	} {
		if got, tooLong, _, err := elements(in, limit); fmt.Sprint(got) != `[{"a":1} {"c":3}]` || tooLong != 2 ||
			err != io.EOF {
			t.Errorf("%d events, %d too long, %v", len(got), tooLong, err)
		}
	}
	if got, tooLong, _, _ := elements(strings.NewReader(strings.Repeat("7", limit+1)), limit); len(got) != 0 ||
		tooLong != 1 {
		t.Errorf("a bare value: %d events, %d too long", len(got), tooLong)
	}
}

// fill is an endless run of one byte.
type fill byte

func (f fill) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(f)
	}
	return len(p), nil
}

func FuzzSplitter(f *testing.F) {
	for _, s := range []string{`[{"a":1},{"b":"\""}]`, "{\"a\":\"\n{}", `[[{},[1]],"x"`, `{"a":`, `]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		whole, _, rest, err := elements(strings.NewReader(string(in)), 1<<20)
		bytewise, _, restB, errB := elements(iotest.OneByteReader(strings.NewReader(string(in))), 1<<20)
		if fmt.Sprintf("%q", whole) != fmt.Sprintf("%q", bytewise) || rest != restB || fmt.Sprint(err) != fmt.Sprint(errB) {
			t.Fatalf("%q: whole %q %d %v, bytewise %q %d %v", in, whole, rest, err, bytewise, restB, errB)
		}
	})
}

func TestSplitterTail(t *testing.T) {
	for _, wrap := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader} {
		e := NewSplitter(wrap(strings.NewReader(`[{},{"a":"[`)), 1<<10)
		_, err := e.Next()
		if err == nil {
			_, err = e.Next()
		}
		if err != io.ErrUnexpectedEOF || string(e.Tail()) != `{"a":"[` {
			t.Errorf("%v, tail %q", err, e.Tail())
		}
	}
}

func TestArraySplitterEndsWithItsArray(t *testing.T) {
	for in, want := range map[string]string{
		` {"a":NaN} , [1], "]" ,2 ] ,"next":[{}]}`: `["{\"a\":NaN}" "[1]" "\"]\"" "2 "] EOF`,
		`]`:        `[] EOF`,
		`{"a":1}`:  `["{\"a\":1}"] unexpected EOF`,
		`{"a":1},`: `["{\"a\":1}"] unexpected EOF`,
		``:         `[] unexpected EOF`,
	} {
		for _, wrap := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader} {
			e := NewArraySplitter(wrap(strings.NewReader(in)), 1<<20)
			list := []string{}
			p, err := e.Next()
			for ; err == nil; p, err = e.Next() {
				list = append(list, string(p))
			}
			if got := fmt.Sprintf("%q %v", list, err); got != want {
				t.Errorf("%s: %s, want %s", in, got, want)
			}
		}
	}
}

func TestSplitterOversize(t *testing.T) {
	giant := `{"a":"` + strings.Repeat("0123456789", 30) + `"}`
	for _, end := range []string{"]", ",{}]", ""} {
		for _, limit := range []int{10, 299, len(giant) - 1} {
			for _, wrap := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
				e := NewSplitter(wrap(strings.NewReader("["+giant+end)), limit)
				var got []byte
				e.Oversize = func(piece []byte) { got = append(got, piece...) }
				if _, err := e.Next(); !errors.Is(err, ErrTooLong) || string(got) != giant {
					t.Errorf("limit %d, end %q: %v, got %d bytes of %d", limit, end, err, len(got), len(giant))
				}
			}
		}
	}
	e, got := NewSplitter(strings.NewReader(giant[:200]), 10), []byte(nil)
	e.Oversize = func(piece []byte) { got = append(got, piece...) }
	if _, err := e.Next(); err != io.ErrUnexpectedEOF || string(got)+string(e.Tail()) != giant[:200] {
		t.Errorf("cut: %v, got %q and %q", err, got, e.Tail())
	}
}

func TestSplitterReleasesLargeBuffer(t *testing.T) {
	e := NewSplitter(io.MultiReader(strings.NewReader(`["`+strings.Repeat("x", 8<<20)+`",`),
		strings.NewReader(strings.Repeat(`{"a":1},`, 10))), 64<<20)
	for range 5 {
		if _, err := e.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if cap(e.buf) > keepBuffer {
		t.Errorf("a buffer of %d bytes is kept", cap(e.buf))
	}
}
