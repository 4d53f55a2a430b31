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
	http        http.Server
	addr        net.Addr
	serving     sync.WaitGroup // the accept loop
	connections sync.WaitGroup // their goroutines; added to by the accept loop only
	err         error          // why the accept loop ended; valid after serving
}

// Serve starts to serve the metrics of c at http://addr/metrics. It calls
// failed when it can no longer accept connections; Close returns the reason.
func Serve(addr string, c *Counter, failed func(error)) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, reason(err)
	}
	s := &Server{addr: l.Addr()}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", Handler(c))
	s.http = http.Server{
		Handler: mux, ConnState: s.count,
		ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 3 * time.Minute,
	}
	s.serving.Go(func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.err = reason(err)
			failed(s.err)
		}
	})
	return s, nil
}

// count counts the connections that have a goroutine.
func (s *Server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.connections.Add(1)
	case http.StateClosed:
		s.connections.Done()
	}
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.addr }

// Close ends all connections, waits until no goroutine of the server is left,
// and returns the error that ended the serving before Close was called.
func (s *Server) Close() error {
	_ = s.http.Close() // it closes the listener: nothing is lost when that fails
	s.serving.Wait()
	s.connections.Wait()
	return s.err
}

// reason returns the part of a network error that says what is wrong, without
// the name of the system call and the address, which the caller knows.
func reason(err error) error {
	var op *net.OpError
	if !errors.As(err, &op) {
		return err
	}
	var dns *net.DNSError
	if errors.As(op.Err, &dns) {
		return errors.New(dns.Err)
	}
	for inner := op.Err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}
