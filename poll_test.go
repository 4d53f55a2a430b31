//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const pollInstance = "899c89f9-90c3-c633-8586-8f09b005ebed"

// queue serves one polling response, and then empty queues.
func queue(t *testing.T, response string) (url string, drained func() bool) {
	t.Helper()
	given := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if given {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		given = true
		io.WriteString(w, response)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, func() bool { return given }
}

// polled returns the command "rtev poll -q" whose unwritten files go to state.
func polled(url, state string, args ...string) *exec.Cmd {
	c := exec.Command("rtev", append([]string{"poll", "-q", "-s", url, "--config", "none", "-o", "ndjson", pollInstance},
		args...)...)
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+state)
	return c
}

func unwritten(t *testing.T, state string) (names []string, text string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(state, "rtev", "unwritten-*.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text += string(data)
	}
	return names, text
}

func TestPollSavesItemsThatAreNotStrictJSON(t *testing.T) {
	var raw []string
	for _, value := range []string{"NaN", "-nan", "Infinity", ".5", "01", "0,9", `\"\t\"`, `\"\\c\"`} {
		raw = append(raw, `{"dataType": "event-intrusion", "jsonObject": "{\"confidence\":`+value+`}"}`)
	}
	raw[6] = strings.ReplaceAll(raw[6], `\t`, "\t")
	good := `{"$id":"track","instance_id":"` + pollInstance + `"}`
	for _, args := range [][]string{{"--once"}, {"-n", "2"}, {"--once", "--spool", t.TempDir()},
		{"--for", "1s", "-i", "1ms"}} {
		url, _ := queue(t, "["+good+", "+strings.Join(raw, ", ")+", "+good+"]\n")
		state := t.TempDir()
		c := polled(url, state, args...)
		var out, messages bytes.Buffer
		c.Stdout, c.Stderr = &out, &messages
		_ = c.Run()
		names, text := unwritten(t, state)
		if c.ProcessState.ExitCode() != 5 || out.String() != good+"\n"+good+"\n" || text != strings.Join(raw, "\n")+"\n" {
			t.Errorf("%v: status %v, printed %q, saved %q", args, c.ProcessState, out.String(), text)
		}
		if len(names) != 1 || !strings.Contains(messages.String(), names[0]) {
			t.Errorf("%v: files %v, messages %q", args, names, messages.String())
		}
	}
}

// The reader has read one event, and the pipe holds only some of the others, so the
// signal comes while rtev prints.
func TestPollDeliversDrainedEventsAfterSignal(t *testing.T) {
	const events = 2000
	var all, want []string
	for n := range events {
		want = append(want, fmt.Sprintf(`{"$id":"track","instance_id":"%s","n":%d,"text":"%s"}`, pollInstance, n,
			strings.Repeat("x", 200)))
	}
	all = append(all, want...)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		for _, leaves := range []bool{false, true} {
			url, _ := queue(t, "["+strings.Join(all, ",")+"]")
			state := t.TempDir()
			c := polled(url, state)
			pipe, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			reader := bufio.NewReader(pipe)
			first, err := reader.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			rest := ""
			if leaves {
				rest = buffered(reader)
				pipe.Close()
			} else if text, err := io.ReadAll(reader); err != nil {
				t.Fatal(err)
			} else {
				rest = string(text)
			}
			_ = c.Wait()
			_, saved := unwritten(t, state)
			got := strings.Split(strings.TrimSuffix(first+rest, "\n"), "\n")
			if leaves { // the events in the pipe are lost by the reader
				got = strings.Split(strings.TrimSuffix(saved, "\n"), "\n")
				if !slices.Equal(got, want[events-len(got):]) || len(got) < events/2 {
					t.Errorf("%v, the reader leaves: %d events are saved", signal, len(got))
				}
				continue
			}
			if status := c.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != signal {
				t.Errorf("%v: ended with %v", signal, c.ProcessState)
			}
			if got = append(got, strings.Split(saved, "\n")[:strings.Count(saved, "\n")]...); !slices.Equal(got, want) {
				t.Errorf("%v: %d events are printed or saved, want %d", signal, len(got), events)
			}
		}
	}
}

func buffered(r *bufio.Reader) string {
	text, _ := r.Peek(r.Buffered())
	return string(text)
}

func TestPollRefusesToDrainWithoutStandardOutput(t *testing.T) {
	for _, redirect := range []string{">&-", "1<" + os.DevNull} {
		url, drained := queue(t, "[{}]")
		c := exec.Command("sh", "-c", "exec rtev poll --once -s "+url+" --config none "+pollInstance+" "+redirect)
		text, _ := c.CombinedOutput()
		if c.ProcessState.ExitCode() != 5 || drained() || !strings.Contains(string(text), "standard output") {
			t.Errorf("%s: %v, %q, drained %v", redirect, c.ProcessState, text, drained())
		}
	}
}
