package policy_test

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// effect says which files alone may use names of other packages, and why.
type effect struct {
	names   []string // "os.Exit"; by import path
	only    []string // files or folders, named by how they start
	because string
}

func restricted() []effect {
	return []effect{
		{[]string{"os.Exit", "syscall.Exit", "runtime.Goexit"}, []string{"main.go"},
			"what cannot return cannot be tested"},
		{[]string{"os.Stdin", "os.Stdout", "os.Stderr", "os.Args", "fmt.Print", "fmt.Println", "fmt.Printf"}, []string{"cmd/main"},
			"streams are handed down, so that tests can read them"},
		{[]string{"os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv", "os.Setenv", "os.Unsetenv", "os.UserHomeDir", "os.UserConfigDir", "os.UserCacheDir", "os.TempDir",
			"net/http.ProxyFromEnvironment"}, []string{"cmd/main"},
			"the environment is handed down as a function, so that tests can have their own"},
		{[]string{"os/signal.Notify", "os/signal.NotifyContext", "os/signal.Ignore", "os/signal.Reset", "os/signal.Stop"}, []string{"cmd/main"},
			"signals belong to the process"},
		{[]string{"log.Print", "log.Printf", "log.Println", "log.Fatal", "log.Fatalf", "log.Fatalln", "log.Panic", "log.Panicf", "log.Panicln", "log.Default",
			"log/slog.Default", "log/slog.Debug", "log/slog.Info", "log/slog.Warn", "log/slog.Error"}, nil,
			"notices go through event.Notify, so that they never tear a line of output"},
		{[]string{"time.Now", "time.Since", "time.Until", "time.Sleep"}, []string{"internal/broker/", "internal/history/", "internal/pipeline/cooldown.go", "internal/stream/", "internal/poll/", "internal/stats/", "internal/simulator/",
			"internal/flowtest/", "internal/crop/write.go", "cmd/main_unix.go"}, // tests; the age of a file; waiting for one's own death
			"only what waits or measures looks at the clock, and testing/synctest turns it"},
		{[]string{"net/http.DefaultClient", "net/http.DefaultTransport", "net/http.Get", "net/http.Post", "net/http.DefaultServeMux", "net/http.HandleFunc", "net/http.Handle"}, nil,
			"they are shared by everything in the process, and wait for ever"},
	}
}

func TestEffectsHaveOneHome(t *testing.T) {
	tree := sources(t)
	for _, f := range tree.files {
		if f.test {
			continue
		}
		used := qualified(f.file)
		for _, e := range restricted() {
			if slices.ContainsFunc(e.only, func(s string) bool { return strings.HasPrefix(f.name, s) }) {
				continue
			}
			for _, name := range e.names {
				for _, n := range used[name] {
					t.Errorf("%s: %s belongs to %s: %s", tree.at(n), name, home(e.only), e.because)
				}
			}
		}
	}
}

func home(only []string) string {
	if only == nil {
		return "no file of ours"
	}
	return strings.Join(only, ", ")
}

// qualified returns where a file uses names of other packages, by import path
// and name: "os.Exit".
func qualified(file *ast.File) map[string][]ast.Node {
	used := map[string][]ast.Node{}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if p := pathOf(file, s); p != "" {
				name := p + "." + s.Sel.Name
				used[name] = append(used[name], s)
			}
		}
		return true
	})
	return used
}

// pathOf returns the import path of the package whose name is selected, "" for
// what is no package: a name of the file itself that hides an import has an Obj.
func pathOf(file *ast.File, s *ast.SelectorExpr) string {
	x, ok := s.X.(*ast.Ident)
	if !ok || x.Obj != nil {
		return ""
	}
	for _, i := range file.Imports {
		p := importPath(i)
		if i.Name != nil && i.Name.Name == x.Name || i.Name == nil && path.Base(strings.TrimSuffix(p, "/v2")) == x.Name {
			return p
		}
	}
	return ""
}

func TestNothingHappensBeforeMain(t *testing.T) {
	tree := sources(t)
	for _, f := range tree.files {
		for _, d := range f.file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && !f.test && fn.Name.Name == "init" && fn.Recv == nil {
				t.Errorf("%s: an init function: it runs in every test and for every --help", tree.at(fn))
			}
		}
	}
}

// A test that sleeps outside a synctest bubble waits for luck. One that does not
// wait, but kills at any instant, sleeps for a random time or says so on the line.
func TestTestsDoNotSleep(t *testing.T) {
	tree := sources(t)
	for _, f := range tree.files {
		if !f.test || inBubble(f.file) {
			continue
		}
		remarks := map[int]bool{}
		for _, c := range f.file.Comments {
			remarks[tree.fset.Position(c.Pos()).Line] = true
		}
		ast.Inspect(f.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || remarks[tree.fset.Position(n.Pos()).Line] {
				return true
			}
			if s, ok := call.Fun.(*ast.SelectorExpr); ok && pathOf(f.file, s) == "time" && s.Sel.Name == "Sleep" && !isRandom(f.file, call.Args[0]) {
				t.Errorf("%s: a sleep outside of testing/synctest, and no word why", tree.at(n))
			}
			return true
		})
	}
}

// inBubble says whether a file's tests run in bubbles: its own, or those that a
// helper of this name makes.
func inBubble(file *ast.File) (in bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			in = in || pathOf(file, n) == "testing/synctest" && n.Sel.Name == "Test"
		case *ast.Ident:
			in = in || n.Name == "inBubble"
		}
		return !in
	})
	return in
}

// isRandom says whether an expression asks math/rand.
func isRandom(file *ast.File, e ast.Expr) (random bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		random = random || ok && (pathOf(file, s) == "math/rand" || pathOf(file, s) == "math/rand/v2")
		return !random
	})
	return random
}
