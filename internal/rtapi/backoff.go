package rtapi

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff computes how long to wait before each attempt to connect again: up to
// 250 ms, then 0.5 s, doubling to 30 s. The first wait is a random fraction of
// 250 ms, and each later one is up to a quarter shorter, so that connections lost
// at the same time do not reconnect at the same time. It is not safe for
// concurrent use.
type Backoff struct {
	waits int // since the last Reset
}

// Next returns the next wait.
func (b *Backoff) Next() time.Duration {
	b.waits++
	if b.waits == 1 {
		return part(250 * time.Millisecond)
	}
	wait := min(30*time.Second, 500*time.Millisecond<<min(b.waits-2, 6))
	return wait - part(wait/4)
}

// AtLeast returns the next wait if the server asked for a wait of want: the
// longer of Next and want, which is extended by up to a quarter.
func (b *Backoff) AtLeast(want time.Duration) time.Duration {
	return max(b.Next(), want+part(want/4))
}

// Reset starts again with the first wait. Call it after a healthy connection.
func (b *Backoff) Reset() { b.waits = 0 }

// part returns a random part of d.
func part(d time.Duration) time.Duration { return time.Duration(rand.Float64() * float64(d)) }

// Sleep waits for d, or until ctx is done; then it returns ctx.Err().
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
