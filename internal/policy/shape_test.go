package policy_test

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// Go has no constant tables, paths and errors, so a package variable may hold
// one. It is set where it is declared and never changed.
func TestPackageVariablesAreConstants(t *testing.T) {
	tree := sources(t)
	fixed := map[string]bool{} // "internal/format.hidden"
	specs := map[any]bool{}
	for _, f := range tree.files {
		for _, d := range f.file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR || f.test {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				specs[v] = true
				for _, name := range v.Names {
					fixed[f.dir+"."+name.Name] = true
				}
				if len(v.Values) == 0 && !isEmbedded(g) {
					t.Errorf("%s: the package variable %s has no value where it is declared; make it a field", tree.at(v), v.Names[0])
				}
			}
		}
	}
	for _, f := range tree.files {
		for _, target := range assigned(f.file) {
			switch x := target.(type) {
			case *ast.Ident: // of this file or, without Obj, of another file of the package
				if x.Obj != nil && specs[x.Obj.Decl] || x.Obj == nil && fixed[f.dir+"."+x.Name] {
					t.Errorf("%s: the package variable %s is changed", tree.at(x), x.Name)
				}
			case *ast.SelectorExpr:
				if strings.HasPrefix(pathOf(f.file, x), module+"/") &&
					fixed[strings.TrimPrefix(pathOf(f.file, x), module+"/")+"."+x.Sel.Name] {
					t.Errorf("%s: the package variable %s of another package is changed", tree.at(x), x.Sel.Name)
				}
			}
		}
	}
}

func isEmbedded(g *ast.GenDecl) bool {
	return g.Doc != nil && strings.HasPrefix(g.Doc.List[len(g.Doc.List)-1].Text, "//go:embed ")
}

// assigned returns what a file's statements assign to: the variable itself for
// v, v.f, v[i] and *v.
func assigned(file *ast.File) (targets []ast.Expr) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch s := n.(type) {
		case *ast.AssignStmt:
			for _, target := range s.Lhs {
				if s.Tok != token.DEFINE {
					targets = append(targets, variable(file, target))
				}
			}
		case *ast.IncDecStmt:
			targets = append(targets, variable(file, s.X))
		}
		return true
	})
	return targets
}

func variable(file *ast.File, e ast.Expr) ast.Expr {
	for {
		switch x := e.(type) {
		case *ast.SelectorExpr:
			if pathOf(file, x) != "" {
				return x
			}
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return e
		}
	}
}

func TestFilesAndFunctionsStayShort(t *testing.T) {
	const longestFile, longestFunc = 400, 60
	tree := sources(t)
	for _, f := range tree.files {
		if f.test {
			continue
		}
		if f.lines > longestFile {
			t.Errorf("%s has %d lines; split files of more than %d", f.name, f.lines, longestFile)
		}
		for _, d := range f.file.Decls {
			lines := tree.fset.Position(d.End()).Line - tree.fset.Position(d.Pos()).Line + 1
			if fn, ok := d.(*ast.FuncDecl); ok && lines > longestFunc {
				t.Errorf("%s: %s has %d lines; split functions of more than %d", tree.at(fn), fn.Name, lines, longestFunc)
			}
		}
	}
}
