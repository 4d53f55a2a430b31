//go:build unix

package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a runner of a shell script, with everything that comes out of it. The
// script runs in the test's own folder.
type rig struct {
	*Runner
	dir    string
	ctx    context.Context // the run
	cancel context.CancelFunc

	mu       sync.Mutex
	out      bytes.Buffer
	outErr   error // of every write
	messages []string
	notices  []event.Notice
	saved    []string
	saveErr  error
}

func newRig(t *testing.T, timeout time.Duration, queue bool, script string) *rig {
	t.Helper()
	x := &rig{dir: t.TempDir()}
	file := filepath.Join(x.dir, "script")
	if err := os.WriteFile(file, []byte("cd '"+x.dir+"' || exit 99\n"+script), 0o600); err != nil {
		t.Fatal(err)
	}
	command, err := Parse("sh '" + file + "'")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	x.ctx, x.cancel = ctx, cancel
	o := Options{Output: x, Messages: x.message, Notify: x.notice, End: func(error) { cancel() }}
	if queue {
		o.Save = x.save
	}
	x.Runner = New(ctx, command, o)
	x.timeout = timeout
	t.Cleanup(func() {
		cancel()
		_ = x.Close()
		if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
			t.Errorf("a child is left: %d, %v", pid, err)
		}
	})
	return x
}

func (x *rig) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.outErr != nil {
		return 0, x.outErr
	}
	return x.out.Write(p)
}

func (x *rig) message(line string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.messages = append(x.messages, line)
}

func (x *rig) notice(n event.Notice) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.notices = append(x.notices, n)
}

func (x *rig) save(payload []byte) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.saveErr != nil {
		return "", x.saveErr
	}
	x.saved = append(x.saved, string(payload))
	return "saved.ndjson", nil
}

