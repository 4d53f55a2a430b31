package rtapi

import (
	"bytes"
	"io"
	"runtime"
	"sync"
)

// Of a stream that gives much, one of each client is read ahead: in a
// goroutine of its own, so that a second processor takes the bytes from the
// network while the first one looks at them. Most streams are calm, and with
// many at once the others keep every processor busy as it is.
//
// Where pictures are only copied there is nothing to gain, and the ring would be
// one copy more.
const (
	busyRead  = 16 << 10 // bytes in a read of a busy stream
	busyReads = 32       // so many of them in a row
	denseText = 256      // at most so many bytes for each quote

	// aheadRoom is how far is read ahead, in bytes. Who waited because there
	// was no room left goes on when half of it is free: with 512 KiB the turns
	// that the two take cost more than the second processor gives.
	aheadRoom = 2 << 20
)

// body is an answer's body. One goroutine calls Read and Close.
type body struct {
	io.ReadCloser
	client *Client
	busy   int
	ahead  *ahead
}

func (b *body) Read(p []byte) (int, error) {
	if b.ahead != nil {
		return b.ahead.Read(p)
	}
	n, err := b.ReadCloser.Read(p)
	if b.busy++; n < busyRead {
		b.busy = 0
	}
	if b.busy == busyReads {
		b.busy = 0
		if err == nil && b.worthwhile(p[:n]) && b.client.ahead.CompareAndSwap(false, true) {
			b.ahead = readAhead(b.ReadCloser)
		}
	}
	return n, err
}

// worthwhile tells whether a second processor would have something to do.
func (b *body) worthwhile(text []byte) bool {
	return runtime.GOMAXPROCS(0) > 1 && (b.client.eager || bytes.Count(text, []byte{'"'}) > len(text)/denseText)
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	if b.ahead != nil {
		b.ahead.stop()
		b.client.ahead.Store(false)
	}
	return err
}

// ahead reads from r in a goroutine of its own.
type ahead struct {
	r    io.Reader
	ring [aheadRoom]byte

	mu      sync.Mutex
	change  sync.Cond // one of the two waits at most
	put     int64     // bytes read so far; the next goes to ring[put%aheadRoom]
	took    int64     // bytes handed out so far
	err     error     // what r ended with
	full    bool      // there was no room
	stopped bool
	ended   chan struct{}
}

func readAhead(r io.Reader) *ahead {
	a := &ahead{r: r, ended: make(chan struct{})}
	a.change.L = &a.mu
	go a.run()
	return a
}

func (a *ahead) run() {
	defer close(a.ended)
	for {
		to := a.room()
		if to == nil {
			return
		}
		n, err := a.r.Read(to)
		a.mu.Lock()
		a.put, a.err = a.put+int64(n), err
		a.mu.Unlock()
		a.change.Signal()
		if err != nil {
			return
		}
	}
}

// room waits for room and returns it; nil: no more is wanted.
func (a *ahead) room() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.full = a.put-a.took == aheadRoom
	for a.full && !a.stopped {
		a.change.Wait()
	}
	if a.stopped {
		return nil
	}
	at, waiting := a.put%aheadRoom, a.put-a.took
	return a.ring[at:min(aheadRoom, at+aheadRoom-waiting)]
}

// Read hands out what was read, and behind all of it r's error.
func (a *ahead) Read(p []byte) (int, error) {
	a.mu.Lock()
	for a.put == a.took && a.err == nil {
		a.change.Wait()
	}
	from, waiting, err := a.took%aheadRoom, a.put-a.took, a.err
	a.mu.Unlock()
	if waiting == 0 {
		return 0, err
	}
	n := copy(p, a.ring[from:min(aheadRoom, from+waiting)])
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took += int64(n)
	if a.full && a.put-a.took <= aheadRoom/2 {
		a.full = false
		a.change.Signal()
	}
	return n, nil
}

// stop ends the goroutine and waits for it. A Read of r that waits must have
// been ended before.
func (a *ahead) stop() {
	a.mu.Lock()
	a.stopped = true
	a.mu.Unlock()
	a.change.Signal()
	<-a.ended
}
