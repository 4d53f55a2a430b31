// Package simulator is an RT Server for tests and demonstrations: it makes up
// traffic, replays captures, and misbehaves on request.
//
// It follows the server's documentation by itself and imports no other room:
// a mistake would be made on both sides and cancel out.
package simulator
