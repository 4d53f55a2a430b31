package cmd

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestPreviewNotShownIsReportedOnce(t *testing.T) {
	for _, tc := range []struct {
		terminal bool
		term     string
		reports  int
	}{{true, "xterm", 1}, {true, "xterm-kitty", 0}, {false, "xterm-kitty", 1}} {
		var messages bytes.Buffer
		err := run(t.Context(), env{
			args:  []string{"crops", "-", "--preview", "--config", "none", "-d", t.TempDir()},
			stdin: strings.NewReader("{}\n{}\n"), stdout: io.Discard, stderr: &messages,
			getenv: func(name string) string { return map[string]string{"TERM": tc.term}[name] },
			outTTY: tc.terminal, size: func() (int, int) { return 120, 40 }, temp: t.TempDir(), keepPipe: func() {},
		})
		if n := strings.Count(messages.String(), "no previews: "); err != nil || n != tc.reports {
			t.Errorf("%+v: %v, messages %q", tc, err, &messages)
		}
	}
}

func TestCropLineSaysWhatAndWhere(t *testing.T) {
	input := `{"$id":"event-intrusion","instance_id":"i1","event_id":"e1","object_class":"Person","area_name":"Yard"}
{"$id":"crop","instance_id":"i1","ref_event_id":"e1","image":"AAAA"}
`
	for terminal, want := range map[bool]string{true: "picture of Person in Yard", false: "picture  3 B"} {
		var out, messages bytes.Buffer
		err := run(t.Context(), env{
			args:  []string{"tail", "-", "--config", "none", "--color", "never"},
			stdin: strings.NewReader(input), stdout: &out, stderr: &messages,
			getenv: func(string) string { return "" }, outTTY: terminal, size: func() (int, int) { return 120, 40 },
			temp: t.TempDir(), keepPipe: func() {},
		})
		if err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("terminal %v: %v, %s%s", terminal, err, &out, &messages)
		}
	}
}
