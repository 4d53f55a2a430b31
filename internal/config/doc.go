// Package config finds out what the user asked for: flags, else environment,
// else the config file, else defaults. It checks every value where it was
// written, so that a mistake is told with its place.
//
// It is the only package that uses viper.
package config
