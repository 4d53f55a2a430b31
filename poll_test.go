//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// pollOf returns the command "rtev poll -q" whose unwritten files go to state.
func pollOf(t *testing.T, url, state string, args ...string) *exec.Cmd {
	args = append([]string{"poll", "-q", "-s", url, "-o", "ndjson", camera}, args...)
	return command(t, []string{"XDG_STATE_HOME=" + state}, args...)
}

// unwritten returns the names of the unwritten files in state, and their text.
func unwritten(t *testing.T, state string) (names []string, text string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(state, "rtev", "unwritten-*.ndjson"))
	check(t, err)
	for _, name := range names {
		data, err := os.ReadFile(name)
		check(t, err)
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
	good := `{"$id":"track","instance_id":"` + camera + `"}`
	for _, args := range [][]string{{"--once"}, {"-n", "2"}, {"--once", "--spool", t.TempDir()},
		{"--for", "1s", "-i", "1ms"}} {
		url, _ := queue(t, "["+good+", "+strings.Join(raw, ", ")+", "+good+"]\n")
		state := t.TempDir()
		got := finish(t, pollOf(t, url, state, args...))
		names, text := unwritten(t, state)
		if got.code != 5 || got.out != good+"\n"+good+"\n" || text != strings.Join(raw, "\n")+"\n" {
			t.Errorf("%v: %+v, saved %q", args, got, text)
		}
		if len(names) != 1 || !strings.Contains(got.errors, names[0]) {
			t.Errorf("%v: files %v, messages %q", args, names, got.errors)
		}
	}
}

// The reader has read one event, and the pipe holds only some of the others, so the
// signal comes while rtev prints.
func TestPollDeliversDrainedEventsAfterSignal(t *testing.T) {
	const events = 2000
	var want []string
	for n := range events {
		want = append(want, fmt.Sprintf(`{"$id":"track","instance_id":"%s","n":%d,"text":"%s"}`, camera, n,
			strings.Repeat("x", 200)))
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		for _, leaves := range []bool{false, true} {
			url, _ := queue(t, "["+strings.Join(want, ",")+"]")
			state := t.TempDir()
			c := pollOf(t, url, state)
			pipe, err := c.StdoutPipe()
			check(t, err)
			check(t, c.Start())
			reader := bufio.NewReader(pipe)
			first, err := reader.ReadString('\n')
			check(t, err)
			check(t, c.Process.Signal(signal))
			var rest []byte
			if leaves {
				pipe.Close()
			} else if rest, err = io.ReadAll(reader); err != nil {
				t.Fatal(err)
			}
			_ = c.Wait()
			_, saved := unwritten(t, state)
			got := strings.Split(strings.TrimSuffix(first+string(rest), "\n"), "\n")
			if leaves { // the events in the pipe are lost by the reader
				got = strings.Split(strings.TrimSuffix(saved, "\n"), "\n")
				if !slices.Equal(got, want[events-len(got):]) || len(got) < events/2 {
					t.Errorf("%v, the reader leaves: %d events are saved", signal, len(got))
				}
				continue
			}
			if died(c) != signal {
				t.Errorf("%v: ended with %v", signal, c.ProcessState)
			}
			if got = append(got, strings.Split(saved, "\n")[:strings.Count(saved, "\n")]...); !slices.Equal(got, want) {
				t.Errorf("%v: %d events are printed or saved, want %d", signal, len(got), events)
			}
		}
	}
}
