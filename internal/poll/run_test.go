package poll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/rtapi"
)

func TestRunEndsWhileWaitingForResponse(t *testing.T) {
	for _, tc := range []struct {
		name     string
		response any
		took     time.Duration
		want     []string
	}{
		{"it comes", &slow{8 * time.Second, items(0, 3)}, 8 * time.Second, payloads(0, 3)},
		{"it stays away", nil, 20 * time.Second, nil},
		{"it stops half-way", io.MultiReader(strings.NewReader(items(0, 3)[:150]), blocked{}), time.Minute, payloads(0, 1)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := overNet(t, func(w http.ResponseWriter, r *http.Request) {
					if tc.response == nil {
						<-r.Context().Done()
						return
					}
					w.(http.Flusher).Flush()
					io.Copy(flushing{w}, ctxReader{r.Context(), tc.response.(io.Reader)})
				})
				got, s := &flowtest.Collect{}, noticeLog{}
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() {
					p := &Poll{Client: client, Instance: gate(), Notify: s.notify, UnwrittenDirs: []string{t.TempDir()}}
					done <- p.Run(ctx, got)
				}()
				synctest.Wait()
				began := time.Now()
				cancel()
				if err := <-done; err != context.Canceled && !says(err, notJSON(1)) {
					t.Errorf("got %v", err)
				}
				equal(t, tc.name, got.Payloads(), tc.want)
				if took := time.Since(began); took != tc.took {
					t.Errorf("took %v, want %v", took, tc.took)
				}
				if cut := s.of(event.Lost, "what did not arrive is lost"); (cut == 1) != (tc.name == "it stops half-way") ||
					got.Pending() > 0 {
					t.Errorf("%d not flushed, notices %v", got.Pending(), s.all)
				}
			})
		})
	}
}

// blocked stands for a body that never arrives; ctxReader ends it with its request.
type blocked struct{}

func (blocked) Read([]byte) (int, error) { return 0, errBlocked }

var errBlocked = errors.New("blocked")

type ctxReader struct {
	ctx context.Context
	io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err == errBlocked {
		<-c.ctx.Done()
	}
	return n, err
}

type flushing struct{ http.ResponseWriter }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	f.ResponseWriter.(http.Flusher).Flush()
	return n, err
}

// overNet returns a real client of a server with h, in a synctest bubble.
func overNet(t *testing.T, h http.HandlerFunc) *rtapi.Client {
	ln := flowtest.Listen()
	srv := &http.Server{Handler: h}
	go srv.Serve(ln)
	client, err := rtapi.New(rtapi.Options{Server: "nvr1", Dial: ln.Dial})
	check(t, err)
	t.Cleanup(func() {
		client.Close()
		srv.Close()
	})
	return client
}

func TestRunEndsBeforeRequestIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		p := &Poll{Client: responses(), Instance: gate(), Once: true}
		if err := p.Run(ctx, &flowtest.Collect{}); err != context.DeadlineExceeded || time.Since(began) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestSilentServerTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := overNet(t, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, items(0, 3)[:150])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		got, began := &flowtest.Collect{}, time.Now()
		p := &Poll{Client: client, Instance: gate(), Once: true, UnwrittenDirs: []string{t.TempDir()}}
		err := p.Run(t.Context(), got)
		var silent *rtapi.UnreachableError
		if !says(err, "cut off") || !errors.As(err, &silent) || time.Since(began) != time.Minute {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		equal(t, "of a silent server", got.Payloads(), payloads(0, 1))
	})
}

func TestSlowOutputIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		got := &flowtest.Collect{OnPut: func(n int) {
			time.Sleep(2 * time.Minute)
			cancel() // the response is read to its end anyway
		}}
		in := iotest.OneByteReader(strings.NewReader(items(0, 4)))
		client := overNet(t, func(w http.ResponseWriter, _ *http.Request) { io.Copy(flushing{w}, in) })
		if err := (&Poll{Client: client, Instance: gate(), Once: true}).Run(ctx, got); err != nil {
			t.Error(err)
		}
		equal(t, "slow output", got.Payloads(), payloads(0, 4))
	})
}

func TestSource(t *testing.T) {
	sources := map[string]func(t *testing.T, payloads []string) Client{
		"fake": func(t *testing.T, payloads []string) Client {
			return responses(wrapped(payloads), nil, nil)
		},
		"server": func(t *testing.T, payloads []string) Client {
			n := 0
			return overNet(t, func(w http.ResponseWriter, r *http.Request) {
				if n++; n > 1 {
					w.WriteHeader(204)
					return
				}
				io.WriteString(w, wrapped(payloads))
			})
		},
	}
	for name, client := range sources {
		for _, spooled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/spool=%v", name, spooled), func(t *testing.T) {
				flowtest.Source(t, func(t *testing.T, payloads []string) event.Source {
					p := &Poll{Client: client(t, payloads), Instance: &event.Instance{ID: "i1"}, Interval: 100 * time.Millisecond,
						UnwrittenDirs: []string{t.TempDir()}}
					if spooled {
						p.Spool = open(t, t.TempDir())
					}
					return afterStop{p}
				})
			})
		}
	}
}

// afterStop hides the one Flush that a Poll does after ErrStop, to find out
// whether the earlier events were written or have to be saved.
type afterStop struct{ event.Source }

func (a afterStop) Run(ctx context.Context, to event.Sink) error {
	return a.Source.Run(ctx, &stopped{Sink: to})
}

type stopped struct {
	event.Sink
	over bool
}

func (s *stopped) Put(ev *event.Event) error {
	err := s.Sink.Put(ev)
	s.over = err == event.ErrStop
	return err
}

func (s *stopped) Flush() error {
	if s.over {
		return nil
	}
	return s.Sink.Flush()
}

func wrapped(payloads []string) string {
	var all []string
	for _, p := range payloads {
		all = append(all, item(p))
	}
	text := "[" + strings.Join(all, ",") + "]"
	return strings.ReplaceAll(text, `"dataType":"track",`, "")
}

func open(t testing.TB, dir string) *Spool {
	t.Helper()
	s, err := OpenSpool(dir)
	check(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}
