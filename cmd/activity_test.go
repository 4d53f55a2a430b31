package cmd

import (
	"context"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/simulator"
)

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// startScreen runs the program on a terminal of 100 columns, against a simulator
// with the name sim, and waits so long.
func startScreen(t *testing.T, o simulator.Options, wait time.Duration, args ...string) *rtev {
	t.Helper()
	sim := newSimulator(t, o)
	if !slices.Contains(args, "--demo") && !slices.Contains(args, "-") {
		args = append(args, "-s", "http://sim")
	}
	r := startEnv(t, terminal(sim.DialContext), args...)
	time.Sleep(wait)
	synctest.Wait()
	return r
}

// inUTC returns the arguments in a text with dir for TEMP, and with --utc where the
// output has times for people.
func inUTC(text, dir string) []string {
	args := strings.Fields(strings.ReplaceAll(text, "TEMP", dir))
	if !strings.Contains(text, "-o ") {
		args = append(args, "--utc")
	}
	return args
}

func terminal(dial dialer) env {
	return env{dial: dial, outTTY: true, errTTY: true, size: func() (int, int) { return 100, 40 }}
}

// messages returns the messages on stderr, without colours and in one line each.
func (r *rtev) messages() (list []string) {
	text := escapes.ReplaceAllString(r.err.String(), "")
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if n := len(list); n > 0 && !strings.Contains(line, "rtev: ") {
			list[n-1] += " " + strings.TrimLeft(line, " ")
			continue
		}
		list = append(list, line)
	}
	return list
}

// The bubble's clock starts at 00:00:00.
func TestTerminalSaysWhatIsRead(t *testing.T) {
	for _, tc := range []struct{ args, want string }{
		{"tail", "00:00:00.000  rtev: following Gate, Dock and Car park on http://sim:3546"},
		{"tail Dock --time rfc3339", "2000-01-01T00:00:00.000Z  rtev: following Dock on http://sim:3546"},
		{"tail Dock --time delta", "            rtev: following Dock on http://sim:3546"},
		{"tail Dock --time off", "rtev: following Dock on http://sim:3546"},
		{"tail Dock -o ndjson --no-image", "  rtev: following Dock on http://sim:3546"},
		{"tail --demo", "00:00:00.000  rtev: following Gate, Dock and Car park on the built-in simulator"},
		{"poll Gate -i 5s", "00:00:00.000  rtev: polling Gate on http://sim:3546 every 5.0 s"},
		{"poll Gate --once", "00:00:00.000  rtev: polling Gate on http://sim:3546 once"},
		{"crops Gate -d TEMP", "00:00:00.000  rtev: saving pictures of Gate on http://sim:3546 in TEMP"},
		{"tail -", "00:00:00.000  rtev: following recorded events from standard input"},
		{"tail -q", ""},
	} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			r := startScreen(t, simulator.Options{Seed: 1}, 100*time.Millisecond, inUTC(tc.args, dir)...)
			got, want := r.messages()[0], strings.ReplaceAll(tc.want, "TEMP", dir)
			if !strings.HasSuffix(got, want) || want == "" && got != "" {
				t.Errorf("%s: %q, want %q", tc.args, got, want)
			}
			if want != "" && !strings.Contains(r.err.String(), "\x1b[2m") {
				t.Errorf("%s: not dim: %q", tc.args, r.err.String())
			}
			r.stop()
			<-r.ended
		})
	}
}

// Names that need more than a line become a number.
func TestTerminalSaysWhatIsReadInOneLine(t *testing.T) {
	for width, want := range map[int]string{
		40: "00:00:00 rtev: following 3 instances on http://sim:3546",
		80: "00:00:00.000  rtev: following Gate, Dock and Car park on http://sim:3546",
	} {
		synctest.Test(t, func(t *testing.T) {
			sim := newSimulator(t, simulator.Options{Seed: 1})
			e := terminal(sim.DialContext)
			e.size = func() (int, int) { return width, 24 }
			r := startEnv(t, e, "tail", "-s", "http://sim", "--utc")
			time.Sleep(time.Second)
			synctest.Wait()
			if got := r.messages()[0]; got != want {
				t.Errorf("%d columns: %q, want %q", width, got, want)
			}
			r.end(t)
		})
	}
}

