// Package event holds the words of the flow: what an event is, who gives it
// (Source), who takes it (Sink), and what is said beside it (Notice). It turns
// the bytes of a record into an Event: checked once, its top-level values
// found in the same pass, so that every later look-up is cheap.
//
// It is the only package that uses gjson and unsafe.
package event
