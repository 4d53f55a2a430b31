package cmd

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/crop"
)

func TestPreviewNotShownIsReportedOnce(t *testing.T) {
	for _, tc := range []struct {
		terminal bool
		term     string
		want     crop.Protocol
		message  string // "" for none
	}{
		{true, "xterm", crop.NoPreview, "this terminal shows no pictures"},
		{true, "xterm-kitty", crop.Kitty, ""},
		{false, "xterm-kitty", crop.NoPreview, "standard output is not a terminal"},
	} {
		a := &app{env: env{outTTY: tc.terminal, getenv: func(name string) string { return map[string]string{"TERM": tc.term}[name] }}}
		var messages []string
		got := a.previewProtocol(func(format string, _ ...any) { messages = append(messages, format) })
		if got != tc.want || len(messages) > 1 || (len(messages) == 1) != (tc.message != "") || !strings.Contains(strings.Join(messages, ""), tc.message) {
			t.Errorf("%+v: protocol %d, messages %q", tc, got, messages)
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
			args: []string{"tail", "-", "--config", "none", "--color", "never"}, stdin: strings.NewReader(input), stdout: &out, stderr: &messages,
			getenv: func(string) string { return "" }, outTTY: terminal, size: func() (int, int) { return 120, 40 }, temp: t.TempDir(), keepPipe: func() {},
		})
		if err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("terminal %v: %v, %s%s", terminal, err, &out, &messages)
		}
	}
}
