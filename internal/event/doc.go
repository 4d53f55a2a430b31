// Package event defines the basic types of rtev: an Event, the Source that reads
// events, the Sink that accepts them, and the Notice by which a source reports
// anything else. A Maker turns records into events. A Path looks up a field,
// which may be a computed one.
//
// A payload is checked once, when the event is made, and its top-level members
// are indexed in the same pass, so that look-ups are cheap and safe.
package event
