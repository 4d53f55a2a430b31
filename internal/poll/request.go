package poll

import (
	"context"
	"errors"
	"io"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/rtapi"
)

// How long a server may send nothing while a response is due: usually, and
// once the run is to end.
const (
	silence = 60 * time.Second
	grace   = 10 * time.Second
)

var errSilent = errors.New("the server sent nothing for too long")

// request limits the time of one request and its response. The end of the run
// does not cancel a request that may have reached the server: the queue may
// have been drained, and the response is the only copy. A silent server does.
type request struct {
	ctx    context.Context // for Client.Drain
	run    context.Context
	cancel context.CancelCauseFunc
	stop   func() bool

	mu      sync.Mutex
	sent    bool        // to a server, or perhaps
	waiting bool        // for the server, and not for the sink
	timer   *time.Timer // runs while waiting
}

// newRequest returns the request of a run. Call end to release it.
func newRequest(run context.Context) *request {
	q := &request{run: run, waiting: true}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(run))
	q.cancel = cancel
	q.ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.sent = true
		},
	})
	q.timer = time.AfterFunc(silence, func() { cancel(errSilent) })
	q.stop = context.AfterFunc(run, q.runEnded)
	return q
}

func (q *request) end() {
	q.stop()
	q.setWaiting(false)
	q.cancel(nil)
}

// runEnded is called when the run is to end.
func (q *request) runEnded() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.sent {
		q.cancel(q.run.Err())
	} else if q.waiting {
		q.timer.Reset(grace)
	}
}

// setWaiting starts or stops the time limit.
func (q *request) setWaiting(on bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = on
	switch {
	case !on:
		q.timer.Stop()
	case q.run.Err() != nil:
		q.timer.Reset(grace)
	default:
		q.timer.Reset(silence)
	}
}

// cause returns why Client.Drain failed with err: the end of the run if that
// cancelled the request, or else what happened to the server.
func (q *request) cause(err error, server string) error {
	switch cause := context.Cause(q.ctx); {
	case q.run.Err() != nil && cause != nil:
		return q.run.Err()
	case cause != nil:
		return &rtapi.UnreachableError{URL: server, Err: cause}
	}
	return err
}

// reader reads the response's body within the time limit.
func (q *request) reader(body io.Reader) io.Reader {
	q.mu.Lock()
	q.sent = true
	q.mu.Unlock()
	q.setWaiting(false)
	return &limited{request: q, body: body}
}

type limited struct {
	request *request
	body    io.Reader
	err     error // returned by every later read, too
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (n int, err error) {
	if l.err != nil {
		return 0, l.err
	}
	l.request.setWaiting(true)
	n, err = l.body.Read(p)
	l.request.setWaiting(false)
	if cause := context.Cause(l.request.ctx); cause != nil && err != nil && err != io.EOF {
		err = cause
	}
	l.err = err
	return n, err
}
