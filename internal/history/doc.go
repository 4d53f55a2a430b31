// Package history reads the events and tracks that an RT Server keeps in its
// database (POST /v1/database/events, /tracks and /analytics), as an
// event.Source like the live stream, and fills the gaps of a live stream with
// them.
//
// Little is known about these endpoints, so nothing is taken for granted: both
// ends of the time range and a limit are always sent, the order of rows is
// checked, rows outside the range are left out, and paging stops when a page
// brings nothing new. Rows pass as the server sent them.
package history
