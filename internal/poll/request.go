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

// How long a server may send nothing while an answer is due: always, and once
// the run is to end.
const (
	silence = 60 * time.Second
	grace   = 10 * time.Second
)

var errSilent = errors.New("the server sent nothing for too long")

// request is one request and its answer. The end of the run does not end it
// once it may have reached the server: then the queue may be drained, and the
// answer is the only copy of it. Only a silent server ends it.
type request struct {
	ctx    context.Context // for Client.Drain
	run    context.Context
	cancel context.CancelCauseFunc
	stop   func() bool

	mu      sync.Mutex
	sent    bool
	waiting bool        // for the server, and not for the sink
	timer   *time.Timer // runs while waiting
}

// ask readies a request of a run; end releases it.
func ask(run context.Context) *request {
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
	q.stop = context.AfterFunc(run, q.hurry)
	return q
}

func (q *request) end() {
	q.stop()
	q.wait(false)
	q.cancel(nil)
}

// hurry is called when the run is to end.
func (q *request) hurry() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.sent {
		q.cancel(q.run.Err())
	} else if q.waiting {
		q.timer.Reset(grace)
	}
}

// wait tells whether bytes of the server are waited for.
func (q *request) wait(on bool) {
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

// why is the reason behind an error of Client.Drain.
func (q *request) why(err error, server string) error {
	switch cause := context.Cause(q.ctx); {
	case q.run.Err() != nil && cause != nil:
		return q.run.Err()
	case cause != nil:
		return &rtapi.UnreachableError{URL: server, Err: cause}
	}
	return err
}

// reader reads the answer's body, whose error comes again with every read.
func (q *request) reader(body io.Reader) io.Reader {
	q.mu.Lock()
	q.sent = true
	q.mu.Unlock()
	q.wait(false)
	return &answer{q: q, body: body}
}

type answer struct {
	q    *request
	body io.Reader
	err  error
}

func (a *answer) Read(p []byte) (n int, err error) {
	if a.err != nil {
		return 0, a.err
	}
	a.q.wait(true)
	n, err = a.body.Read(p)
	a.q.wait(false)
	if cause := context.Cause(a.q.ctx); cause != nil && err != nil && err != io.EOF {
		err = cause
	}
	a.err = err
	return n, err
}
