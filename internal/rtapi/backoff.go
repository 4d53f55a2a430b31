package rtapi

import (
	"math/rand/v2"
	"time"
)

// Backoff is how long to wait before each attempt to connect again. The zero
// value has the times of the contract; set the fields before the first Next.
// Not safe for concurrent use.
type Backoff struct {
	First time.Duration // the first wait is anywhere from 0 to this; 0: 250 ms
	Base  time.Duration // the second wait; each later one is twice as long. 0: 500 ms
	Max   time.Duration // none is longer. 0: 30 s
	// Rand gives numbers in [0,1): the first wait is that part of First, each
	// later one is up to a quarter shorter, so that many connections that broke
	// at once do not come back at once. Nil: math/rand/v2.
	Rand func() float64

	waits int // since the last Reset
}

// Next is the next wait.
func (b *Backoff) Next() time.Duration {
	b.waits++
	if b.waits == 1 {
		return part(orElse(b.First, 250*time.Millisecond), b.random())
	}
	most := orElse(b.Max, 30*time.Second)
	wait := min(most, orElse(b.Base, 500*time.Millisecond))
	for i := 2; i < b.waits && wait < most; i++ {
		wait = min(most, 2*wait)
	}
	return wait - part(wait/4, b.random())
}

// AtLeast is the next wait where the server asked for want: not shorter, and
// up to a quarter longer where want decides.
func (b *Backoff) AtLeast(want time.Duration) time.Duration {
	return max(b.Next(), want+part(want/4, b.random()))
}

// Reset begins anew, after a healthy stretch.
func (b *Backoff) Reset() { b.waits = 0 }

func (b *Backoff) random() float64 {
	if b.Rand != nil {
		return b.Rand()
	}
	return rand.Float64()
}

func part(d time.Duration, of float64) time.Duration { return time.Duration(float64(d) * of) }

func orElse(d, zero time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return zero
}
