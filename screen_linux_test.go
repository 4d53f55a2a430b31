package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rtev/rtev/internal/simulator"
	"github.com/rtev/rtev/internal/term"
)

// onTerminal runs rtev on a pseudo-terminal of so many columns and returns what
// it writes there. If out is not nil, stdout goes to out instead.
func onTerminal(t *testing.T, columns int, out io.Writer, args ...string) string {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer screen.Close()
	fd := int(screen.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	err = errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0),
		unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)}))
	check(t, err)
	side, err := unix.Open("/dev/pts/"+strconv.Itoa(number), unix.O_RDWR|unix.O_NOCTTY, 0)
	check(t, err)
	terminal := os.NewFile(uintptr(side), "terminal")
	c := command(t, []string{"TERM=xterm-256color", "NO_COLOR=", "TZ=UTC"}, args...)
	c.Stdout, c.Stderr = terminal, terminal
	if out != nil {
		c.Stdout = out
	}
	check(t, c.Start())
	terminal.Close()
	var shown bytes.Buffer
	_, err = io.Copy(&shown, screen)
	if !errors.Is(err, syscall.EIO) { // EIO: all processes have closed the terminal
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("%v: %s", err, shown.String())
	}
	return strings.ReplaceAll(shown.String(), "\r\n", "\n")
}

var (
	escapeSequences = regexp.MustCompile("\x1b\\[[0-9;]*m")
	followingLine   = regexp.MustCompile(`^\d\d:\d\d:\d\d\S*  ?rtev: following .* on +http://127\.0\.0\.1:\d+$`)
)

// On a terminal, the text fits the width, starts with what it follows, folds tracks,
// and uses red only for alarms.
func TestTailOnATerminal(t *testing.T) {
	t.Parallel()
	server := start(t, simulator.Options{Seed: 1, Rate: 200})
	red := regexp.MustCompile("\x1b\\[(1;)?31m")
	for _, columns := range []int{40, 80, 120, 200} {
		shown := onTerminal(t, columns, nil, "tail", "-s", server, "-n", "60")
		lines := strings.Split(strings.TrimSuffix(shown, "\n"), "\n")
		if first := escapeSequences.ReplaceAllString(lines[0], ""); !followingLine.MatchString(first) {
			t.Errorf("%d columns: the first line is %q", columns, first)
		}
		for _, line := range lines {
			text := escapeSequences.ReplaceAllString(line, "")
			if strings.Contains(text, "rtev: ") {
				continue
			}
			if cells := term.Width(text); cells > columns {
				t.Errorf("%d cells in %d columns: %q", cells, columns, text)
			}
			if alarm := strings.Contains(text, " ! "); red.MatchString(line) != alarm {
				t.Errorf("%d columns: alarm %v: %q", columns, alarm, line)
			}
		}
	}
}

// If the data goes to a pipe, messages go to the terminal and not into the pipe.
func TestMessagesGoToTerminalNotPipe(t *testing.T) {
	server := start(t, simulator.Options{Seed: 1, Rate: 200})
	var out bytes.Buffer
	shown := onTerminal(t, 80, &out, "tail", "-s", server, "-n", "5", "-o", "ndjson", "--bell")
	if n := strings.Count(out.String(), "\n"); n != 5 || strings.Contains(out.String(), "rtev") ||
		strings.Contains(out.String(), "\a") {
		t.Errorf("%d lines in the pipe: %s", n, out.String())
	}
	if !strings.Contains(shown, "rtev: following Gate, Dock and Car park on "+server) || strings.Contains(shown, "{") {
		t.Errorf("on the terminal: %q", shown)
	}
	if shown := onTerminal(t, 80, &out, "tail", "-s", server, "-n", "5", "-q"); shown != "" {
		t.Errorf("with -q on the terminal: %q", shown)
	}
}
