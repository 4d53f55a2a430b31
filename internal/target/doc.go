// Package target turns INSTANCE arguments into instances of servers, and keeps
// the set of them up to date while a run lasts.
package target
