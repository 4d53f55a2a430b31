// Package rtapi speaks to one RT Server over HTTP: its address, headers, TLS,
// the statuses it answers with, its instances, an instance's live stream and
// its polling queue. It hands out bytes and knows no event.
//
// No error and no trace line holds a secret: URLs are printed without user
// information and query, header values that may be secret as their length.
package rtapi
