// Package jsonraw reads JSON (RFC 8259) as bytes, without decoding it. It knows
// nothing of events. Every []byte that it returns is part of the caller's input,
// unless the function's comment says otherwise.
package jsonraw
