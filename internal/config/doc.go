// Package config reads the settings: flags override environment variables, which
// override the config file, which overrides defaults. It checks every value where it
// was written, so that an error names the place.
//
// It is the only package that uses viper.
package config
