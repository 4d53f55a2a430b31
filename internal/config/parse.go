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

// parser parses one config file. It checks every node itself, so that errors have a
// line and the nearest key, keys keep their case, and 007 is read as text.
type parser struct{ file string }

// parse returns the settings in a config file. An empty file has none.
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
			return nil, p.errorf(key, "unknown key %.64q%s", key.Value, didYouMean(key.Value, known))
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

// text returns a scalar as it was written, whatever its YAML type.
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
	items, err := p.items(keyInstances, n, []string{"name", "id"}, []string{"server"})
	list := []Named{}
	for _, i := range items {
		list = append(list, Named{Name: i.text["name"], ID: i.text["id"], Server: i.text["server"], Line: i.line})
	}
	return list, err
}

// servers returns the servers that the file names.
func (p parser) servers(n *yaml.Node) ([]Server, error) {
	items, err := p.items(keyServers, n, []string{"name", "url"}, []string{keyHeader, "cacert", "cert", "key", "insecure"})
	list := []Server{}
	for _, i := range items {
		insecure := i.text["insecure"]
		if insecure != "" && insecure != "true" && insecure != "false" {
			return nil, p.errorf(i.members["insecure"], "insecure: want true or false, not %.64q", insecure)
		}
		list = append(list, Server{
			Name: i.text["name"], URL: i.text["url"], Header: i.header, CACert: i.text["cacert"],
			Cert: i.text["cert"], Key: i.text["key"], Insecure: insecure == "true", Line: i.line,
		})
	}
	return list, err
}

// item is a mapping in a list.
type item struct {
	line    int
	members map[string]*yaml.Node
	text    map[string]string // of the members that are texts
	header  []string          // the only member that is a list
}

// items reads a list of mappings. Their names must differ, regardless of case.
func (p parser) items(key string, n *yaml.Node, required, optional []string) (items []item, err error) {
	if n.Kind != yaml.SequenceNode {
		example := map[string]string{keyInstances: "{name: …, id: …, server: …}", keyServers: "{name: …, url: …}"}[key]
		return nil, p.errorf(n, "%s: want a list of %s, not %s", key, example, kind(n))
	}
	names := map[string]bool{}
	for _, node := range n.Content {
		node = follow(node)
		i := item{line: node.Line, text: map[string]string{}}
		if i.members, err = p.members(node, slices.Concat(required, optional)); err != nil {
			return nil, err
		}
		for _, name := range required {
			if i.members[name] == nil {
				return nil, p.errorf(node, "%s: an item without %s", key, name)
			}
		}
		for name, value := range i.members {
			if name == keyHeader {
				i.header, err = p.list(name, value)
			} else {
				i.text[name], err = p.text(name, value)
			}
			if err != nil {
				return nil, err
			}
		}
		name := strings.ToLower(i.text["name"])
		if names[name] {
			return nil, p.errorf(node, "%s: the name %.64q is used twice", key, i.text["name"])
		}
		names[name] = true
		items = append(items, i)
	}
	return items, nil
}

// follow returns the node that an alias refers to.
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
