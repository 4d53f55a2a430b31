package rtapi

import (
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
)

// wire is a body that gives size bytes, some of them with each read, and then
// waits until it is closed, or ends with err.
type wire struct {
	size, at int
	each     func(at int) int
	err      error
	once     sync.Once
	closed   chan struct{}
}

func newWire(size int, each func(at int) int, err error) *wire {
	return &wire{size: size, each: each, err: err, closed: make(chan struct{})}
}

var errClosed = errors.New("closed while it was read")

func (w *wire) Read(p []byte) (int, error) {
	if w.at == w.size && w.err == nil {
		<-w.closed
		return 0, errClosed
	}
	n := min(len(p), w.each(w.at), w.size-w.at)
	for i := range p[:n] {
		p[i] = byteAt(w.at + i)
	}
	if w.at += n; w.at == w.size {
		return n, w.err
	}
	return n, nil
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

// byteAt differs from its neighbours, and from what is a ring before it; there
// are quotes in it as in JSON.
func byteAt(i int) byte {
	if i%64 == 0 {
		return '"'
	}
	return byte(i ^ i>>8 ^ i>>16)
}

// twoProcessors makes sure that there is one to read ahead.
func twoProcessors(t *testing.T) {
	was := runtime.GOMAXPROCS(max(2, runtime.GOMAXPROCS(0)))
	t.Cleanup(func() { runtime.GOMAXPROCS(was) })
}

func TestABusyBodyIsReadAheadAndIsTheSame(t *testing.T) {
	defer goleak.VerifyNone(t)
	twoProcessors(t)
	for name, each := range map[string]func(at int) int{
		"whole reads":  func(int) int { return 1 << 20 },
		"odd ones":     func(at int) int { return busyRead + at%977 },
		"then a calm":  func(at int) int { return max(1, busyRead*min(1, 8<<20/(at+1))) },
		"nothing much": func(int) int { return busyRead - 1 },
	} {
		c := &Client{}
		b := &body{ReadCloser: newWire(10<<20+13, each, io.ErrUnexpectedEOF), client: c}
		at, buf := 0, make([]byte, 48<<10)
		var err error
		for err == nil {
			var n int
			n, err = b.Read(buf[:busyRead+at%(len(buf)-busyRead)])
			for i := range n {
				if buf[i] != byteAt(at+i) {
					t.Fatalf("%s: byte %d differs", name, at+i)
				}
			}
			at += n
		}
		if at != 10<<20+13 || err != io.ErrUnexpectedEOF {
			t.Errorf("%s: %d bytes, %v", name, at, err)
		}
		if _, again := b.Read(buf); again == nil {
			t.Errorf("%s: no error behind the end", name)
		}
		if (b.ahead != nil) != (name != "nothing much") {
			t.Errorf("%s: read ahead %v", name, b.ahead != nil)
		}
		if b.Close() != nil || c.ahead.Load() {
			t.Errorf("%s: not given back", name)
		}
	}
}

func TestPicturesAreReadAheadOnlyIfAskedTo(t *testing.T) {
	defer goleak.VerifyNone(t)
	twoProcessors(t)
	for _, eager := range []bool{false, true} {
		b := &body{ReadCloser: io.NopCloser(&zeros{left: 64 << 20}), client: &Client{eager: eager}}
		for range 5 * busyReads {
			if _, err := b.Read(make([]byte, busyRead)); err != nil {
				t.Fatal(err)
			}
		}
		if (b.ahead != nil) != eager {
			t.Errorf("eager %v: read ahead %v", eager, b.ahead != nil)
		}
		if eager {
			for err := error(nil); err == nil; _, err = b.Read(make([]byte, aheadRoom)) {
			}
		}
		b.Close()
	}
}

// zeros is text without quotes.
type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left -= len(p); z.left < 0 {
		return 0, io.EOF
	}
	clear(p)
	return len(p), nil
}

func TestOnlyOneBodyOfAClientIsReadAhead(t *testing.T) {
	defer goleak.VerifyNone(t)
	twoProcessors(t)
	c := &Client{}
	busy := func() *body {
		b := &body{ReadCloser: newWire(64<<20, func(int) int { return 1 << 20 }, nil), client: c}
		for range 2 * busyReads {
			if _, err := b.Read(make([]byte, busyRead)); err != nil {
				t.Fatal(err)
			}
		}
		return b
	}
	first, second := busy(), busy()
	if first.ahead == nil || second.ahead != nil {
		t.Error("not the first alone")
	}
	first.Close()
	if third := busy(); third.ahead == nil {
		t.Error("the place is not free again")
	} else {
		third.Close()
	}
	second.Close()
}

// TestReadingAheadEnds closes a body while its goroutine waits: for room, and
// for the network.
func TestReadingAheadEnds(t *testing.T) {
	twoProcessors(t)
	for _, size := range []int{busyReads * busyRead, busyReads*busyRead + aheadRoom/2, 4 * aheadRoom} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire(size, func(int) int { return busyRead }, nil)
			b := &body{ReadCloser: w, client: &Client{}}
			for range busyReads {
				if _, err := b.Read(make([]byte, busyRead)); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait() // it has read as far as it can
			if want := min(size, busyReads*busyRead+aheadRoom); w.at != want {
				t.Errorf("%d: %d bytes were read, want %d", size, w.at, want)
			}
			b.Close() // synctest fails if its goroutine is left
		})
	}
}

func TestAReadThatWaitsGetsTheFirstByte(t *testing.T) {
	twoProcessors(t)
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		a := readAhead(in)
		got := make(chan string)
		go func() {
			buf := make([]byte, 100)
			n, err := a.Read(buf)
			if err != nil {
				t.Error(err)
			}
			got <- string(buf[:n])
		}()
		synctest.Wait()
		if _, err := out.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		if s := <-got; s != "x" {
			t.Errorf("%q", s)
		}
		out.Close()
		a.stop()
	})
}

// TestMoreThanFitsIntoAnIntIsReadAhead: where an int has 32 bits, too.
func TestMoreThanFitsIntoAnIntIsReadAhead(t *testing.T) {
	const size = 8 * aheadRoom
	so := int64(1<<31 - 3*aheadRoom)
	w := newWire(size, func(int) int { return busyRead }, io.EOF)
	a := &ahead{r: w, ended: make(chan struct{}), put: so, took: so}
	a.change.L = &a.mu
	go a.run()
	at, buf := 0, make([]byte, 48<<10)
	for {
		n, err := a.Read(buf)
		for i := range n {
			if buf[i] != byteAt(at+i) {
				t.Fatalf("byte %d differs", at+i)
			}
		}
		if at += n; err != nil {
			break
		}
	}
	if at != size {
		t.Errorf("%d bytes of %d", at, size)
	}
	a.stop()
}
