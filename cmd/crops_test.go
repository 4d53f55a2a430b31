package cmd

import (
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
