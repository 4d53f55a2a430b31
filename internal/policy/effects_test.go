package policy_test

import (
	"cmp"
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// effect lists names of other packages that only some files may use, and why.
type effect struct {
	names   []string // "os.Exit"; by import path
	only    []string // prefixes of file names; nil: no file
	because string
}

func restricted() []effect {
	return []effect{
		{[]string{"os.Exit", "syscall.Exit", "runtime.Goexit"}, []string{"main.go"},
			"a function that does not return cannot be tested"},
		{[]string{"os.Stdin", "os.Stdout", "os.Stderr", "os.Args", "fmt.Print", "fmt.Println", "fmt.Printf"},
			[]string{"cmd/main"},
			"streams are passed down, so that tests can read them"},
		{[]string{"os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv", "os.Setenv", "os.Unsetenv", "os.UserHomeDir",
			"os.UserConfigDir", "os.UserCacheDir", "os.TempDir",
			"net/http.ProxyFromEnvironment"}, []string{"cmd/main"},
			"the environment is passed down as a function, so that tests can have their own"},
		{[]string{"os/signal.Notify", "os/signal.NotifyContext", "os/signal.Ignore", "os/signal.Reset", "os/signal.Stop"},
			[]string{"cmd/main"},
			"signals belong to the process"},
		{[]string{"log.Print", "log.Printf", "log.Println", "log.Fatal", "log.Fatalf", "log.Fatalln", "log.Panic",
			"log.Panicf", "log.Panicln", "log.Default",
			"log/slog.Default", "log/slog.Debug", "log/slog.Info", "log/slog.Warn", "log/slog.Error"}, nil,
			"messages go through event.Notify, so that they never split a line of output"},
		{[]string{"time.Now", "time.Since", "time.Until", "time.Sleep"},
			[]string{"internal/broker/", "internal/history/", "internal/notice/", "internal/pipeline/cooldown.go",
				"internal/stream/", "internal/poll/", "internal/stats/", "internal/simulator/",
				// tests; the age of a file; waiting for the process to end
				"internal/flowtest/", "internal/crop/dir.go", "cmd/main_unix.go", "cmd/activity.go", "cmd/alerts.go",
				"cmd/period.go"},
			"only code that waits or measures uses the clock; its tests run in testing/synctest"},
		{[]string{"net/http.DefaultClient", "net/http.DefaultTransport", "net/http.Get", "net/http.Post",
			"net/http.DefaultServeMux", "net/http.HandleFunc", "net/http.Handle"}, nil,
			"they are shared by the whole process and have no time limits"},
	}
}

func TestRestrictedNames(t *testing.T) {
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
					t.Errorf("%s: only %s may use %s: %s", tree.at(n), cmp.Or(strings.Join(e.only, ", "), "tests"), name, e.because)
				}
			}
		}
	}
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

// pathOf returns the import path of the package that s selects from, or "". A name
// of the file itself that hides an import has an Obj.
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
				t.Errorf("%s: an init function, which would run in every test and for every --help", tree.at(fn))
			}
		}
	}
}

// A test that sleeps outside a synctest bubble depends on luck. Allowed are random
// sleeps, for tests that kill at any instant, and sleeps with a comment on the line.
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
			if s, ok := call.Fun.(*ast.SelectorExpr); ok && pathOf(f.file, s) == "time" && s.Sel.Name == "Sleep" &&
				!isRandom(f.file, call.Args[0]) {
				t.Errorf("%s: a sleep outside testing/synctest, without a comment on the line that says why", tree.at(n))
			}
			return true
		})
	}
}

// inBubble reports whether the tests of a file run in synctest bubbles, their own
// or those of a helper with this name.
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

// isRandom reports whether an expression uses math/rand.
func isRandom(file *ast.File, e ast.Expr) (random bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		random = random || ok && (pathOf(file, s) == "math/rand" || pathOf(file, s) == "math/rand/v2")
		return !random
	})
	return random
}
