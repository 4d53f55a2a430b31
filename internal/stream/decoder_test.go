package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	gosse "github.com/tmaxmax/go-sse"
)

// show returns the complete output of a decoder as text.
func show(d *decoder) string {
	var b strings.Builder
	for {
		r, err := d.next()
		switch {
		case err == io.EOF:
			fmt.Fprintf(&b, "lastID %q\n", d.lastID)
			return b.String()
		case err != nil:
			fmt.Fprintf(&b, "error %v\n", err)
			if !errors.Is(err, jsonraw.ErrTooLong) {
				return b.String()
			}
		default:
			fmt.Fprintf(&b, "type %q id %q data %q\n", r.typ, r.id, r.data)
		}
	}
}

// cuts are ways in which the same bytes may arrive.
var cuts = map[string]func(string) io.Reader{
	"whole":     func(s string) io.Reader { return strings.NewReader(s) },
	"bytes":     func(s string) io.Reader { return iotest.OneByteReader(strings.NewReader(s)) },
	"pairs":     func(s string) io.Reader { return &pieces{s, []int{2}} },
	"odd pairs": func(s string) io.Reader { return &pieces{s, []int{1, 2}} },
	"dataerr":   func(s string) io.Reader { return iotest.DataErrReader(strings.NewReader(s)) },
	"nothing":   func(s string) io.Reader { return &pieces{s, []int{0, 3, 0, 0, 1}} },
}

// pieces reads s in pieces of the given sizes; the last one repeats.
type pieces struct {
	s     string
	sizes []int
}

func (p *pieces) Read(buf []byte) (int, error) {
	if p.s == "" {
		return 0, io.EOF
	}
	n := copy(buf, p.s[:min(len(p.s), p.sizes[0])])
	if p.s = p.s[n:]; len(p.sizes) > 1 {
		p.sizes = p.sizes[1:]
	}
	return n, nil
}

// everyCut checks that in yields want wherever reads end.
func everyCut(t *testing.T, in, want string, decoder func(io.Reader) *decoder) {
	t.Helper()
	for name, cut := range cuts {
		if got := show(decoder(cut(in))); got != want {
			t.Errorf("%s: %q gave\n%swant\n%s", name, in, got, want)
		}
	}
	for i := 1; i < len(in) && len(in) < 4096; i++ {
		if got := show(decoder(&pieces{in, []int{i, len(in)}})); got != want {
			t.Fatalf("cut at %d: %q gave\n%swant\n%s", i, in, got, want)
		}
	}
}

func plain(r io.Reader) *decoder { return newDecoder(r, event.MaxPayload) }

// TestVectors runs the cases in testdata/sse. A case has a name, the input as
// quoted strings, and the records that it must yield.
func TestVectors(t *testing.T) {
	files, _ := filepath.Glob("testdata/sse/*.txt")
	cases := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range strings.Split(string(text), "-- ")[1:] {
			name, rest, _ := strings.Cut(one, " --\n")
			in, want, ok := vector(rest)
			if !ok {
				t.Fatalf("%s: %s: no input", file, name)
			}
			cases++
			t.Run(name, func(t *testing.T) { everyCut(t, in, want, plain) })
		}
	}
	if cases < 60 {
		t.Errorf("only %d cases", cases)
	}
}

func vector(text string) (in, want string, ok bool) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, `"`):
			part, err := strconv.Unquote(line)
			if err != nil {
				return "", "", false
			}
			in, ok = in+part, true
		case line != "":
			want += line + "\n"
		}
	}
	return in, want, ok
}

