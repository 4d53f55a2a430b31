package policy_test

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	tree := sources(t)
	explained := map[string]bool{}
	for _, f := range tree.files {
		if !f.test && f.file.Doc != nil {
			if explained[f.room] {
				t.Errorf("%s: %s has its package comment elsewhere already", f.name, f.room)
			}
			explained[f.room] = true
		}
	}
	for _, room := range tree.rooms() {
		if !explained[room] {
			t.Errorf("%s: no package comment says what lives there", room)
		}
	}
}

func TestEveryExportedNameHasADocComment(t *testing.T) {
	tree := sources(t)
	for _, f := range tree.files {
		if f.test {
			continue
		}
		for _, d := range f.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && isReachable(d) && d.Doc == nil {
					t.Errorf("%s: %s has no doc comment", tree.at(d), d.Name)
				}
			case *ast.GenDecl:
				checkSpecs(t, tree, d)
				if f.room != "internal/flowtest" { // says again what other rooms' interfaces are
					checkMethods(t, tree, d)
				}
			}
		}
	}
}

// isReachable says whether another package can see a function: it is none, or
// a method of an exported type.
func isReachable(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if p, ok := typ.(*ast.StarExpr); ok {
		typ = p.X
	}
	if g, ok := typ.(*ast.IndexExpr); ok {
		typ = g.X
	}
	id, ok := typ.(*ast.Ident)
	return !ok || id.IsExported()
}

// checkSpecs checks types, constants and variables. One comment over a group of
// constants or variables, or behind a line of it, is enough.
func checkSpecs(t *testing.T, tree *tree, d *ast.GenDecl) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			// A lone type carries its comment on the declaration.
			if s.Name.IsExported() && s.Doc == nil && (d.Doc == nil || d.Lparen.IsValid()) {
				t.Errorf("%s: %s has no doc comment", tree.at(s), s.Name)
			}
		case *ast.ValueSpec:
			if d.Tok != token.IMPORT && d.Doc == nil && s.Doc == nil && s.Comment == nil && s.Names[0].IsExported() {
				t.Errorf("%s: %s has no doc comment", tree.at(s), s.Names[0])
			}
		}
	}
}

// checkMethods checks the methods of interfaces: each is a promise. The comment
// on the interface may speak of them by name.
func checkMethods(t *testing.T, tree *tree, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		s, ok := spec.(*ast.TypeSpec)
		if !ok || !s.Name.IsExported() {
			continue
		}
		i, ok := s.Type.(*ast.InterfaceType)
		if !ok || i.Methods.NumFields() < 2 {
			continue
		}
		above := d.Doc.Text() + s.Doc.Text()
		for _, m := range i.Methods.List {
			if m.Doc == nil && m.Comment == nil && len(m.Names) > 0 && !strings.Contains(above, m.Names[0].Name) {
				t.Errorf("%s: %s.%s does not say what it promises", tree.at(m), s.Name, m.Names[0])
			}
		}
	}
}

func TestDocCommentsStartWithTheName(t *testing.T) {
	tree := sources(t)
	for _, f := range tree.files {
		for _, d := range f.file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || f.test || fn.Doc == nil || !fn.Name.IsExported() || !isReachable(fn) {
				continue
			}
			if first, _, _ := strings.Cut(fn.Doc.Text(), " "); strings.Trim(first, "\n:,.") != fn.Name.Name {
				t.Errorf("%s: the comment on %s starts with %q, so go doc does not read as a sentence", tree.at(fn), fn.Name, first)
			}
		}
	}
}
