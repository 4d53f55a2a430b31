// Package crop turns crop events into picture files: decoded, checked, named
// and written whole or not at all, together with the event or track that each
// picture belongs to.
//
// A Dir is the target folder, shared by all of a run. A Saver is the sink of
// one source: it remembers recent events and tracks, lets a crop wait a moment
// for its own, saves the picture, and puts a record about it down the flow.
// Text is the encoder that shows such a record to a person.
package crop
