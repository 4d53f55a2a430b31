// Package jsonraw reads JSON (RFC 8259) as bytes, without decoding it.
//
//   - Index checks that a payload is one JSON object and finds its top-level
//     members in the same pass. Scanner does the same faster for a stream of
//     similar objects.
//   - Members and Elements walk the values of a checked object or array, and
//     Get finds a member in one.
//   - Splitter cuts the input of a reader into the elements of its arrays.
//   - Text, AppendUnescaped and AppendQuoted convert between JSON strings and
//     their text; Float and Number read numbers.
//
// It knows nothing of events. Every []byte that it returns is part of the caller's
// input, unless the function's comment says otherwise.
package jsonraw
