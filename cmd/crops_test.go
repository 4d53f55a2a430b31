package cmd

import (
	"strings"
	"testing"
)

// onTerminal returns the environment of a run that reads in, with a stdout that is a
// terminal or not.
func onTerminal(t *testing.T, terminal bool, in string) env {
	return env{stdin: strings.NewReader(in), outTTY: terminal, temp: t.TempDir(),
		size: func() (int, int) { return 120, 40 }}
}

func TestPreviewNotShownIsReportedOnce(t *testing.T) {
	for _, tc := range []struct {
		terminal bool
		term     string
		reports  int
	}{{true, "xterm", 1}, {true, "xterm-kitty", 0}, {false, "xterm-kitty", 1}} {
		e := onTerminal(t, tc.terminal, "{}\n{}\n")
		e.getenv = func(name string) string { return map[string]string{"TERM": tc.term}[name] }
		r := startEnv(t, e, "crops", "-", "--preview", "-d", t.TempDir())
		err := <-r.ended
		if n := strings.Count(r.err.String(), "no previews: "); err != nil || n != tc.reports {
			t.Errorf("%+v: %v, messages %q", tc, err, r.err.String())
		}
	}
}

func TestCropLineSaysWhatAndWhere(t *testing.T) {
	const input = `{"$id":"event-intrusion","instance_id":"i1","event_id":"e1","object_class":"Person","area_name":"Yard"}
{"$id":"crop","instance_id":"i1","ref_event_id":"e1","image":"AAAA"}
`
	for terminal, want := range map[bool]string{true: "picture of Person in Yard", false: "picture  3 B"} {
		r := startEnv(t, onTerminal(t, terminal, input), "tail", "-", "--color", "never")
		if err := <-r.ended; err != nil || !strings.Contains(r.out.String(), want) {
			t.Errorf("terminal %v: %v, %s%s", terminal, err, r.out.String(), r.err.String())
		}
	}
}