func TestTerminalSaysWhyNothingIsShown(t *testing.T) {
	for _, tc := range []struct{ args, want string }{
		{"tail Gate -w object_class==Unicorn", `\d+ events arrived, none matches -w`},
		{"tail Gate -e event-nothing*", `\d+ events arrived, none matches -e`},
		{"tail Gate -e event-intrusion* -w n==1", `\d+ events arrived, \d+ of them match -e, none matches -w`},
		{"tail Gate -e best-crop", `no event yet; -e asks for best-crop`},
		{"poll Gate -w object_class==Unicorn", `\d+ events arrived, none matches -w`},
		{"crops Gate -d TEMP -e event-status-changed", `\d+ pictures arrived, none matches -e`},
		{"crops Gate -d TEMP -w object_class==Unicorn", `\d+ pictures arrived, none matches -w`},
	} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			r := startScreen(t, simulator.Options{Seed: 1}, 9500*time.Millisecond, inUTC(tc.args, dir)...)
			before := len(r.messages())
			time.Sleep(time.Second)
			synctest.Wait()
			got := r.messages()
			want := regexp.MustCompile(`^00:00:1\d\.\d{3}  rtev: ` + tc.want + `$`)
			if len(got) != before+1 || !want.MatchString(got[len(got)-1]) {
				t.Errorf("%s: after 10 s %q", tc.args, got)
			}
			time.Sleep(11 * time.Minute)
			synctest.Wait()
			if n := len(r.messages()) - before; n != 2 {
				t.Errorf("%s: %d messages in 11 min: %q", tc.args, n, r.messages())
			}
			r.stop()
			<-r.ended
		})
	}
}

func TestSilenceIsMentionedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, closed := io.Pipe()
		e := terminal(noNetwork)
		e.stdin = in
		r := startEnv(t, e, "tail", "-", "--utc", "--color", "never")
		time.Sleep(25 * time.Minute)
		synctest.Wait()
		want := []string{"00:00:10.000  rtev: no event yet", "00:10:10.000  rtev: no event yet",
			"00:20:10.000  rtev: no event yet"}
		if got := r.messages()[1:]; !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		closed.Close()
		<-r.ended
	})
}

// Messages for people are not in a pipe, and -q suppresses them.
func TestPipesAndQuietRunsSayNothing(t *testing.T) {
	for _, tc := range []struct {
		terminal bool
		args     string
	}{{false, "-w nothing"}, {true, "-q -w nothing"}, {true, "-q"}} {
		synctest.Test(t, func(t *testing.T) {
			sim := newSimulator(t, simulator.Options{Seed: 1})
			e := terminal(sim.DialContext)
			e.outTTY, e.errTTY = tc.terminal, tc.terminal
			r := startEnv(t, e, strings.Fields("tail -s http://sim "+tc.args)...)
			time.Sleep(30 * time.Minute)
			synctest.Wait()
			r.end(t)
			if got := r.err.String(); got != "" {
				t.Errorf("terminal %v, %s: %q", tc.terminal, tc.args, got)
			}
		})
	}
}

// A quiet night is mentioned rarely once events were shown.
func TestSilenceAfterEventsIsRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault, err := simulator.ParseFault("stall=20m")
		check(t, err)
		r := startScreen(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1), Faults: []simulator.Fault{fault}},
			15*time.Minute, "tail")
		if got := r.messages()[1:]; len(got) != 1 || !strings.HasSuffix(got[0], "rtev: no event for 10 min") {
			t.Errorf("%q", got)
		}
		r.end(t)
	})
}

// While a server stays away, one line in five minutes says so for all of its
// instances, on a terminal.
func TestReminderOfAServerThatStaysAway(t *testing.T) {
	for _, screen := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			sim := newSimulator(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(6)})
			away := false
			e := terminal(func(ctx context.Context, network, addr string) (net.Conn, error) {
				if away {
					return nil, syscall.ECONNREFUSED
				}
				return sim.DialContext(ctx, network, addr)
			})
			e.outTTY, e.errTTY = screen, screen
			r := startEnv(t, e, "tail", "-s", "http://sim", "--utc", "--color", "always")
			time.Sleep(10 * time.Second)
			away = true
			sim.Close()
			time.Sleep(time.Minute)
			synctest.Wait()
			before := r.err.String()
			begun := len(r.messages())
			time.Sleep(16 * time.Minute)
			synctest.Wait()
			all := r.messages()
			after := strings.Join(all[begun:], "\n")
			want := 3
			if !screen {
				want = 0
			}
			if n := strings.Count(after, "connection refused"); n != want || len(all)-begun != n {
				t.Errorf("terminal %v: %d reminders, want %d:\n%s", screen, n, want, after)
			}
			lost := "\x1b[1;35mrtev: the same for 5 more instances of http://sim:3546"
			if screen != strings.Contains(before, lost) {
				t.Errorf("terminal %v: the loss stands out: %v\n%q", screen, !screen, before)
			}
			if screen && regexp.MustCompile(`\x1b\[(1;)?31m`).MatchString(r.err.String()) {
				t.Error("a message is red, and nothing was lost")
			}
			r.end(t)
		})
	}
}

