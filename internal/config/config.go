package config

import (
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// DefaultServer is the server that is read when nobody named one.
const DefaultServer = "http://localhost:3546"

// Config is what the user asked for, as typed: nothing in it has been looked
// up or opened. Each field comes whole from the first place that has it:
// lists of different places are not joined.
type Config struct {
	File      string   // the config file that was read; "" for none
	Server    []string // URLs of servers; never empty
	Header    []string // "Name: value" or "Name: @FILE", for ParseHeaders; may hold secrets
	Output    string   // text, ndjson, csv or prom
	Color     string   // auto, always or never
	Instances []Named  // in the file's order; no name twice, whatever its case
	Default   []string // INSTANCE arguments for a command that was given none; may be empty
}

// Named is an instance that the config file gives a name.
type Named struct {
	Name   string // never empty
	ID     string // the UUID; never empty
	Server string // its server; "" for those of Config.Server
}

// settings are the values of one place, by the name of flag and file key.
type settings = map[string]any

// Names of flags, which are keys of the file too.
const (
	keyServer    = "server"
	keyHeader    = "header"
	keyOutput    = "output"
	keyColor     = "color"
	keyInstances = "instances"
	keyDefault   = "default"
)

// Load reads the flags that were set, the variables RTEV_SERVER (URLs with
// blanks between them), RTEV_INSTANCE (names with commas between them),
// RTEV_CONFIG, RTEV_OUTPUT, RTEV_COLOR and RTEV_HEADER (a header a line), and
// the config file. Flags that the running command does not have are as flags
// that were not set. An empty variable is one that is not set. Every error is
// an *Error.
func Load(flags *pflag.FlagSet, getenv func(string) string) (*Config, error) {
	return load(flags, getenv, systemFile())
}

// load is Load with the system's config file at a place of the caller's choice.
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
	c.Instances, _ = v.Get(keyInstances).([]Named) // absent: none
	if c.Output == "json" {
		c.Output = "ndjson"
	}
	return c, nil
}

// layers puts the places over each other. viper is made anew for each run and
// knows the running command's flags only: keys that two commands bind would
// overwrite each other. The variables are merged over the file, because viper
// would read the environment by itself.
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
		// Not BindPFlag: viper takes a list through CSV, which loses "".
		if list, ok := f.Value.(pflag.SliceValue); ok {
			v.Set(key, list.GetSlice())
		} else {
			v.Set(key, f.Value.String())
		}
	}
	return v, nil
}

// environment returns what the variables set.
func environment(getenv func(string) string) (settings, error) {
	set := settings{}
	lists := []struct {
		variable, key string
		split         func(string) []string
	}{
		{"RTEV_SERVER", keyServer, strings.Fields},
		{"RTEV_HEADER", keyHeader, pieces("\n")},
		{"RTEV_INSTANCE", keyDefault, pieces(",")},
	}
	for _, l := range lists {
		if list := l.split(getenv(l.variable)); len(list) > 0 {
			set[l.key] = list
		}
	}
	for _, w := range []struct{ variable, key string }{{"RTEV_OUTPUT", keyOutput}, {"RTEV_COLOR", keyColor}} {
		value := getenv(w.variable)
		if value == "" {
			continue
		}
		if problem := checkWord(w.key, value); problem != "" {
			return nil, &Error{From: w.variable, Msg: problem}
		}
		set[w.key] = value
	}
	return set, nil
}

// pieces splits at sep into pieces without blanks around them, none empty.
func pieces(sep string) func(string) []string {
	return func(s string) (list []string) {
		for piece := range strings.SplitSeq(s, sep) {
			if piece = strings.TrimSpace(piece); piece != "" {
				list = append(list, piece)
			}
		}
		return list
	}
}
