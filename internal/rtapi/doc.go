// Package rtapi talks to one RT Server over HTTP: its address, headers, TLS,
// the statuses it answers with, its instances, an instance's live stream and
// polling queue, and its database. It returns bytes and knows nothing of
// events.
//
// No error and no trace line contains a secret: URLs are printed without user
// information and query, secret header values as their length.
package rtapi
