// Package policy_test checks rules that the compiler does not know: which
// package may import which, and where the process, the clock and the environment
// may be used. It only reads the sources, so it takes less than a second.
package policy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/rtev/rtev"

// source is one Go file of the program.
type source struct {
	name  string // from the root, with slashes
	dir   string // "." is the root
	test  bool
	lines int
	file  *ast.File
}

// tree holds the Go files of the root, cmd and internal, for all systems.
type tree struct {
	fset  *token.FileSet
	files []source
}

var readTree = sync.OnceValues(func() (*tree, error) {
	t := &tree{fset: token.NewFileSet()}
	for _, dir := range []string{"cmd", "internal"} {
		err := filepath.WalkDir(root(dir), func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return filepath.SkipDir
			case d.IsDir():
				return nil
			}
			return t.add(name)
		})
		if err != nil {
			return nil, err
		}
	}
	atRoot, err := filepath.Glob(root("*.go"))
	for _, name := range atRoot {
		if err == nil {
			err = t.add(name)
		}
	}
	return t, err
})

// root returns the path of a file that is named from the repository's root.
func root(name string) string { return filepath.Join("..", "..", name) }

// add parses a file if it is a Go file.
func (t *tree) add(name string) error {
	if filepath.Ext(name) != ".go" {
		return nil
	}
	file, err := parser.ParseFile(t.fset, name, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	name = filepath.ToSlash(strings.TrimPrefix(name, root("")+string(filepath.Separator)))
	t.files = append(t.files, source{name: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
		lines: t.fset.File(file.Pos()).LineCount(), file: file})
	return nil
}

// sources returns the whole tree.
func sources(t *testing.T) *tree {
	t.Helper()
	tree, err := readTree()
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.files) < 20 {
		t.Fatalf("found only %d files; is the list of folders right?", len(tree.files))
	}
	return tree
}

// at returns the position of a node, for messages.
func (t *tree) at(n ast.Node) string {
	p := t.fset.Position(n.Pos())
	return filepath.ToSlash(strings.TrimPrefix(p.Filename, root("")+string(filepath.Separator))) + ":" +
		strconv.Itoa(p.Line)
}

// packages returns the folders with Go files other than tests.
func (t *tree) packages() []string {
	var dirs []string
	for _, f := range t.files {
		if !f.test && !slices.Contains(dirs, f.dir) {
			dirs = append(dirs, f.dir)
		}
	}
	return dirs
}

// importPath returns the path of an import.
func importPath(i *ast.ImportSpec) string { return strings.Trim(i.Path.Value, `"`) }

// readText returns a file named from the root.
func readText(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(root(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
