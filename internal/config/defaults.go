package config

import (
	"slices"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// defaultFlag is a default value of a flag that the config file sets.
type defaultFlag struct {
	name   string
	values []string
	at     *yaml.Node
}

// defaults reads the default values of flags. Their names are checked by
// ApplyDefaults.
func (p parser) defaults(n *yaml.Node, c *Config) error {
	if n = follow(n); n.Kind != yaml.MappingNode {
		return p.errorf(n, "want flags and values, such as {utc: true}")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		d := defaultFlag{name: n.Content[i].Value, at: n.Content[i]}
		if err := p.list(&d.values)(n.Content[i+1]); err != nil {
			return err
		}
		c.defaults = append(c.defaults, d)
	}
	return nil
}

// ApplyDefaults sets the flags of the running command that were not given on the
// command line to the default values in the config file. It ignores a default for a
// flag that only other commands have; known holds the names of all commands' flags.
// The flags do not count as changed afterwards. Every error is an *Error with the
// line.
func (c *Config) ApplyDefaults(flags *pflag.FlagSet, known []string) error {
	p := parser{c.File}
	for _, d := range c.defaults {
		f := flags.Lookup(d.name)
		switch {
		case slices.Contains([]string{keyServer, keyHeader, keyOutput, keyColor, "config", "help", "version"}, d.name):
			return p.errorf(d.at, "defaults: --%s cannot be set here", d.name)
		case !slices.Contains(known, d.name):
			return p.errorf(d.at, "defaults: no flag --%.64s%s", d.name, didYouMean(d.name, known))
		case f == nil || f.Changed:
			continue
		}
		for _, value := range d.values {
			if err := f.Value.Set(value); err != nil {
				return p.errorf(d.at, "defaults: --%s: %v", d.name, err)
			}
		}
	}
	return nil
}
