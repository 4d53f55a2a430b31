// Package config determines what the user asked for: flags over environment
// variables over the config file over defaults. Every value is checked where it
// was written, so that an error names its place.
//
// It is the only package that uses viper.
package config
