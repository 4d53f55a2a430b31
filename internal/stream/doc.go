// Package stream turns live streams and recordings into events. Live follows one
// instance across reconnects, and Replay reads recorded input. Both split bytes into
// records with a decoder.
package stream
