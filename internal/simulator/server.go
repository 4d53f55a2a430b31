// Package simulator is an RT Server for tests and demonstrations. It generates
// traffic, replays captures, and misbehaves on request.
//
// It implements the server's documentation on its own and imports no other
// package of this module, so that a mistake in a client is not repeated here.
package simulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Max is the Rate of a stream that is sent as fast as it is read. It repeats
// prepared records with increasing ids and times.
var Max = math.Inf(1)

// Traffic of a stream with Rate Max.
const (
	MixScene  = ""       // what the scene produces
	MixTracks = "tracks" // tracks of about 500 bytes
	MixMixed  = "mixed"  // the same with 3 % crops of 30 to 60 KB
	MixCrops  = "crops"  // crops of 30 to 60 KB
)

// Options configure a server. The zero value is the demonstration: three
// instances at their own pace.
type Options struct {
	Seed      uint64     // the same seed produces the same events
	Instances []Instance // nil: Fleet(3), or those that Replay names
	Rate      float64    // events per second and instance; 0: as the scene or the recording has it; Max
	Count     int        // every stream ends after so many events; 0: never
	Mix       string     // with Rate Max
	Replay    []byte     // a capture (SSE, NDJSON, polling responses) that every stream sends, once or, with Count, repeatedly
	Faults    []Fault    // of all instances
	Record    bool       // remember hashes of delivered events, for Served

	// Logf, if not nil, is called for each request, from several goroutines.
	Logf func(format string, args ...any)
}

// Server is a simulated RT Server and an http.Handler. All methods are safe
// for concurrent use.
type Server struct {
	opts    Options
	capture *capture // nil: none
	mux     *http.ServeMux
	pipe    *pipe
	piped   sync.Once // starts the server on pipe

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup // scenes and responses

	mu        sync.Mutex
	closed    bool
	requests  int            // of any kind, counted for mute
	queries   int            // of the database, counted for its faults
	instances []*instance    // in the order in which they are listed
	servers   []*http.Server // of Serve
	vanished  []net.Conn     // left open without a reader or writer
}

// New starts the instances. It fails if a fault or a mix does not exist, if
// the rate is not positive, or if the capture has no event. Call Close when
// the server is no longer needed.
func New(o Options) (*Server, error) {
	if err := check(o.Faults); err != nil {
		return nil, err
	}
	if o.Rate != 0 && !(o.Rate >= 1e-6) {
		return nil, fmt.Errorf("rate %v: not a number of events per second from 0.000001", o.Rate)
	}
	if !slices.Contains([]string{MixScene, MixTracks, MixMixed, MixCrops}, o.Mix) {
		return nil, fmt.Errorf("mix %q is not one of tracks, mixed, crops", o.Mix)
	}
	capture, err := parseCapture(o.Replay)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: o, capture: capture}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.pipe = &pipe{calls: make(chan net.Conn), closed: s.ctx}
	s.mux = s.routes()
	instances := o.Instances
	if instances == nil && capture != nil {
		instances = capture.instances()
	}
	if instances == nil {
		instances = Fleet(3)
	}
	for _, in := range instances {
		if err := s.AddInstance(in); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// Serve accepts connections on l until Close, which closes l.
func (s *Server) Serve(l net.Listener) error {
	h := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errors.Join(http.ErrServerClosed, l.Close())
	}
	s.servers = append(s.servers, h)
	s.mu.Unlock()
	err := h.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// DialContext connects to the server inside this process, whatever the
// address is. No port is opened.
func (s *Server) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	s.piped.Do(func() {
		if s.begin() {
			go func() {
				defer s.work.Done()
				_ = s.Serve(s.pipe) // it only ends with Close
			}()
		}
	})
	return s.pipe.dial(ctx)
}

// Close breaks all connections, stops the instances, and waits until no
// goroutine of the server runs.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	servers, vanished := s.servers, s.vanished
	s.servers, s.vanished = nil, nil
	s.mu.Unlock()
	s.cancel()
	for _, h := range servers {
		_ = h.Close() // nobody can act on the listener's error
	}
	for _, c := range vanished {
		_ = c.Close()
	}
	s.work.Wait()
}

// begin counts one more goroutine, unless the server is closed.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.work.Add(1)
	}
	return !s.closed
}

// ServeHTTP responds to one request, unless the server is mute.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.muted() {
		s.mux.ServeHTTP(w, r)
		return
	}
	s.logf("%s %s: mute", r.Method, r.URL)
	select {
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
	panic(http.ErrAbortHandler)
}

// muted counts a request and reports whether a fault of the server makes it
// mute. An instance's own mute fault affects its event endpoints only.
func (s *Server) muted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	return slices.ContainsFunc(s.opts.Faults, func(f Fault) bool { return f.Name == "mute" && f.meets(s.requests) })
}

func (s *Server) logf(format string, args ...any) {
	if s.opts.Logf != nil {
		s.opts.Logf(format, args...)
	}
}
