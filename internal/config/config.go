package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// DefaultServer is used if no server is given.
const DefaultServer = "http://localhost:3546"

// Config holds the settings as the user wrote them: nothing in it was looked up or
// opened. Each field comes completely from the first place that sets it; lists from
// different places are not joined.
type Config struct {
	File      string   // the config file that was read; "" for none
	Server    []string // URLs, or names of Servers; never empty
	Header    []string // "Name: value" or "Name: @FILE", for ParseHeaders; may hold secrets
	Output    string   // text, ndjson, csv or prom
	Color     string   // auto, always or never
	Servers   []Server // servers of the config file, in its order; each name once, regardless of case
	Instances []Named  // instances of the config file, in its order; each name once, regardless of case
	Default   []string // INSTANCE arguments of a command that was given none; may be empty

	defaults []defaultFlag
}

// Server is a server with the settings for its requests.
type Server struct {
	Name      string   // "" for one that was given by its URL
	URL       string   // as written
	Header    []string // as Config.Header; may hold secrets
	CACert    string   // file of certificates to trust; "" for the system's
	Cert, Key string   // files of the client certificate; "" for none
	Place     string   // FILE:LINE; "" if the server is not from the config file
}

// Named is an instance that the config file gives a name.
type Named struct {
	Name   string // never empty
	ID     string // the UUID; never empty
	Server string // URL or name of its server; "" for those of Config.Server
	Place  string // FILE:LINE
}

// Resolve returns the server of the config file with the name text, regardless of
// case, or else a server with text as its URL and no other settings.
func (c *Config) Resolve(text string) Server {
	for _, s := range c.Servers {
		if strings.EqualFold(s.Name, text) {
			return s
		}
	}
	return Server{URL: text}
}

// Keys of the file; the first four are names of flags, too.
const (
	keyServer  = "server"
	keyHeader  = "header"
	keyOutput  = "output"
	keyColor   = "color"
	keyDefault = "default"
)

// Load reads the flags that were set, the environment variables RTEV_SERVER
// (separated by spaces), RTEV_INSTANCE (separated by commas), RTEV_CONFIG,
// RTEV_OUTPUT, RTEV_COLOR and RTEV_HEADER (one per line), and the config file.
// A flag that the running command does not have counts as not set, and so does
// an empty variable. Every error is an *Error.
func Load(flags *pflag.FlagSet, getenv func(string) string) (*Config, error) {
	return load(flags, getenv, systemFile())
}

// load is Load with another path for the system's config file.
func load(flags *pflag.FlagSet, getenv func(string) string, system string) (*Config, error) {
	name, data, err := find(flags, getenv, system)
	if err != nil {
		return nil, err
	}
	c, err := parse(name, data)
	if err != nil {
		return nil, err
	}
	v, err := layers(flags, environment(getenv), c)
	if err != nil {
		return nil, err
	}
	c.File = name
	c.Server = v.GetStringSlice(keyServer)
	c.Header = v.GetStringSlice(keyHeader)
	c.Default = v.GetStringSlice(keyDefault)
	if c.Output, err = word(v, keyOutput, "text", "ndjson", "json", "csv", "prom"); err != nil {
		return nil, err
	}
	if c.Output == "json" {
		c.Output = "ndjson"
	}
	c.Color, err = word(v, keyColor, "auto", "always", "never")
	return c, err
}

// word returns the value of a key that allows only some words.
func word(v *viper.Viper, key string, allowed ...string) (string, error) {
	value := v.GetString(key)
	if slices.Contains(allowed, value) {
		return value, nil
	}
	return "", &Error{From: key, Msg: fmt.Sprintf("%.64q is not one of %s", value, strings.Join(allowed, ", "))}
}

// layers merges the places in order of precedence. Each run has its own viper and
// binds no flags, because two commands may have flags with the same name. It merges
// the variables as a layer, because viper would read the environment itself.
func layers(flags *pflag.FlagSet, env, file *Config) (*viper.Viper, error) {
	v := viper.New()
	v.SetDefault(keyServer, []string{DefaultServer})
	v.SetDefault(keyOutput, "text")
	v.SetDefault(keyColor, "auto")
	for _, layer := range []*Config{file, env} {
		if err := v.MergeConfigMap(layer.settings()); err != nil {
			return nil, &Error{From: "config", Msg: err.Error()}
		}
	}
	for _, key := range []string{keyServer, keyHeader, keyOutput, keyColor} {
		f := flags.Lookup(key)
		if f == nil || !f.Changed {
			continue
		}
		// Not BindPFlag: viper parses a list as CSV, which loses "".
		if list, ok := f.Value.(pflag.SliceValue); ok {
			v.Set(key, list.GetSlice())
		} else {
			v.Set(key, f.Value.String())
		}
	}
	return v, nil
}

// settings returns what c sets, by key.
func (c *Config) settings() map[string]any {
	set := map[string]any{}
	for key, list := range map[string][]string{keyServer: c.Server, keyHeader: c.Header, keyDefault: c.Default} {
		if len(list) > 0 {
			set[key] = list
		}
	}
	for key, text := range map[string]string{keyOutput: c.Output, keyColor: c.Color} {
		if text != "" {
			set[key] = text
		}
	}
	return set
}

// environment returns the settings from environment variables.
func environment(getenv func(string) string) *Config {
	return &Config{
		Server:  strings.Fields(getenv("RTEV_SERVER")),
		Header:  pieces(getenv("RTEV_HEADER"), "\n"),
		Output:  getenv("RTEV_OUTPUT"),
		Color:   getenv("RTEV_COLOR"),
		Default: pieces(getenv("RTEV_INSTANCE"), ","),
	}
}

// pieces splits a string at sep, trims the pieces and drops empty ones.
func pieces(text, sep string) (list []string) {
	for piece := range strings.SplitSeq(text, sep) {
		if piece = strings.TrimSpace(piece); piece != "" {
			list = append(list, piece)
		}
	}
	return list
}