func TestReminderOfAServerThatIsNotThereYet(t *testing.T) {
	for _, screen := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			e := terminal(func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED })
			e.outTTY, e.errTTY = screen, screen
			r := startEnv(t, e, "tail", "-s", "http://sim", "--retry", "--utc")
			time.Sleep(17 * time.Minute)
			synctest.Wait()
			want := 1
			if screen {
				want = 4
			}
			if n := strings.Count(r.err.String(), "connection refused"); n != want {
				t.Errorf("terminal %v: %d messages, want %d: %s", screen, n, want, r.err.String())
			}
			r.end(t)
		})
	}
}

func TestBellRingsForAlarms(t *testing.T) {
	for _, tc := range []struct {
		args             string
		out, err         bool
		atLeast          int
		outRatherThanErr bool
	}{
		{"--bell -o csv", true, true, 25, false},
		{"--bell -o csv", true, false, 25, true},
		{"--bell -o csv", false, false, 0, false},
		{"--bell -e track --cooldown 0", true, true, 0, false},
		{"", true, true, 0, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			sim := newSimulator(t, simulator.Options{Seed: 1, Rate: 50})
			e := terminal(sim.DialContext)
			e.outTTY, e.errTTY = tc.out, tc.err
			r := startEnv(t, e, strings.Fields("tail -s http://sim "+tc.args)...)
			time.Sleep(time.Minute)
			synctest.Wait()
			onErr, onOut := strings.Count(r.err.String(), "\a"), strings.Count(r.out.String(), "\a")
			bells, other := onErr, onOut
			if tc.outRatherThanErr {
				bells, other = onOut, onErr
			}
			if other != 0 || bells < tc.atLeast || bells > 30 || tc.atLeast == 0 && bells > 0 {
				t.Errorf("%q: %d bells on stderr, %d on stdout in a minute", tc.args, onErr, onOut)
			}
			r.end(t)
		})
	}
}

func TestTracksAreFoldedOnATerminal(t *testing.T) {
	counts := map[string]int{}
	for _, args := range []string{"", "-e track", "--cooldown 0", "-e t*", "-o csv", "--template {_type}", "pipe"} {
		synctest.Test(t, func(t *testing.T) {
			sim := newSimulator(t, simulator.Options{Seed: 1})
			e := terminal(sim.DialContext)
			if args == "pipe" {
				e.outTTY = false
			}
			r := startEnv(t, e, strings.Fields("tail -s http://sim "+strings.TrimPrefix(args, "pipe"))...)
			time.Sleep(time.Minute)
			synctest.Wait()
			r.end(t)
			out := escapes.ReplaceAllString(r.out.String(), "")
			counts[args] = len(regexp.MustCompile(`\btrack\b`).FindAllString(out, -1))
			folded := strings.Contains(r.err.String(), "updates of tracks not shown; --cooldown 0 shows all")
			if marks := regexp.MustCompile(` \+\d+\b`).MatchString(out); marks != folded {
				t.Errorf("%q: marked %v, counted at the end %v", args, marks, folded)
			}
		})
	}
	for _, args := range []string{"-e track", "--cooldown 0", "-o csv", "--template {_type}", "pipe"} {
		if counts[args] < 5*counts[""] || counts[""] == 0 {
			t.Errorf("%q: %d tracks, folded %d", args, counts[args], counts[""])
		}
	}
	if counts["-e t*"] != counts[""] {
		t.Errorf("a glob does not name tracks: %v", counts)
	}
}

// The line of a crop says what it shows, although the event and the track that
// say so are filtered or folded.
func TestCropSaysWhatItShowsBehindFilters(t *testing.T) {
	crops, joined := regexp.MustCompile(` crop .*\n`), regexp.MustCompile(`picture of (Person|Vehicle|Animal)\b`)
	for _, args := range []string{"-e crop", "-e crop -w image", "-e c*", "", "--cooldown 1s"} {
		synctest.Test(t, func(t *testing.T) {
			r := startScreen(t, simulator.Options{Seed: 1}, 2*time.Minute, strings.Fields("tail --color never "+args)...)
			r.end(t)
			lines := crops.FindAllString(r.out.String(), -1)
			bare := slices.DeleteFunc(slices.Clone(lines), joined.MatchString)
			if len(lines) < 50 || len(bare) > 0 {
				t.Errorf("%q: %d of %d crops do not say what they show: %q", args, len(bare), len(lines), bare)
			}
		})
	}
	// A filter gives the same crops in a pipe, where nothing is joined.
	synctest.Test(t, func(t *testing.T) {
		r := startScreen(t, simulator.Options{Seed: 1}, time.Minute, "tail", "-e", "crop", "-w", "_class == Person")
		r.end(t)
		if out := r.out.String(); out != "" {
			t.Errorf("a crop has no class of its own: %s", out)
		}
	})
}
