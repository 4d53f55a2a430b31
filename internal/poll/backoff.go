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

// backoff is the wait after the nth failure in a row: at most 250 ms, then
// half a second doubling to 30 s, of which a random half is taken off so that
// clients do not come back all at once. want is the server's own wish.
func backoff(n int, want time.Duration) time.Duration {
	most := firstRetry
	if n > 1 {
		most = min(longest, 500*time.Millisecond<<min(n-2, 10))
	}
	wait := most/2 + rand.N(most/2)
	return max(wait, min(want, mostAsked))
}