// oracle follows section 9.2.6 step by step, on bytes, but passes on invalid UTF-8
// as decoder does.
func oracle(in string) string {
	var b strings.Builder
	var data, typ, id, lastID string
	in = strings.TrimPrefix(in, "\uFEFF")
	rest := strings.ReplaceAll(strings.ReplaceAll(in, "\r\n", "\n"), "\r", "\n")
	for rest != "" {
		line, after, ended := strings.Cut(rest, "\n")
		rest = after
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case strings.HasPrefix(line, "[") || strings.HasPrefix(line, "{"):
			fmt.Fprintf(&b, "type \"\" id \"\" data %q\n", line)
		case !ended:
		case line == "":
			lastID = id
			if data != "" {
				fmt.Fprintf(&b, "type %q id %q data %q\n", typ, lastID, strings.TrimSuffix(data, "\n"))
			}
			data, typ = "", ""
		case field == "event":
			typ = value
		case field == "data":
			data += value + "\n"
		case field == "id" && !strings.Contains(value, "\x00"):
			id = value
		}
	}
	return b.String() + fmt.Sprintf("lastID %q\n", lastID)
}

var tokens = []string{
	"data", "event", "id", "retry", ":", ":", ": ", " ", "\n", "\n", "\n", "\r", "\r", "\r\n", "\n\n", "\uFEFF", "\xEF",
	"\xEF\xBB", "\x00", "x", "{}", "[", "{", "17", "3",
	"data:a\n", "data: b\n", "data\n", "event: t\n", "id: 5\n", "\t", "\xff",
}

func TestDecoderMatchesStandard(t *testing.T) {
	for seed := range uint64(5_000) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var in string
		for range 1 + rnd.IntN(14) {
			in += tokens[rnd.IntN(len(tokens))]
		}
		everyCut(t, in, oracle(in), plain)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add("\uFEFFid: 1\r\nevent: a\rdata:b\n\n{}\n", uint8(1))
	f.Add("data\ndata\r\n\r\nretry:5\nid\x00\n\n[", uint8(3))
	f.Fuzz(func(t *testing.T, in string, size uint8) {
		want := oracle(in)
		for _, r := range []io.Reader{strings.NewReader(in), &pieces{in, []int{int(size)%7 + 1}}} {
			if got := show(plain(r)); got != want {
				t.Fatalf("%q gave\n%swant\n%s", in, got, want)
			}
		}
	})
}

// TestDecoderMatchesGoSSE compares the decoder with go-sse on streams that both
// must read alike.
func TestDecoderMatchesGoSSE(t *testing.T) {
	for seed := range uint64(100) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		var in strings.Builder
		end := []string{"\n", "\r\n", "\r"}[rnd.IntN(3)]
		for range 1 + rnd.IntN(20) {
			fmt.Fprintf(&in, "id: %d%s", rnd.IntN(99), end)
			if rnd.IntN(4) > 0 {
				fmt.Fprintf(&in, "event:type-%d%s", rnd.IntN(5), end)
			}
			if rnd.IntN(4) == 0 {
				fmt.Fprintf(&in, ": a comment%s", end)
			}
			for range 1 + rnd.IntN(3) {
				fmt.Fprintf(&in, "data: %s%s", strings.Repeat("é x:", rnd.IntN(2000)), end)
			}
			in.WriteString(end)
		}
		var want strings.Builder
		last := ""
		for ev, err := range gosse.Read(strings.NewReader(in.String()), &gosse.ReadConfig{MaxEventSize: 1 << 20}) {
			if err != nil {
				t.Fatal(err)
			}
			last = ev.LastEventID
			fmt.Fprintf(&want, "type %q id %q data %q\n", ev.Type, ev.LastEventID, ev.Data)
		}
		fmt.Fprintf(&want, "lastID %q\n", last)
		if got := show(plain(&pieces{in.String(), []int{1 + rnd.IntN(5000)}})); got != want.String() {
			t.Fatalf("seed %d: got\n%.2000s\nwant\n%.2000s", seed, got, want.String())
		}
	}
}

