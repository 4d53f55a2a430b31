// Package event is the vocabulary of rtev: an Event, the Source that reads
// events, the Sink that takes them, and the Notice that a source sends beside
// them. A Maker turns records into events. A Path looks up a field, which may be
// a computed one.
//
// A payload is checked once, when the event is made, and its top-level members
// are indexed in the same pass, so that look-ups are cheap and safe.
package event
