// Package stream turns a live stream, or the record of one, into events:
// Decoder takes records out of bytes, Live follows one instance across
// reconnects, Replay reads what was saved.
package stream
