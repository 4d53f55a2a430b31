package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
)

// Delays while waiting for the response header of a stream.
const (
	noticeAfter = 3 * time.Second  // until a notice that the source waits
	checkAfter  = 10 * time.Second // until the first check that the server is alive
	checkEvery  = time.Minute      // between later checks
)

// open opens the stream. The response header may come only with the first
// event, hours later, so open waits for it as long as the server is alive.
func (s *session) open(ctx context.Context, cancel context.CancelCauseFunc) (io.ReadCloser, error) {
	waiting, stop := context.WithCancel(ctx)
	alive := false
	var checks sync.WaitGroup
	checks.Go(func() { alive = s.watch(waiting, cancel) })
	began := time.Now()
	body, err := s.Client.Stream(ctx, s.Instance.ID, s.Types, s.lastID)
	stop()
	checks.Wait()
	s.alive = s.alive || alive
	if cause := context.Cause(ctx); cause != nil && s.ctx.Err() == nil {
		if err == nil {
			body.Close()
		}
		return nil, cause
	}
	if err != nil && alive && time.Since(began) >= healthy {
		s.wait.Reset() // a proxy ended a quiet stream
	}
	return body, err
}

// watch reports that the source waits, and periodically checks that the server is
// alive. If it is not, watch ends the attempt with the reason. It reports whether
// the server responded to a check.
func (s *session) watch(waiting context.Context, end context.CancelCauseFunc) (alive bool) {
	rtapi.Sleep(waiting, noticeAfter)
	if waiting.Err() != nil {
		return false
	}
	s.tell(event.Notice{Kind: event.Waiting, Text: fmt.Sprintf("waiting for %s: no response to the stream request yet", s.Instance.Name), Span: noticeAfter})
	for pause := checkAfter - noticeAfter; ; pause = checkEvery {
		rtapi.Sleep(waiting, pause)
		if waiting.Err() != nil {
			return alive
		}
		err := s.Client.Check(waiting, s.Instance.ID)
		switch {
		case waiting.Err() != nil:
			return alive
		case err != nil:
			end(err)
			return alive
		}
		alive = true
	}
}

// serves reports whether the server is alive although the first connection failed
// with err. It is if it responded to a check, or if err is a gateway's, which may
// time out a quiet stream, and the server responds to a check now.
func (s *session) serves(err error) bool {
	status, refused := errors.AsType[*rtapi.StatusError](err)
	_, page := errors.AsType[*rtapi.NotStreamError](err)
	switch {
	case refused && rtapi.IsGateway(status.Code):
		return s.alive || s.Client.Check(s.ctx, s.Instance.ID) == nil
	case refused, page:
		return false
	}
	return s.alive
}
