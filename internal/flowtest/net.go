package flowtest

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// Net is a network inside the process, of net.Pipe connections: the real HTTP
// client and server work over it, also in a synctest bubble, where it must
// have been made inside the bubble. It is a net.Listener, and Dial is shaped
// like net.Dialer.DialContext. Writes wait for their reader: nothing is
// buffered on the way. Safe for concurrent use.
type Net struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Listen makes a network with one listener, whatever the address dialled.
func Listen() *Net { return &Net{conns: make(chan net.Conn), closed: make(chan struct{})} }

// Accept returns the server's end of the next connection.
func (n *Net) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Dial returns the client's end of a new connection once it was accepted.
// Refused after Close.
func (n *Net) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case n.conns <- there:
		return here, nil
	case <-n.closed:
		return nil, &net.OpError{Op: "dial", Net: network, Addr: n.Addr(), Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends Accept and refuses every Dial. Connections stay as they are.
func (n *Net) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// Addr is the address of the listener, a made-up one.
func (n *Net) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3546} }
