package flowtest

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// Net is a network of net.Pipe connections inside the process. The real HTTP
// client and server work over it, also in a synctest bubble if it was created
// there. It is a net.Listener, and Dial has the signature of
// net.Dialer.DialContext. Nothing is buffered, so a write waits for its reader. It is
// safe for concurrent use.
type Net struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Listen returns a network with one listener for all addresses.
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

// Dial returns the client's end of a new connection once it is accepted. After Close,
// Dial fails.
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

// Close ends Accept and refuses every Dial. It does not close connections.
func (n *Net) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// Addr returns an invented address.
func (n *Net) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3546} }
