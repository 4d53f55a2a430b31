package policy_test

import (
	"slices"
	"strings"
	"testing"
)

// room says which rooms of ours a room may import, and why no others.
type room struct {
	dir     string
	may     []string
	because string
}

// rooms is the plan of the house in docs/architecture.md.
//
// DO NOT CHANGE THIS DATA TO FIX BUILDS. A new line in may is a decision: write
// down why in docs/decisions.
func rooms() []room {
	const (
		source = "a source pushes events to a sink that it does not know, and shares nothing with other sources"
		sink   = "a sink takes events wherever they come from"
	)
	return []room{
		{".", []string{"cmd"}, "main.go is the exit status and nothing else"},
		{"cmd", []string{"internal/config", "internal/crop", "internal/event", "internal/filter", "internal/format", "internal/pipeline",
			"internal/poll", "internal/rtapi", "internal/simulator", "internal/stats", "internal/stream", "internal/target", "internal/term"}, "test helpers are for tests"},
		{"internal/broker", []string{"internal/event", "internal/term"}, sink},
		{"internal/config", []string{"internal/term"}, "what the user asked for is known before anything else is"},
		{"internal/crop", []string{"internal/event", "internal/jsonraw", "internal/term"}, sink},
		{"internal/event", []string{"internal/jsonraw", "internal/term"}, "it is the vocabulary of all others"},
		{"internal/filter", []string{"internal/event", "internal/jsonraw", "internal/term"}, "whether an event is wanted depends on the event alone"},
		{"internal/flowtest", []string{"internal/event"}, "rules for every source and encoder know none of them"},
		{"internal/format", []string{"internal/event", "internal/jsonraw", "internal/term"}, "bytes of an event depend on neither the server nor the config"},
		{"internal/history", []string{"internal/event", "internal/jsonraw", "internal/rtapi", "internal/term"}, source},
		{"internal/jsonraw", nil, "JSON is the same whatever it says"},
		{"internal/pipeline", []string{"internal/event"}, "it takes functions and interfaces"},
		{"internal/poll", []string{"internal/event", "internal/jsonraw", "internal/rtapi"}, source},
		{"internal/rtapi", nil, "the wire does not know the house"},
		{"internal/simulator", nil, "a mistake would be made on both sides and cancel out"},
		{"internal/stats", []string{"internal/event", "internal/format", "internal/jsonraw", "internal/term"}, sink},
		{"internal/target", []string{"internal/config", "internal/event", "internal/rtapi", "internal/term"}, "which instances are read depends on neither what is read nor where it goes"},
		{"internal/stream", []string{"internal/event", "internal/jsonraw", "internal/rtapi"}, source},
		{"internal/term", nil, "what people see is the same whatever is shown"},
	}
}

// elsewhere says which rooms alone may import a package that is not ours. A
// package stands for all below it.
func elsewhere() []room {
	return []room{
		{"github.com/spf13/cobra", []string{"cmd"}, "a room can be used without a command line"},
		{"github.com/spf13/viper", []string{"internal/config"}, "it lower-cases keys and splits them at dots: one room knows its traps"},
		{"github.com/spf13/pflag", []string{"cmd", "internal/config"}, "a room can be used without a command line"},
		{"github.com/tidwall/gjson", []string{"internal/event"}, "it answers to broken JSON too: one room has checked before it asks"},
		{"unsafe", []string{"internal/event", "internal/jsonraw"}, "one home for it, next to the rules of who owns the bytes"},
		{"github.com/charmbracelet/lipgloss", []string{"internal/term"}, "it passes control characters through and may question the terminal"},
		{"github.com/muesli/termenv", []string{"internal/term"}, "it may question the terminal"},
		{"os/signal", []string{"cmd"}, "signals belong to the process"},
		{"testing", []string{"internal/flowtest"}, "test helpers are for tests"},
	}
}

// effects are what the vocabulary must not have.
func effects() []string { return []string{"net", "net/http", "os", "os/exec", "syscall"} }

func TestRoomsImportOnlyWhatThePlanAllows(t *testing.T) {
	plan := map[string]room{}
	for _, r := range rooms() {
		plan[r.dir] = r
	}
	tree := sources(t)
	for _, f := range tree.files {
		if f.test {
			continue
		}
		r, listed := plan[f.room]
		if !listed {
			t.Errorf("%s: the plan has no room %s; add it with what it may import and why", f.name, f.room)
			continue
		}
		for _, i := range f.file.Imports {
			ours, ok := strings.CutPrefix(importPath(i), module+"/")
			if ok && !slices.Contains(r.may, ours) {
				t.Errorf("%s: %s must not import %s: %s", tree.at(i), f.room, ours, r.because)
			}
			if f.room == "internal/event" && slices.Contains(effects(), importPath(i)) {
				t.Errorf("%s: internal/event must not import %s: a vocabulary has no effects", tree.at(i), importPath(i))
			}
		}
	}
}

func TestThePlanNamesNoRoomThatIsGone(t *testing.T) {
	there := sources(t).rooms()
	for _, r := range rooms() {
		for _, dir := range append(r.may, r.dir) {
			if !slices.Contains(there, dir) {
				t.Errorf("the plan names %s, which holds no Go file", dir)
			}
		}
	}
	for _, r := range elsewhere() {
		for _, dir := range r.may {
			if !slices.Contains(there, dir) {
				t.Errorf("the plan lets %s import %s, but it holds no Go file", dir, r.dir)
			}
		}
	}
}

func TestLibrariesHaveOneHome(t *testing.T) {
	tree := sources(t)
	used := map[string]bool{}
	for _, f := range tree.files {
		for _, i := range f.file.Imports {
			for _, r := range elsewhere() {
				if importPath(i) != r.dir && !strings.HasPrefix(importPath(i), r.dir+"/") || f.test {
					continue
				}
				used[r.dir] = true
				if !slices.Contains(r.may, f.room) {
					t.Errorf("%s: %s must not import %s: %s", tree.at(i), f.room, importPath(i), r.because)
				}
			}
		}
	}
	for _, r := range elsewhere() {
		if r.may != nil && !used[r.dir] {
			t.Errorf("the plan speaks of %s, which nothing imports", r.dir)
		}
	}
}
