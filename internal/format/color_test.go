package format

import "testing"

func TestUseColor(t *testing.T) {
	for _, tc := range []struct {
		when string
		env  map[string]string
		tty  bool
		want bool
	}{
		{"auto", nil, true, true},
		{"", nil, false, false},
		{"always", map[string]string{"NO_COLOR": "1", "TERM": "dumb"}, false, true},
		{"never", map[string]string{"FORCE_COLOR": "1"}, true, false},
		{"auto", map[string]string{"NO_COLOR": "0", "FORCE_COLOR": "1"}, true, false},
		{"auto", map[string]string{"FORCE_COLOR": "3", "CLICOLOR": "0", "TERM": "dumb"}, false, true},
		{"auto", map[string]string{"CLICOLOR_FORCE": "1", "TERM": "dumb"}, false, true},
		{"auto", map[string]string{"FORCE_COLOR": "0", "CLICOLOR_FORCE": "0"}, false, false},
		{"auto", map[string]string{"CLICOLOR": "0"}, true, false},
		{"auto", map[string]string{"CLICOLOR": "1"}, false, false},
		{"auto", map[string]string{"TERM": "dumb"}, true, false},
		{"auto", map[string]string{"TERM": "xterm"}, true, true},
	} {
		got, err := UseColor(tc.when, func(name string) string { return tc.env[name] }, tc.tty)
		if got != tc.want || err != nil {
			t.Errorf("%q %v tty %v: %v, %v", tc.when, tc.env, tc.tty, got, err)
		}
	}
	if _, err := UseColor("sometimes", nil, true); err == nil || err.Error() != `color "sometimes" is none of auto, always, never` {
		t.Error(err)
	}
}
