// Package history reads the events and tracks that an RT Server stores in its
// database (POST /v1/database/events, /tracks and /analytics). Source is an
// event.Source of them. Filled adds them to a live stream: those from before the
// run, and those missed in gaps.
//
// These endpoints are barely documented, so the package assumes little: it
// always sends both ends of the time range and a limit, drops rows outside the
// range, reads servers that ignore the order backwards, and reports a page
// without new rows as an error unless it is the last one. Payloads are the rows
// as the server sent them. Types are those of the stream; see TypeOf.
package history
