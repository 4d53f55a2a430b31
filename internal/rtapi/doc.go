// Package rtapi is an HTTP client of one RT Server: its address, headers, TLS,
// status codes, instances, an instance's live stream and polling queue, and its
// database. It returns bytes and knows nothing of events.
//
// No error and no trace line contains a secret: URLs appear without user
// information and query, and secret header values as their length.
package rtapi
