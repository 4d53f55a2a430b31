package stats

import (
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server serves the metrics of a Counter over HTTP.
type Server struct {
	http    http.Server
	addr    net.Addr
	serving sync.WaitGroup
	err     error // why the serving ended; valid after serving
}

// Serve starts to serve the metrics of c at http://addr/metrics. It calls
// failed when it can no longer accept connections; Close returns the reason.
func Serve(addr string, c *Counter, failed func(error)) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, reason(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", Handler(c))
	s := &Server{addr: l.Addr(), http: http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 3 * time.Minute,
	}}
	s.serving.Go(func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.err = reason(err)
			failed(s.err)
		}
	})
	return s, nil
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.addr }

// Close ends all connections, and returns the error that ended the serving
// before Close was called.
func (s *Server) Close() error {
	_ = s.http.Close() // it closes the listener: nothing is lost when that fails
	s.serving.Wait()
	return s.err
}

// reason returns the innermost part of a network error, without the name of the
// system call and the address, which the caller knows.
func reason(err error) error {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}
