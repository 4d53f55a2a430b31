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

// parser reads one config file. It checks every node itself, to know the line
// and the nearest key, to keep the case of keys, and to read 007 as a text.
type parser struct{ file string }

// parse returns what a config file sets. An empty file sets nothing.
func parse(file string, data []byte) (settings, error) {
	p := parser{file}
	root, err := p.document(data)
	if err != nil || root == nil {
		return settings{}, err
	}
	keys := []string{keyServer, keyServers, keyHeader, keyOutput, keyColor, keyInstances, keyDefault, keyDefaults}
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

// document returns the file's only document, or nil.
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
	case keyServers:
		return p.servers(n)
	case keyDefaults:
		return p.defaults(n)
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

// members returns the values of a mapping by key, without null values: a key
// without a value sets nothing.
func (p parser) members(n *yaml.Node, known []string) (map[string]*yaml.Node, error) {
	if n.Kind != yaml.MappingNode {
		return nil, p.errorf(n, "want keys and values, such as %q", known[0]+": …")
	}
	members, lines := map[string]*yaml.Node{}, map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], follow(n.Content[i+1])
		if key.Kind != yaml.ScalarNode || !slices.Contains(known, key.Value) {
			return nil, p.errorf(key, "unknown key %q%s", short(key.Value), didYouMean(key.Value, known))
		}
		if line := lines[key.Value]; line > 0 {
			return nil, p.errorf(key, "%s is already set in line %d", key.Value, line)
		}
		lines[key.Value] = key.Line
		if !isNull(value) {
			members[key.Value] = value
		}
	}
	return members, nil
}

// list returns a list of texts. A single text is a list of one.
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
		return "", p.errorf(n, "%s: the text is empty", key)
	case strings.ContainsFunc(n.Value, unicode.IsControl):
		return "", p.errorf(n, "%s: a control character or line end in the text", key)
	}
	return n.Value, nil
}

// instances returns the instances that the file names.
func (p parser) instances(n *yaml.Node) ([]Named, error) {
	list := []Named{}
	err := p.items(keyInstances, n, func(item *yaml.Node) (string, error) {
		in := Named{Line: item.Line}
		members, err := p.members(item, []string{"name", "id", "server"})
		if err == nil {
			err = p.fields(keyInstances, item, members, []field{{"name", &in.Name, true}, {"id", &in.ID, true}, {"server", &in.Server, false}})
		}
		list = append(list, in)
		return in.Name, err
	})
	return list, err
}

// servers returns the servers that the file names.
func (p parser) servers(n *yaml.Node) ([]Server, error) {
	list := []Server{}
	err := p.items(keyServers, n, func(item *yaml.Node) (string, error) {
		s := Server{Line: item.Line}
		members, err := p.members(item, []string{"name", "url", "header", "cacert", "cert", "key", "insecure"})
		if err != nil {
			return "", err
		}
		insecure := ""
		err = p.fields(keyServers, item, members, []field{{"name", &s.Name, true}, {"url", &s.URL, true}, {"cacert", &s.CACert, false},
			{"cert", &s.Cert, false}, {"key", &s.Key, false}, {"insecure", &insecure, false}})
		if header := members["header"]; err == nil && header != nil {
			s.Header, err = p.list(keyHeader, header)
		}
		if err == nil && insecure != "" && insecure != "true" && insecure != "false" {
			err = p.errorf(members["insecure"], "insecure: want true or false, not %q", short(insecure))
		}
		s.Insecure = insecure == "true"
		list = append(list, s)
		return s.Name, err
	})
	return list, err
}

// items calls read for each item of a list. read returns the item's name, which
// must be different for each, regardless of case.
func (p parser) items(key string, n *yaml.Node, read func(*yaml.Node) (string, error)) error {
	if n.Kind != yaml.SequenceNode {
		example := map[string]string{keyInstances: "{name: …, id: …, server: …}", keyServers: "{name: …, url: …}"}[key]
		return p.errorf(n, "%s: want a list of %s, not %s", key, example, kind(n))
	}
	names := map[string]bool{}
	for _, item := range n.Content {
		item = follow(item)
		name, err := read(item)
		if err != nil {
			return err
		}
		if names[strings.ToLower(name)] {
			return p.errorf(item, "%s: the name %q is used twice", key, short(name))
		}
		names[strings.ToLower(name)] = true
	}
	return nil
}

// field is a member of an item that is text.
type field struct {
	key      string
	value    *string
	required bool
}

// fields reads the text members of an item.
func (p parser) fields(key string, item *yaml.Node, members map[string]*yaml.Node, fields []field) (err error) {
	for _, f := range fields {
		value := members[f.key]
		switch {
		case value == nil && f.required:
			return p.errorf(item, "%s: an item without %s", key, f.key)
		case value == nil:
			continue
		}
		if *f.value, err = p.text(f.key, value); err != nil {
			return err
		}
	}
	return nil
}

// follow returns what an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// kind describes a node that has the wrong kind.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	}
	return "text"
}
