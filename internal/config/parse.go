package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// parser reads one config file. Every node is checked by hand: only so are a
// line and the nearest key known, keys keep their case, and 007 stays a name.
type parser struct{ file string }

// parse returns what a config file sets. No data is a file that sets nothing.
func parse(file string, data []byte) (settings, error) {
	p := parser{file}
	root, err := p.document(data)
	if err != nil || root == nil {
		return settings{}, err
	}
	keys := []string{keyServer, keyHeader, keyOutput, keyColor, keyInstances, keyDefault}
	members, err := p.members(root, keys)
	if err != nil {
		return nil, err
	}
	set := settings{}
	for _, key := range keys {
		n := members[key]
		if n == nil {
			continue
		}
		if set[key], err = p.setting(key, n); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// document returns the file's only document, nil where there is none.
func (p parser) document(data []byte) (*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, p.syntax(err)
	}
	switch err := d.Decode(&more); {
	case err == nil:
		return nil, p.errorf(&more, "a second YAML document; a config file is one")
	case !errors.Is(err, io.EOF):
		return nil, p.syntax(err)
	}
	if root := follow(doc.Content[0]); !isNull(root) {
		return root, nil
	}
	return nil, nil
}

// syntax turns "yaml: line 3: did not find …" into an error with that line.
func (p parser) syntax(err error) *Error {
	e := &Error{From: p.file, Msg: strings.TrimPrefix(err.Error(), "yaml: "), Err: err}
	if rest, ok := strings.CutPrefix(e.Msg, "line "); ok {
		if number, msg, ok := strings.Cut(rest, ": "); ok {
			if line, err := strconv.Atoi(number); err == nil {
				e.Line, e.Msg = line, msg
			}
		}
	}
	e.Msg = "not YAML: " + e.Msg
	return e
}

func (p parser) errorf(at *yaml.Node, format string, args ...any) *Error {
	return &Error{From: p.file, Line: at.Line, Msg: fmt.Sprintf(format, args...)}
}

// setting returns the value of a top-level key.
func (p parser) setting(key string, n *yaml.Node) (any, error) {
	switch key {
	case keyInstances:
		return p.instances(n)
	case keyServer, keyHeader, keyDefault:
		return p.list(key, n)
	}
	value, err := p.text(key, n)
	if err != nil {
		return nil, err
	}
	if problem := checkWord(key, value); problem != "" {
		return nil, p.errorf(n, "%s: %s", key, problem)
	}
	return value, nil
}

// members returns the values of a mapping by key, without the null ones: a key
// with nothing behind it sets nothing.
func (p parser) members(n *yaml.Node, known []string) (map[string]*yaml.Node, error) {
	if n.Kind != yaml.MappingNode {
		return nil, p.errorf(n, "want keys and values, such as %q", known[0]+": …")
	}
	members, lines := map[string]*yaml.Node{}, map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], follow(n.Content[i+1])
		if key.Kind != yaml.ScalarNode || !slices.Contains(known, key.Value) {
			return nil, p.errorf(key, "unknown key %q; the nearest known one is %q", short(key.Value), Nearest(key.Value, known))
		}
		if line := lines[key.Value]; line > 0 {
			return nil, p.errorf(key, "%s stands here again; it is in line %d already", key.Value, line)
		}
		lines[key.Value] = key.Line
		if !isNull(value) {
			members[key.Value] = value
		}
	}
	return members, nil
}

// list returns a list of texts, of which a single one may stand alone.
func (p parser) list(key string, n *yaml.Node) ([]string, error) {
	items := n.Content
	if n.Kind != yaml.SequenceNode {
		items = []*yaml.Node{n}
	}
	list := []string{}
	for _, item := range items {
		value, err := p.text(key, follow(item))
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	if len(list) == 0 && key == keyServer {
		return nil, p.errorf(n, "%s: the list is empty; want a URL", key)
	}
	return list, nil
}

// text returns a scalar as it was written, whatever YAML would make of it.
func (p parser) text(key string, n *yaml.Node) (string, error) {
	switch {
	case n.Kind != yaml.ScalarNode && key == keyHeader:
		return "", p.errorf(n, `header: want text in quotes, such as "Name: value" or "Name: @FILE"`)
	case n.Kind != yaml.ScalarNode:
		return "", p.errorf(n, "%s: want text, not %s", key, kind(n))
	case isNull(n) || strings.TrimSpace(n.Value) == "":
		return "", p.errorf(n, "%s: there is no text", key)
	case strings.ContainsFunc(n.Value, unicode.IsControl):
		return "", p.errorf(n, "%s: a control character or line end in the text", key)
	}
	return n.Value, nil
}

// instances returns the instances that the file names.
func (p parser) instances(n *yaml.Node) ([]Named, error) {
	if n.Kind != yaml.SequenceNode {
		return nil, p.errorf(n, "instances: want a list of {name: …, id: …, server: …}, not %s", kind(n))
	}
	list := []Named{}
	for _, item := range n.Content {
		item = follow(item)
		named, err := p.named(item)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list, func(other Named) bool { return strings.EqualFold(other.Name, named.Name) }) {
			return nil, p.errorf(item, "instances: the name %q stands twice", short(named.Name))
		}
		list = append(list, named)
	}
	return list, nil
}

// named returns one item of instances.
func (p parser) named(n *yaml.Node) (named Named, err error) {
	members, err := p.members(n, []string{"name", "id", "server"})
	if err != nil {
		return named, err
	}
	for _, field := range []struct {
		key      string
		value    *string
		optional bool
	}{{"name", &named.Name, false}, {"id", &named.ID, false}, {"server", &named.Server, true}} {
		value := members[field.key]
		if value == nil {
			if field.optional {
				continue
			}
			return named, p.errorf(n, "instances: an item without %s", field.key)
		}
		if *field.value, err = p.text(field.key, value); err != nil {
			return named, err
		}
	}
	return named, nil
}

// follow returns what an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// kind is what YAML calls a node that is not what was wanted.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	}
	return "text"
}
