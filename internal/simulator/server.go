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
	"sync"
	"time"
)

// Max is the Rate of a stream that is sent as fast as it is read. It repeats
// prepared records with increasing ids and times.
var Max = math.Inf(1)

// Options configure a server. The zero value is the demonstration: three
// instances at their own pace.
type Options struct {
	Seed      uint64     // the same seed produces the same events
	Instances []Instance // nil: Fleet(3); those that Replay names with one
	Rate      float64    // events per second and instance; 0: as the scene or the recording has it; Max
	Count     int        // every stream ends after so many events; 0: never
	Replay    []byte     // a capture that every stream sends, once or, with Count, repeatedly
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
	http    http.Server
	pipe    pipe

	ctx    context.Context // done once it is closed
	cancel context.CancelFunc
	work   sync.WaitGroup // scenes and responses

	mu        sync.Mutex
	queries   int         // of the database, counted for its faults
	instances []*instance // in the order in which they are listed
}

// New starts the instances. It fails if the rate is not positive, or if the capture
// has no event. Call Close when the server is no longer needed.
func New(o Options) (*Server, error) {
	if o.Rate != 0 && !(o.Rate >= 1e-6) {
		return nil, fmt.Errorf("rate %v: not a number of events per second from 0.000001", o.Rate)
	}
	capture, err := parseCapture(o.Replay)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: o, capture: capture}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.http = http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	s.pipe = pipe{make(chan net.Conn), s.ctx}
	s.routes()
	switch {
	case capture != nil:
		o.Instances = capture.instances()
	case o.Instances == nil:
		o.Instances = Fleet(3)
	}
	for _, in := range o.Instances {
		s.AddInstance(in)
	}
	s.work.Go(func() { _ = s.Serve(s.pipe) }) // it only ends with Close
	return s, nil
}

// Serve accepts connections on l until Close, which closes l.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close breaks all connections, stops the instances, and waits until no
// goroutine of the server runs.
func (s *Server) Close() {
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	_ = s.http.Close() // nobody can act on a listener's error
	s.work.Wait()
}

// ServeHTTP responds to one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.ctx.Err() != nil {
		s.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	s.work.Add(1)
	s.mu.Unlock()
	defer s.work.Done()
	if s.opts.Logf != nil {
		s.opts.Logf("%s %s", r.Method, r.URL)
	}
	s.mux.ServeHTTP(w, r)
}

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("GET /v1/core/instances", func(w http.ResponseWriter, _ *http.Request) {
		bodies := []object{}
		s.mu.Lock()
		for _, in := range s.instances {
			bodies = append(bodies, in.body())
		}
		s.mu.Unlock()
		reply(w, http.StatusOK, object{"instances": bodies})
	})
	forInstance := func(path string, respond func(in *instance, w http.ResponseWriter, r *http.Request)) {
		s.mux.HandleFunc("GET /v1/core/instance/{id}"+path, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			in := s.find(r.PathValue("id"))
			s.mu.Unlock()
			if in == nil {
				refuse(w, http.StatusNotFound, "instance not found")
				return
			}
			respond(in, w, r)
		})
	}
	forInstance("", func(in *instance, w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, in.body()) })
	forInstance("/consume_events_sse", s.stream)
	forInstance("/consume_events", s.poll)
	for _, table := range []string{"events", "tracks", "analytics"} {
		s.mux.HandleFunc("POST /v1/database/"+table, func(w http.ResponseWriter, r *http.Request) { s.query(w, r, table) })
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "no such path: "+r.URL.Path)
	})
}

// body returns the instance as the server describes it.
func (in *instance) body() object {
	fps := 0.0
	running := in.running.Err() == nil
	if running {
		fps = double(24.94)
	}
	return object{
		"instanceId": in.ID, "displayName": in.Name, "group": in.Group,
		"solutionId": "securt", "solutionName": "SecuRT (Security)", "version": "0.0.0-simulated",
		"persistent": true, "loaded": true, "running": running, "fps": fps,
		"readOnly": false, "autoStart": false, "autoRestart": true, "detectorMode": "SmartDetection",
	}
}

func refuse(w http.ResponseWriter, status int, text string) {
	reply(w, status, object{"error": text})
}

// reply sends a JSON body. It ignores write errors: the client is gone.
func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(body))
}

// DialContext connects to the server inside this process, whatever the
// address is. No port is opened.
func (s *Server) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case s.pipe.calls <- server:
		return client, nil
	case <-s.ctx.Done():
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pipe is the net.Listener of DialContext. The end of its context closes it.
type pipe struct {
	calls  chan net.Conn
	closed context.Context
}

// Accept implements net.Listener.
func (p pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.closed.Done():
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p pipe) Close() error { return nil }

// Addr implements net.Listener.
func (p pipe) Addr() net.Addr { return &net.UnixAddr{Name: "simulator", Net: "pipe"} }
