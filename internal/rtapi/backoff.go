package rtapi

import (
	"cmp"
	"context"
	"math/rand/v2"
	"time"
)

// Backoff computes how long to wait before each attempt to connect again. The
// zero value has the times of the contract; set the fields before the first
// Next. It is not safe for concurrent use.
type Backoff struct {
	First time.Duration // the first wait is between 0 and this; 0: 250 ms
	Base  time.Duration // the second wait; each later one is twice as long. 0: 500 ms
	Max   time.Duration // the longest wait; 0: 30 s
	// Rand returns numbers in [0,1): the first wait is that part of First, and
	// each later one is up to a quarter shorter, so that many connections that
	// broke together do not come back together. Nil: math/rand/v2.
	Rand func() float64

	waits int // since the last Reset
}

// Next returns the next wait.
func (b *Backoff) Next() time.Duration {
	b.waits++
	if b.waits == 1 {
		return part(cmp.Or(b.First, 250*time.Millisecond), b.random())
	}
	longest := cmp.Or(b.Max, 30*time.Second)
	wait := min(longest, cmp.Or(b.Base, 500*time.Millisecond))
	for i := 2; i < b.waits && wait < longest; i++ {
		wait = min(longest, 2*wait)
	}
	return wait - part(wait/4, b.random())
}

// AtLeast returns the next wait if the server asked for want: not shorter than
// want, and up to a quarter longer where want decides.
func (b *Backoff) AtLeast(want time.Duration) time.Duration {
	return max(b.Next(), want+part(want/4, b.random()))
}

// Reset starts again with the first wait, after a healthy stretch.
func (b *Backoff) Reset() { b.waits = 0 }

func (b *Backoff) random() float64 {
	if b.Rand != nil {
		return b.Rand()
	}
	return rand.Float64()
}

func part(d time.Duration, of float64) time.Duration { return time.Duration(float64(d) * of) }

// Sleep waits for d, or until ctx is done.
func Sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
