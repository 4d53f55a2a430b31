// Package stats turns events into numbers: how many, how often, how late, and
// what was lost. A Counter takes the events and the notices of every source; a
// Snapshot is what it knows at one moment; printers show snapshots as a live
// view, a block of text, a record, rows, or a page for Prometheus. Fields is
// the other sink of this room: it tells which fields arrive.
//
// Everything that a server can make grow is bounded: see limits.
package stats
