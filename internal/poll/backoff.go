package poll

import (
	"math/rand/v2"
	"time"
)

// How long a failing server is left alone.
const (
	firstRetry = 250 * time.Millisecond
	longest    = 30 * time.Second
	mostAsked  = 5 * time.Minute // of Retry-After
)

// backoff is the wait after the nth failure in a row: anywhere up to 250 ms,
// then half a second doubling to 30 s, of which up to a quarter is taken off
// so that clients do not come back all at once. want is the server's own wish:
// the wait is not shorter, and up to a quarter longer for the same reason.
func backoff(n int, want time.Duration) time.Duration {
	wait := rand.N(firstRetry)
	if n > 1 {
		most := min(longest, 500*time.Millisecond<<min(n-2, 10))
		wait = most - rand.N(most/4)
	}
	want = min(want, mostAsked)
	return max(wait, want+rand.N(want/4+1))
}
