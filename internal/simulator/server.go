package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Max is the Rate of a stream that is sent as fast as it is read: a block made
// beforehand is sent again and again, with rising ids and times.
var Max = math.Inf(1)

// What a stream of Rate Max is made of.
const (
	MixScene  = ""       // what the scene tells
	MixTracks = "tracks" // tracks of about 500 bytes
	MixMixed  = "mixed"  // the same with 3 % crops of 30 to 60 KB
	MixCrops  = "crops"  // crops of 30 to 60 KB
)

// Options say what the server does. The zero value is the demonstration: three
// instances at their own pace.
type Options struct {
	Seed      uint64                           // the same seed tells the same events
	Instances []Instance                       // nil: Fleet(3), or those that Replay names
	Rate      float64                          // events a second and instance; 0: the scene's own pace (about 10 tracks a second an object), or the recorded one; Max
	Count     int                              // every stream ends properly after so many events; 0: it does not end
	Mix       string                           // with Rate Max
	BigChunks bool                             // with Rate Max: many events a chunk; else one
	Replay    []byte                           // a capture (SSE, NDJSON, polling answers) to send to every stream from its start; once, or again and again up to Count
	Faults    []Fault                          // of all instances
	Record    bool                             // keep hashes of what was delivered, for Served
	Logf      func(format string, args ...any) // told of each request; nil: nobody
}

// Server is a simulated RT Server, an http.Handler. All methods are safe for
// concurrent use.
type Server struct {
	opts    Options
	capture *capture // nil: none
	album   *album
	mux     *http.ServeMux

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup // scenes and answers
	pipe   *pipe

	mu       sync.Mutex
	closed   bool
	requests int            // of any kind
	cameras  []*camera      // in the order in which they are listed
	servers  []*http.Server // of Serve
	vanished []net.Conn     // kept open without anybody behind them
}

// New starts the instances. Errors: a replay that holds no event, a fault or a
// mix that does not exist, a rate that is none. Close must be called.
func New(o Options) (*Server, error) {
	if err := check(o.Faults); err != nil {
		return nil, err
	}
	if o.Rate != 0 && !(o.Rate >= 1e-6) {
		return nil, fmt.Errorf("rate %v: events a second, from 0.000001 on", o.Rate)
	}
	switch o.Mix {
	case MixScene, MixTracks, MixMixed, MixCrops:
	default:
		return nil, fmt.Errorf("mix %q: there are tracks, mixed, crops", o.Mix)
	}
	capture, err := parseCapture(o.Replay)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: o, album: newAlbum(o.Mix == MixMixed || o.Mix == MixCrops), pipe: newPipe()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.mux = s.routes()
	s.capture = capture
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

// Serve answers on l until Close, which closes l.
func (s *Server) Serve(l net.Listener) error {
	h := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(logWriter{s}, "", 0)}
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
// address: no port is opened.
func (s *Server) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	s.pipe.serve.Do(func() {
		if s.begin() {
			go func() {
				defer s.work.Done()
				_ = s.Serve(s.pipe) // ends with Close, and not before
			}()
		}
	})
	return s.pipe.dial(ctx)
}

// Close breaks all connections, without a proper end, stops the instances, and
// waits until nothing of the server runs any more.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	servers, vanished := s.servers, s.vanished
	s.servers, s.vanished = nil, nil
	s.mu.Unlock()
	s.cancel()
	for _, h := range servers {
		_ = h.Close() // the listener's error helps nobody now
	}
	for _, c := range vanished {
		_ = c.Close()
	}
	_ = s.pipe.Close()
	s.work.Wait()
}

// begin counts one more thing that runs, unless the server is closed.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.work.Add(1)
	}
	return !s.closed
}

// ServeHTTP answers one request, unless the server is mute.
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

// logWriter passes what net/http says to Logf.
type logWriter struct{ s *Server }

func (l logWriter) Write(p []byte) (int, error) {
	l.s.logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}

func (s *Server) logf(format string, args ...any) {
	if s.opts.Logf != nil {
		s.opts.Logf(format, args...)
	}
}