// all puts events with these payloads, and flushes and closes the sink.
func (x *rig) all(t *testing.T, payloads ...string) {
	t.Helper()
	s := x.Sink()
	for _, p := range payloads {
		if err := s.Put(flowtest.Event(t, "track", p)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.Flush(), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// fifo makes a named pipe and returns its path.
func (x *rig) fifo(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(x.dir, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const longer = time.Minute // no test waits that long

func TestCommandGetsPayloadAndFields(t *testing.T) {
	x := newRig(t, longer, false, `cat; env | grep '^RTEV_' | sort`)
	payload := `{"$id":"event-intrusion","instance_id":"i1","area":{"name":"Yard"},"object_class":"Per\u0000son",` +
		`"system_timestamp":1700000000123,"event_id":"e1","tracking_id":"t1"}`
	s := x.Sink()
	ev := flowtest.Event(t, "event-intrusion", payload)
	want := payload + "\nRTEV_CLASS=Person\nRTEV_EVENT=e1\nRTEV_INSTANCE=Gate\nRTEV_PLACE=" + ev.Get("_place").String() +
		"\nRTEV_TIME=2023-11-14T22:13:20.123Z\nRTEV_TRACK=t1\nRTEV_TYPE=event-intrusion\n"
	if err := s.Put(ev); err != nil {
		t.Fatal(err)
	}
	copy(ev.Payload, bytes.Repeat([]byte{'x'}, len(ev.Payload))) // the source uses it again
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if x.out.String() != want {
		t.Errorf("got %s\nwant %s", &x.out, want)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
}

// A payload must not be able to make every command fail by a long value, nor an
// outer variable stand for a field that an event lacks.
func TestVariablesAreBounded(t *testing.T) {
	t.Setenv("RTEV_PLACE", "elsewhere")
	x := newRig(t, longer, false, `printf '%s|%s\n' "$RTEV_CLASS" "$RTEV_PLACE"`)
	x.all(t, `{"object_class":"`+strings.Repeat("ä", 1<<20)+`"}`)
	if want := strings.Repeat("ä", 2<<10) + "|\n"; x.out.String() != want {
		t.Errorf("%d bytes", x.out.Len())
	}
}

func TestFourCommandsRunAtOnce(t *testing.T) {
	// The first four wait for each other. A file has their lines in order; pipes may not.
	x := newRig(t, longer, false, `mkdir -p s; echo start >>log; : >s/$$
while [ "$(ls s | wc -l)" -lt 4 ]; do sleep 0.01; done; echo end >>log`)
	two := []*Sink{x.Sink(), x.Sink()}
	var all sync.WaitGroup
	for _, s := range two {
		all.Go(func() {
			for range 6 {
				if err := s.Put(flowtest.Event(t, "track", `{}`)); err != nil {
					t.Error(err)
				}
			}
			_ = s.Close()
		})
	}
	all.Wait()
	log, err := os.ReadFile(filepath.Join(x.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	running, most := 0, 0
	for line := range strings.Lines(string(log)) {
		if line == "start\n" {
			running++
		} else {
			running--
		}
		most = max(most, running)
	}
	if most != 4 || strings.Count(string(log), "end") != 12 {
		t.Errorf("%d at once:\n%s", most, log)
	}
}

// Everything that a hanging command started is killed with it: the pipe is
// closed only when all of them have gone.
func TestHangingCommandIsKilledWithItsGroup(t *testing.T) {
	x := newRig(t, 500*time.Millisecond, false, `exec 3>alive; sleep 1000 & sleep 1000`)
	alive := x.fifo(t, "alive")
	ended := make(chan error, 1)
	go func() {
		f, err := os.Open(alive)
		if err == nil {
			_, err = io.ReadAll(f)
			f.Close()
		}
		ended <- err
	}()
	x.all(t, `{}`)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(x.notices) != 1 || x.notices[0].Text != "--exec sh: killed after 500ms (for track)" ||
		x.notices[0].Kind != event.Warning {
		t.Errorf("%+v", x.notices)
	}
}

func TestCommandMayIgnoreItsInput(t *testing.T) {
	x := newRig(t, longer, false, `exit 0`)
	large := `{"image":"` + strings.Repeat("A", 4<<20) + `"}`
	x.all(t, large, large, large)
	if err := x.Close(); err != nil || len(x.notices) > 0 {
		t.Errorf("%v, %+v", err, x.notices)
	}
}

func TestFloodOfOutputPasses(t *testing.T) {
	x := newRig(t, longer, false, `yes 0123456789 | head -n 200000; echo e >&2; yes | head -n 1000 | tr -d '\n' >&2; `+
		`printf last`)
	x.all(t, `{}`)
	if x.out.Len() != 200000*11+4 || !strings.HasSuffix(x.out.String(), "last") {
		t.Errorf("%d bytes", x.out.Len())
	}
	if len(x.messages) != 2 || x.messages[0] != "e" || len(x.messages[1]) != 1000 {
		t.Errorf("%d messages", len(x.messages))
	}
}

func TestEndlessFloodIsKilled(t *testing.T) {
	x := newRig(t, 500*time.Millisecond, false, `tr '\0' x </dev/zero`)
	x.Runner.o.Output = io.Discard
	x.all(t, `{}`)
	if err := x.Close(); err == nil || err.Error() != "--exec sh: 1 of 1 command failed" {
		t.Error(err)
	}
}

func TestTerminalDoesNotObeyOutput(t *testing.T) {
	for terminal, want := range map[bool]string{
		false: "Tür\tö 門 🚗\n\x1b[2Ja\rb\a\n\u009b31m\x7f\u202e\xff\n",
		true:  "Tür\tö 門 🚗\n\ufffd[2Ja\ufffdb\ufffd\n\ufffd31m\ufffd\ufffd\ufffd\n",
	} {
		x := newRig(t, longer, false, `printf 'T\303\274r\t\303\266 \351\226\200 `+
			`\360\237\232\227\n\033[2Ja\rb\a\n\302\23331m\177\342\200\256\377\n'`)
		x.Runner.o.Terminal = terminal
		x.all(t, `{}`)
		if x.out.String() != want {
			t.Errorf("terminal %v: %q", terminal, x.out.String())
		}
	}
}

// Lines of commands that run at the same time are not mixed, even if they are
// written in pieces.
func TestLinesAreNotMixed(t *testing.T) {
	x := newRig(t, longer, false, `for i in 1 2 3 4 5 6 7 8 9; do printf $RTEV_CLASS; sleep 0.001; done; echo`)
	x.all(t, `{"object_class":"a"}`, `{"object_class":"b"}`, `{"object_class":"c"}`, `{"object_class":"d"}`)
	lines := slices.Sorted(strings.Lines(x.out.String()))
	if want := []string{"aaaaaaaaa\n", "bbbbbbbbb\n", "ccccccccc\n", "ddddddddd\n"}; !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
}

// A process that a command leaves in the background is neither waited for,
// although it keeps the pipes open, nor killed.
func TestBackgroundProgramIsNotWaitedFor(t *testing.T) {
	x := newRig(t, longer, true, `sleep 1000 & echo $! >pid; echo done`)
	x.all(t, `{"image":"`+strings.Repeat("A", 1<<20)+`"}`)
	if err := x.Close(); err != nil || x.out.String() != "done\n" || len(x.saved) > 0 {
		t.Errorf("%v, %q", err, &x.out)
	}
	var pid int
	text, err := os.ReadFile(filepath.Join(x.dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Sscan(string(text), &pid)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("the background program: %v", err)
	}
}

func TestFirstFailureIsReportedAndAllAreCounted(t *testing.T) {
	x := newRig(t, longer, false, `echo "why $RTEV_CLASS" >&2; [ $RTEV_CLASS = c ] || exit 3`)
	x.all(t, `{"object_class":"a"}`, `{"object_class":"b"}`, `{"object_class":"c"}`)
	var kinds []event.Kind
	for _, n := range x.notices {
		kinds = append(kinds, n.Kind)
		if n.Text != "--exec sh: exit status 3 (for track)" || n.Instance.Name != "Gate" {
			t.Errorf("%+v", n)
		}
	}
	slices.Sort(kinds)
	if !slices.Equal(kinds, []event.Kind{event.Detail, event.Warning}) || !slices.Contains(x.messages, "why b") {
		t.Errorf("%v, %q", kinds, x.messages)
	}
	if err := x.Close(); err == nil || err.Error() != "--exec sh: 2 of 3 commands failed" {
		t.Error(err)
	}
}

func TestProgramThatDisappearsIsAFailure(t *testing.T) {
	x := newRig(t, longer, false, "")
	x.words = []string{filepath.Join(x.dir, "gone")}
	x.all(t, `{}`)
	if len(x.notices) != 1 || !strings.Contains(x.notices[0].Text, "no such file") {
		t.Errorf("%+v", x.notices)
	}
}

// An event of a queue whose command fails is saved, and those after it go on.
func TestFailedEventsOfAQueueAreSaved(t *testing.T) {
	x := newRig(t, longer, true, `[ $RTEV_CLASS = ok ]`)
	bad := string(flowtest.Event(t, "track", `{"object_class":"bad"}`).Payload)
	x.all(t, `{"object_class":"ok"}`, bad, `{"object_class":"ok"}`)
	if !slices.Equal(x.saved, []string{bad}) {
		t.Errorf("%q", x.saved)
	}
	err := x.Close()
	if err == nil || err.Error() != "--exec sh: 1 of 3 commands failed; their events are saved in saved.ndjson, which "+
		"rtev tail - < FILE reads" {
		t.Error(err)
	}
}

// When a failed event cannot be saved either, the source learns how many before
// it were delivered.
func TestWriteErrorCountsDeliveredEvents(t *testing.T) {
	x := newRig(t, longer, true, `[ $RTEV_CLASS = ok ]`)
	x.saveErr = errors.New("disk full")
	s := x.Sink()
	var err error
	for _, class := range []string{"ok", "ok", "bad", "ok"} {
		if err == nil {
			err = s.Put(flowtest.Event(t, "track", `{"object_class":"`+class+`"}`))
		}
	}
	if err == nil {
		err = s.Flush()
	}
	w, ok := errors.AsType[*event.WriteError](err)
	if !ok || w.Written != 2 || !errors.Is(err, x.saveErr) {
		t.Errorf("%#v", err)
	}
}

func TestFailedOutputEndsTheRun(t *testing.T) {
	for _, queue := range []bool{false, true} {
		x := newRig(t, longer, queue, `echo x`)
		x.outErr = errors.New("disk full")
		s := x.Sink()
		err := s.Put(flowtest.Event(t, "track", `{}`))
		if closed := s.Close(); err == nil {
			err = closed
		}
		w, ok := errors.AsType[*event.WriteError](err)
		if !ok || w.Written != 0 || !errors.Is(err, x.outErr) || x.ctx.Err() == nil || len(x.saved)+len(x.notices) > 0 {
			t.Errorf("queue %v: %#v, %+v", queue, err, x.notices)
		}
	}
}

// The end of the run does not end a command that runs.
func TestCommandMayFinishAfterTheRun(t *testing.T) {
	x := newRig(t, longer, true, `echo started >started; read line <go; echo $line`)
	started, release := x.fifo(t, "started"), x.fifo(t, "go")
	s := x.Sink()
	if err := s.Put(flowtest.Event(t, "track", `{}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(started); err != nil {
		t.Fatal(err)
	}
	x.cancel()
	if err := os.WriteFile(release, []byte("finished\n"), 0); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Flush(), x.Close()); err != nil || x.out.String() != "finished\n" {
		t.Errorf("%v, %q", err, &x.out)
	}
}

// Some time after the end of the run all commands are killed. The events of a
// queue stay with their source then.
func TestCommandsAreKilledAfterTheRun(t *testing.T) {
	for _, queue := range []bool{false, true} {
		x := newRig(t, 500*time.Millisecond, queue, `sleep 1000`)
		x.cancel()
		<-x.life.Done() // the watcher kills
		s := x.Sink()
		err := s.Put(flowtest.Event(t, "track", `{}`))
		if err == nil {
			err = s.Flush()
		}
		if closed := s.Close(); err == nil {
			err = closed
		}
		if queue && !errors.Is(err, errOver) {
			t.Errorf("queue: %v", err)
		}
		if failed := x.Close(); err == nil && failed == nil || len(x.saved) > 0 {
			t.Errorf("queue %v: the failure is not counted", queue)
		}
	}
}
