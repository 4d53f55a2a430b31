// Package stats turns events into numbers: how many, how fast, how late, and
// what was lost. A Counter takes the events and notices of all sources. A
// Snapshot is what it knows at one moment, and a Printer prints snapshots: as a
// live view, text, records, rows or metrics. Fields is a second sink, which
// lists the fields that arrive.
//
// Whatever a server can make grow is limited; limits.go has the limits.
package stats
