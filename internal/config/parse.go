package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parser parses one config file. It reads every node itself, so that errors have a
// line and the nearest key, keys keep their case, and 007 is read as text.
type parser struct{ file string }

// reader reads a value.
type reader func(*yaml.Node) error

// parse returns what a config file sets.
func parse(file string, data []byte) (*Config, error) {
	c, p := &Config{}, parser{file}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, &Error{From: file, Msg: err.Error()}
	}
	if len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return c, nil
	}
	return c, p.members(doc.Content[0], map[string]reader{
		keyServer:   p.list(&c.Server),
		keyHeader:   p.list(&c.Header),
		keyOutput:   p.text(&c.Output),
		keyColor:    p.text(&c.Color),
		keyDefault:  p.list(&c.Default),
		"servers":   p.each(func(n *yaml.Node) error { return p.server(n, c) }),
		"instances": p.each(func(n *yaml.Node) error { return p.instance(n, c) }),
		"defaults":  func(n *yaml.Node) error { return p.defaults(n, c) },
	})
}

// place returns FILE:LINE.
func (p parser) place(at *yaml.Node) string { return fmt.Sprintf("%s:%d", p.file, at.Line) }

func (p parser) errorf(at *yaml.Node, format string, args ...any) error {
	return &Error{From: p.place(at), Msg: fmt.Sprintf(format, args...)}
}

// members reads the values of a mapping by key. A key without a value sets nothing.
func (p parser) members(n *yaml.Node, read map[string]reader) error {
	if n.Kind != yaml.MappingNode {
		return p.errorf(n, "want keys and values")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case read[key.Value] == nil:
			return p.errorf(key, "unknown key %.64q%s", key.Value, didYouMean(key.Value, slices.Sorted(maps.Keys(read))))
		case seen[key.Value]:
			return p.errorf(key, "%s is set twice", key.Value)
		}
		seen[key.Value] = true
		if isNull(value) {
			continue
		}
		if err := read[key.Value](value); err != nil {
			return err
		}
	}
	return nil
}

// each reads the items of a list.
func (p parser) each(read reader) reader {
	return func(n *yaml.Node) error {
		n = follow(n)
		if n.Kind != yaml.SequenceNode {
			return p.errorf(n, "want a list")
		}
		for _, item := range n.Content {
			if err := read(follow(item)); err != nil {
				return err
			}
		}
		return nil
	}
}

// list reads a list of strings. A single string is a list of one.
func (p parser) list(to *[]string) reader {
	item := func(n *yaml.Node) error {
		*to = append(*to, "")
		return p.text(&(*to)[len(*to)-1])(n)
	}
	return func(n *yaml.Node) error {
		if follow(n).Kind == yaml.SequenceNode {
			return p.each(item)(n)
		}
		return item(n)
	}
}

// text reads a scalar as it was written, whatever its YAML type.
func (p parser) text(to *string) reader {
	return func(n *yaml.Node) error {
		if n = follow(n); n.Kind != yaml.ScalarNode {
			return p.errorf(n, "want text, in quotes if it contains a colon")
		}
		*to = n.Value
		return nil
	}
}

// server reads an item of "servers".
func (p parser) server(n *yaml.Node, c *Config) error {
	s := Server{Place: p.place(n)}
	err := p.members(n, map[string]reader{
		"name":    p.text(&s.Name),
		"url":     p.text(&s.URL),
		keyHeader: p.list(&s.Header),
		"cacert":  p.text(&s.CACert),
		"cert":    p.text(&s.Cert),
		"key":     p.text(&s.Key),
	})
	switch {
	case err != nil:
		return err
	case s.Name == "" || s.URL == "":
		return p.errorf(n, "a server needs a name and a url")
	case c.Resolve(s.Name).Name != "":
		return p.errorf(n, "the server name %.64q is used twice", s.Name)
	}
	c.Servers = append(c.Servers, s)
	return nil
}

// instance reads an item of "instances".
func (p parser) instance(n *yaml.Node, c *Config) error {
	in := Named{Place: p.place(n)}
	err := p.members(n, map[string]reader{"name": p.text(&in.Name), "id": p.text(&in.ID), keyServer: p.text(&in.Server)})
	switch {
	case err != nil:
		return err
	case in.Name == "" || in.ID == "":
		return p.errorf(n, "an instance needs a name and an id")
	case slices.ContainsFunc(c.Instances, func(other Named) bool { return strings.EqualFold(other.Name, in.Name) }):
		return p.errorf(n, "the instance name %.64q is used twice", in.Name)
	}
	c.Instances = append(c.Instances, in)
	return nil
}

// follow returns the node that an alias refers to.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return follow(n).ShortTag() == "!!null" }