func TestTooLong(t *testing.T) {
	small := func(r io.Reader) *decoder { return newDecoder(r, 20) }
	long := strings.Repeat("x", 21)
	for _, tc := range []struct{ name, in, want string }{
		{"just fits", "data:" + long[:20] + "\n\ndata: " + long[:20] + "\n\n[" + long[:19] + "\n",
			`type "" id "" data "` + long[:20] + `"` + "\n" + `type "" id "" data "` + long[:20] + `"` + "\n" +
				`type "" id "" data "[` + long[:19] + `"` + "\n"},
		{"one line", "data:" + long + "\n\ndata: ok\n\n", "error record too long\n" + `type "" id "" data "ok"` + "\n"},
		{"several lines, reported once", "data: 0123456789\ndata: 0123456789\ndata: " + long + "\n:" + long + long +
			"\ndata: a\n\ndata: ok\n\n",
			"error record too long\n" + `type "" id "" data "ok"` + "\n"},
		{"a comment does not count", "data: a\n:" + long + long + "\ndata: b\n\n", `type "" id "" data "a\nb"` + "\n"},
		{"the last line", "[" + long, "error record too long\n"},
		{"older framing", "data: a\n[" + long + "\n{}\n\n",
			"error record too long\n" + `type "" id "" data "{}"` + "\n" + `type "" id "" data "a"` + "\n"},
	} {
		t.Run(tc.name, func(t *testing.T) { everyCut(t, tc.in, tc.want+"lastID \"\"\n", small) })
	}
	t.Run("the id of a record that is skipped counts", func(t *testing.T) {
		everyCut(t, "id: 7\ndata: "+long+"\n\n", "error record too long\nlastID \"7\"\n", small)
	})
	t.Run("a long type or id is ignored", func(t *testing.T) {
		name := strings.Repeat("n", maxName+1)
		everyCut(t, "event:"+name+"\ndata: a\n\nid: 1\nid:"+name+"\ndata: b\n\ndata: c\n\n",
			`type "" id "" data "a"`+"\n"+`type "" id "1" data "b"`+"\n"+`type "" id "1" data "c"`+"\nlastID \"1\"\n", plain)
	})
}

// fill is an endless run of one byte.
type fill byte

func (f fill) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(f)
	}
	return len(p), nil
}

func TestDecoderMemoryIsBounded(t *testing.T) {
	const limit = 1 << 20
	endless := func(front string, c byte, n int64) io.Reader {
		return io.MultiReader(strings.NewReader(front), io.LimitReader(fill(c), n), strings.NewReader("\n\ndata: ok\n\n"))
	}
	repeat := func(s string, n int) io.Reader {
		return io.MultiReader(io.LimitReader(&again{s: s}, int64(n*len(s))), strings.NewReader("\n\ndata: ok\n\n"))
	}
	for _, tc := range []struct {
		name    string
		in      io.Reader
		tooLong int
	}{
		{"a line", endless("data: ", 'x', 50*limit), 1},
		{"an older line", endless("[", 'x', 50*limit), 1},
		{"a comment", endless(":", 'x', 50*limit), 0},
		{"comments in a record", repeat("data: a\n:0123456789\n", 200_000), 0},
		{"data lines", repeat("data: 0123456789\n", 400_000), 1},
		{"types", repeat("event: 0123456789\n", 400_000), 0},
		{"line ends", endless("", '\n', 3*limit), 0},
		{"carriage returns", endless("", '\r', 3*limit), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, tooLong, biggest, last := newDecoder(tc.in, limit), 0, 0, ""
			for {
				r, err := d.next()
				biggest = max(biggest, cap(d.in.buf))
				if err == jsonraw.ErrTooLong {
					tooLong++
					continue
				}
				if err != nil {
					break
				}
				last = string(r.data)
			}
			if tooLong != tc.tooLong || last != "ok" || biggest > 2*limit {
				t.Errorf("%d too long, want %d; last record %.20q; buffer of %d", tooLong, tc.tooLong, last, biggest)
			}
		})
	}
}

// again reads s repeatedly.
type again struct {
	s string
	i int
}

func (a *again) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		m := copy(p[n:], a.s[a.i:])
		n, a.i = n+m, (a.i+m)%len(a.s)
	}
	return n, nil
}

