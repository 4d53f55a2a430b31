package rtapi

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff computes how long to wait before each attempt to connect again: up to
// 250 ms, then 0.5 s, doubling to 30 s. It is not safe for concurrent use.
type Backoff struct {
	// Rand returns numbers in [0,1); nil means math/rand/v2. The first wait is
	// that fraction of 250 ms, and each later one is up to a quarter shorter, so
	// that connections lost at the same time do not reconnect at the same time.
	Rand func() float64

	waits int // since the last Reset
}

// Next returns the next wait.
func (b *Backoff) Next() time.Duration {
	b.waits++
	if b.waits == 1 {
		return b.part(250 * time.Millisecond)
	}
	wait := min(30*time.Second, 500*time.Millisecond<<min(b.waits-2, 6))
	return wait - b.part(wait/4)
}

// AtLeast returns the next wait if the server asked for a wait of want: the
// longer of Next and want, which is extended by up to a quarter.
func (b *Backoff) AtLeast(want time.Duration) time.Duration {
	return max(b.Next(), want+b.part(want/4))
}

// Reset starts again with the first wait. Call it after a healthy connection.
func (b *Backoff) Reset() { b.waits = 0 }

// part returns a random fraction of d.
func (b *Backoff) part(d time.Duration) time.Duration {
	random := rand.Float64
	if b.Rand != nil {
		random = b.Rand
	}
	return time.Duration(float64(d) * random())
}

// Sleep waits for d, or until ctx is done.
func Sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
