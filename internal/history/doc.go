// Package history reads the events and tracks that an RT Server keeps in its
// database (POST /v1/database/events, /tracks and /analytics), as an
// event.Source like the live stream, and fills the past and the gaps of a live
// stream with them.
//
// Little is known about these endpoints, so nothing is taken for granted: both
// ends of the time range and a limit are always sent, rows outside the range are
// left out, servers that ignore the order are read backwards, and a page that
// brings nothing new is an error unless it is the end. Rows pass as the server
// sent them. The server's event_type becomes the stream's type by rule, or
// because it means the type that was asked for.
package history
