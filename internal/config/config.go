package config

import (
	"fmt"
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
	Header    []string // "Name: value" or "Name: @FILE", for ParseHeaders; may hold secrets. Not for Servers unless they are Typed
	Output    string   // text, ndjson, csv or prom
	Color     string   // auto, always or never
	Servers   []Server // servers of the config file, in its order; each name once, regardless of case
	Instances []Named  // instances of the config file, in its order; each name once, regardless of case
	Default   []string // INSTANCE arguments of a command that was given none; may be empty

	// ServerTyped and HeaderTyped say that Server and Header are from the command
	// line, not from the environment or the file.
	ServerTyped, HeaderTyped bool

	defaults []defaultFlag
}

// Server is a server with the settings for its requests.
type Server struct {
	Name      string   // "" for one that was given by its URL
	URL       string   // as written; never empty
	Header    []string // as Config.Header; may hold secrets
	CACert    string   // file of certificates to trust; "" for the system's
	Cert, Key string   // files of the client certificate; "" for none
	Insecure  bool     // do not check the server's certificate
	Line      int      // in Config.File; 0 if the server is not from there
}

// Named is an instance that the config file gives a name.
type Named struct {
	Name   string // never empty
	ID     string // the UUID; never empty
	Server string // URL or name of its server; "" for those of Config.Server
	Line   int    // in Config.File
}

// Place returns "FILE:LINE" for a line of the config file, for messages.
func (c *Config) Place(line int) string { return fmt.Sprintf("%s:%d", c.File, line) }

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

// settings holds the values from one place by key.
type settings = map[string]any

// Names of flags that are also keys of the file, and other keys.
const (
	keyServer    = "server"
	keyServers   = "servers"
	keyHeader    = "header"
	keyOutput    = "output"
	keyColor     = "color"
	keyInstances = "instances"
	keyDefault   = "default"
	keyDefaults  = "defaults"
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
	file, err := parse(name, data)
	if err != nil {
		return nil, err
	}
	env, err := environment(getenv)
	if err != nil {
		return nil, err
	}
	v, err := layers(flags, file, env)
	if err != nil {
		return nil, err
	}
	c := &Config{
		File:    name,
		Server:  v.GetStringSlice(keyServer),
		Header:  v.GetStringSlice(keyHeader),
		Output:  v.GetString(keyOutput),
		Color:   v.GetString(keyColor),
		Default: v.GetStringSlice(keyDefault),
	}
	c.Instances, _ = v.Get(keyInstances).([]Named) // nil if it is absent
	c.Servers, _ = v.Get(keyServers).([]Server)
	c.defaults, _ = v.Get(keyDefaults).([]defaultFlag)
	c.ServerTyped, c.HeaderTyped = flags.Changed(keyServer), flags.Changed(keyHeader)
	if c.Output == "json" {
		c.Output = "ndjson"
	}
	return c, nil
}

// layers merges the places in order of precedence. Each run has its own viper and
// binds no flags, because two commands may have flags with the same name. It merges
// the variables as a layer, because viper would read the environment itself.
func layers(flags *pflag.FlagSet, file, env settings) (*viper.Viper, error) {
	v := viper.New()
	v.SetDefault(keyServer, []string{DefaultServer})
	v.SetDefault(keyOutput, "text")
	v.SetDefault(keyColor, "auto")
	for _, layer := range []settings{file, env} {
		if err := v.MergeConfigMap(layer); err != nil {
			return nil, &Error{From: "config", Msg: err.Error(), Err: err}
		}
	}
	for _, key := range []string{keyServer, keyHeader, keyOutput, keyColor} {
		f := flags.Lookup(key)
		if f == nil || !f.Changed {
			continue
		}
		if problem := checkWord(key, f.Value.String()); problem != "" {
			return nil, &Error{From: "--" + key, Msg: problem}
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

// environment returns the settings from environment variables.
func environment(getenv func(string) string) (settings, error) {
	set := settings{}
	lists := map[string][]string{
		keyServer:  strings.Fields(getenv("RTEV_SERVER")),
		keyHeader:  pieces(getenv("RTEV_HEADER"), "\n"),
		keyDefault: pieces(getenv("RTEV_INSTANCE"), ","),
	}
	for key, list := range lists {
		if len(list) > 0 {
			set[key] = list
		}
	}
	for _, key := range []string{keyOutput, keyColor} {
		variable := "RTEV_" + strings.ToUpper(key)
		value := getenv(variable)
		if value == "" {
			continue
		}
		if problem := checkWord(key, value); problem != "" {
			return nil, &Error{From: variable, Msg: problem}
		}
		set[key] = value
	}
	return set, nil
}

// pieces splits a text at sep, trims the pieces and drops empty ones.
func pieces(text, sep string) (list []string) {
	for piece := range strings.SplitSeq(text, sep) {
		if piece = strings.TrimSpace(piece); piece != "" {
			list = append(list, piece)
		}
	}
	return list
}