func TestBufferGrowsAndShrinks(t *testing.T) {
	const track = "event: track\ndata: {\"$id\":\"track\"}\n\n"
	var sizes []int
	next := func(d *decoder, n int) {
		for range n {
			if _, err := d.next(); err != nil {
				t.Fatal(err)
			}
		}
		sizes = append(sizes, cap(d.in.buf))
	}
	in := &pieces{strings.Repeat(track, 200_000), []int{len(track)}}
	d := plain(in)
	next(d, 100)
	in.sizes = []int{1 << 30} // as much as the buffer holds
	next(d, 100_000)
	if want := []int{firstBuffer, readBuffer}; fmt.Sprint(sizes) != fmt.Sprint(want) {
		t.Errorf("sizes quiet and busy: %v, want %v", sizes, want)
	}
	giant := "data: " + strings.Repeat("x", 20<<20) + "\n\n" + strings.Repeat(track, 10_000)
	d = plain(&pieces{giant, []int{64 << 10}})
	sizes = nil
	next(d, 1)
	next(d, 10_000)
	if sizes[0] > 32<<20 || sizes[1] > readBuffer {
		t.Errorf("sizes at a giant and after it: %v", sizes)
	}
}

func TestCarriageReturnsAreLinear(t *testing.T) {
	one := strings.Repeat("data: {\"a\":1}\r\r", 400_000)
	began := time.Now()
	d, n := plain(strings.NewReader(one)), 0
	for {
		if _, err := d.next(); err != nil {
			break
		}
		n++
	}
	// 0.03 s, and minutes where each line searches the buffer for an LF
	if took := time.Since(began); n != 400_000 || took > 5*time.Second {
		t.Errorf("%d records in %v", n, took)
	}
}

func TestDecoderAllocatesNothing(t *testing.T) {
	const records = "id: 1\nevent: track\ndata: {\"a\":1}\n\nid: 2\r\nevent: crop\r\ndata: {\r\ndata: }\r\n\r\n"
	d := plain(&again{s: records})
	for range 10_000 {
		d.next()
	}
	if n := testing.AllocsPerRun(10_000, func() { d.next() }); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

func TestDecoderReturnsReaderErrors(t *testing.T) {
	broken := errors.New("broken")
	d := plain(io.MultiReader(strings.NewReader("data: a\n\n[{}"), iotest.ErrReader(broken)))
	if r, err := d.next(); string(r.data) != "a" || err != nil {
		t.Errorf("%q %v", r.data, err)
	}
	for range 2 {
		if r, err := d.next(); err != broken {
			t.Errorf("%q %v", r.data, err)
		}
	}
	if d.unfinished() != int64(len("[{}")) {
		t.Errorf("%d unfinished", d.unfinished())
	}
}

// TestLastBareRecord checks that a record of the older framing needs no line end,
// even if the connection was cut after it.
func TestLastBareRecord(t *testing.T) {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF} {
		d := plain(io.MultiReader(strings.NewReader("[{}]"), iotest.ErrReader(end)))
		if r, err := d.next(); string(r.data) != "[{}]" || err != nil {
			t.Errorf("%v: %q %v", end, r.data, err)
		}
		if r, err := d.next(); err != end || d.unfinished() != 0 {
			t.Errorf("%v: %q %v, %d unfinished", end, r.data, err, d.unfinished())
		}
	}
}

func BenchmarkDecoder(b *testing.B) {
	for _, size := range []int{500, 45_000} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			rec := "id: 1\nevent: track\ndata: " + payload(size) + "\n\n"
			d := plain(&again{s: strings.Repeat(rec, 1+1<<20/size)})
			b.SetBytes(int64(len(rec)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// payload returns an event of about size bytes: a track, or a crop with a picture.
func payload(size int) string {
	track := `{"$id":"track","$version":1,"age_ms":1200,"detection_confidence":0.87,"event_timestamp_ms":41200,` +
		`"events":["6b42f3eb-71df-b37c-3738-cbdd9b8b36ef"],"instance_id":"183224d2-7b72-b647-391e-179fa311b891",` +
		`"is_moving":1,"location":{"height":0.128,"width":0.041,"x":0.21200000000000002,"y":0.634},` +
		`"object_class":"Person","system_datetime":"2026-06-19T17:13:44Z","system_timestamp":1781889224024,` +
		`"tracking_id":"83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7"}`
	if size <= len(track) {
		return track
	}
	return strings.TrimSuffix(track, "}") + `,"image":"` + string(bytes.Repeat([]byte("aB3/"), (size-len(track))/4)) + `"}`
}
