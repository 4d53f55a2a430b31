package config

import (
	"fmt"
	"slices"

	"github.com/rtev/rtev/internal/term"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// defaultFlag is a default value of a flag that the config file sets.
type defaultFlag struct {
	name   string
	values []string // of a flag that may be repeated; otherwise one
	line   int
}

// defaults returns the default values of flags that the file sets. Their names
// are checked by ApplyDefaults.
func (p parser) defaults(n *yaml.Node) ([]defaultFlag, error) {
	if n.Kind != yaml.MappingNode {
		return nil, p.errorf(n, "defaults: want flags and values, such as {utc: true}, not %s", kind(n))
	}
	list := []defaultFlag{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], follow(n.Content[i+1])
		name, err := p.text(keyDefaults, key)
		if err != nil {
			return nil, err
		}
		if same := slices.IndexFunc(list, func(d defaultFlag) bool { return d.name == name }); same >= 0 {
			return nil, p.errorf(key, "defaults: %s is already set in line %d", name, list[same].line)
		}
		values, err := p.list(name, value)
		if err != nil {
			return nil, err
		}
		list = append(list, defaultFlag{name, values, key.Line})
	}
	return list, nil
}

// ApplyDefaults sets the flags of the running command that were not given on the
// command line to the default values in the config file. It ignores a default for a
// flag that only other commands have; known holds the names of all commands' flags.
// The flags do not count as changed afterwards. Every error is an *Error with the
// line.
func (c *Config) ApplyDefaults(flags *pflag.FlagSet, known []string) error {
	for _, d := range c.defaults {
		problem := &Error{From: c.File, Line: d.line}
		switch {
		case slices.Contains([]string{keyServer, keyHeader, keyOutput, keyColor}, d.name):
			problem.Msg = "defaults: " + d.name + " is a key of its own, outside of defaults"
			return problem
		case slices.Contains([]string{"config", "help", "version"}, d.name):
			problem.Msg = "defaults: --" + d.name + " has no default"
			return problem
		case !slices.Contains(known, d.name):
			problem.Msg = fmt.Sprintf("defaults: no flag --%.64s", d.name)
			if near := nearestFlag(d.name, flags, known); near != "" {
				problem.Msg += fmt.Sprintf("; did you mean %q?", near)
			}
			return problem
		}
		f := flags.Lookup(d.name)
		if f == nil || f.Changed {
			continue
		}
		if _, repeatable := f.Value.(pflag.SliceValue); len(d.values) != 1 && !repeatable {
			problem.Msg = "defaults: --" + d.name + " takes one value"
			return problem
		}
		for _, value := range d.values {
			if err := f.Value.Set(value); err != nil {
				problem.Msg, problem.Err = "defaults: --"+d.name+": "+err.Error(), err
				return problem
			}
		}
	}
	return nil
}

// nearestFlag returns the flag of which name is the letter, or else the flag
// with the closest name; "" if there is none.
func nearestFlag(name string, flags *pflag.FlagSet, known []string) string {
	if len(name) == 1 {
		if f := flags.ShorthandLookup(name); f != nil {
			return f.Name
		}
	}
	return term.Nearest(name, known)
}
