// Package crop saves the pictures of crop events as files. Each picture is
// decoded and checked, joined with the event or track it belongs to, named by a
// template, and written whole or not at all.
//
// A Dir is the folder that all pictures of a run go to. A Saver is the sink of
// one source: it remembers recent events and tracks, lets a crop wait a moment
// for the event it refers to, saves the picture, and puts a record of the file
// into the next sink. Text encodes such a record for people.
package crop
