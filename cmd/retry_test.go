package cmd

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/rtapi"
)

// TestRetryEndsAtRefusedLookup: --retry waits for a server that is away, not
// for one that refuses the credentials of the look-up.
func TestRetryEndsAtRefusedLookup(t *testing.T) {
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		synctest.Test(t, func(t *testing.T) {
			ln, asked := flowtest.Listen(), 0
			srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.WriteHeader(code)
			})}
			go srv.Serve(ln)
			defer srv.Close()
			r := startDial(t, ln.Dial, "tail", "-s", "http://sim", "Gate", "--retry", "-o", "ndjson", "--for", "1h")
			began := time.Now()
			err := <-r.ended
			status, ok := errors.AsType[*rtapi.StatusError](err)
			if !ok || status.Code != code || asked != 1 || time.Since(began) > time.Second {
				t.Errorf("%d: ended with %v after %v and %d look-ups", code, err, time.Since(began), asked)
			}
		})
	}
}
