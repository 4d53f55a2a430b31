// Package stream turns live streams and recordings into events. Decoder splits
// bytes into records, Live follows one instance across reconnects, and Replay
// reads recorded input.
package stream
