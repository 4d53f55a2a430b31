package rtapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestUnreachable(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	other, _ := net.Listen("tcp", "127.0.0.1:0")
	defer other.Close()
	go func() {
		for {
			conn, err := other.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "SSH-2.0-x\r\n")
			conn.Close()
		}
	}()
	closed, _ := net.Listen("tcp", "127.0.0.1:0")
	closed.Close()
	for _, tc := range []struct{ server, want string }{
		{"http://me:secret@" + closed.Addr().String(), "connection refused; check that RT Server is running there"},
		{"https://me:secret@" + plain.Listener.Addr().String(), "it does not speak TLS; try http://"},
		{"http://me:secret@" + other.Addr().String(), ""},
	} {
		c := connect(t, Options{Server: tc.server})
		_, err := stream(c)
		if _, ok := errors.AsType[*UnreachableError](err); !ok || !strings.HasPrefix(err.Error(), c.Server()+": ") ||
			!strings.HasSuffix(err.Error(), tc.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", tc.server, err)
		}
	}
}

// TestResetOfTLSHintsAtClientCertificate: some servers close the connection instead of
// sending an alert.
func TestResetOfTLSHintsAtClientCertificate(t *testing.T) {
	err := &UnreachableError{URL: "https://nvr9", Err: syscall.ECONNRESET}
	want := "https://nvr9: the server closed the connection; if it requires a client certificate, give --cert"
	if err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestUnreachableErrorHidesItsCause checks that a time-out of net/http, which is a
// context.DeadlineExceeded, and EPIPE from a broken connection do not look like
// the end of the run or a closed standard output.
func TestUnreachableErrorHidesItsCause(t *testing.T) {
	dial := func(err error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) { return nil, err }
	}
	write := func(err error) error {
		return &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", err)}
	}
	for _, tc := range []struct {
		err  error
		want string
	}{
		{&net.DNSError{Name: "nvr9", IsNotFound: true}, `no such host as "nvr9"; check the name`},
		{context.DeadlineExceeded, "no response in time; check address, port and firewall"},
		{&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, "no response in time; check address, port and firewall"},
		{write(syscall.EPIPE), "the server closed the connection"},
		{write(syscall.ECONNRESET), "the server closed the connection"},
		{errors.New("remote error: tls: certificate required"), "it requires a client certificate; give --cert"},
	} {
		c := connect(t, Options{Server: "nvr9", Dial: dial(tc.err)})
		for name, ask := range map[string]func() error{
			"stream":    func() error { _, err := stream(c); return err },
			"instances": func() error { _, err := c.Instances(context.Background()); return err },
			"drain":     func() error { _, err := c.Drain(context.Background(), gate, nil); return err },
			"check":     func() error { return c.Check(context.Background(), gate) },
		} {
			err := ask()
			if _, ok := errors.AsType[*UnreachableError](err); !ok || err.Error() != "http://nvr9:3546: "+tc.want {
				t.Errorf("%s: got %v, want %s", name, err, tc.want)
			}
			for _, cause := range []error{context.DeadlineExceeded, context.Canceled, os.ErrDeadlineExceeded, syscall.EPIPE,
				syscall.ECONNRESET} {
				if errors.Is(err, cause) {
					t.Errorf("%s: %v is %v", name, err, cause)
				}
			}
		}
	}
}

// brokenPipe is a connection that the peer has closed: writes fail.
type brokenPipe struct{ net.Conn }

func (brokenPipe) Write([]byte) (int, error) {
	return 0, &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.EPIPE)}
}

func TestBrokenPipeWhileRequestIsWritten(t *testing.T) {
	c := connect(t, Options{Server: "nvr9", Dial: func(context.Context, string, string) (net.Conn, error) {
		conn, _ := net.Pipe()
		return brokenPipe{conn}, nil
	}})
	_, err := stream(c)
	if _, ok := errors.AsType[*UnreachableError](err); !ok || errors.Is(err, syscall.EPIPE) {
		t.Errorf("got %v", err)
	}
}

// TestResetWhileBodyIsRead checks that errors of the body are typed.
func TestResetWhileBodyIsRead(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		conn.Read(make([]byte, 4096))
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
		conn.Read(make([]byte, 1)) // returns once the client has read that
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}()
	tap := make(chan net.Conn, 1)
	c := connect(t, Options{Server: ln.Addr().String(),
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			tap <- conn
			return conn, err
		}})
	body, err := c.Stream(context.Background(), gate, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	buf := make([]byte, 100)
	if n, err := body.Read(buf); string(buf[:n]) != "data: 1\n\n" || err != nil {
		t.Fatalf("got %q, %v", buf[:n], err)
	}
	io.WriteString(<-tap, "x")
	_, err = body.Read(buf)
	if _, ok := errors.AsType[*UnreachableError](err); !ok || errors.Is(err, syscall.ECONNRESET) ||
		!strings.Contains(err.Error(), "closed the connection") {
		t.Errorf("got %v", err)
	}
}

func TestMessages(t *testing.T) {
	for _, tc := range []struct {
		name   string
		code   int
		header http.Header
		body   string
		user   string
		want   string
	}{
		{"no such instance", 404, nil, `{"error":"Not Found","code":404,"message":"instance not found"}`, "",
			`no instance "i1" on SERVER`},
		{"not authorised", 401, nil, "", "", "SERVER/v1/core/instance/i1: 401 Unauthorized; give credentials in the URL " +
			"(-s http://USER:PASSWORD@HOST) or with -H 'Authorization: Bearer TOKEN'"},
		{"wrong credentials", 401, nil, "", "me:secret@",
			"SERVER/v1/core/instance/i1: 401 Unauthorized; the server refused the credentials; check user, password or token"},
		{"digest", 401, http.Header{"WWW-Authenticate": {`Digest realm="x"`}}, "", "me:secret@",
			"SERVER/v1/core/instance/i1: 401 Unauthorized; the server asks for Digest authentication, which is not " +
				"supported; a reverse proxy can offer Basic or a token"},
		{"digest or basic", 401, http.Header{"WWW-Authenticate": {`Digest realm="x"`, "Basic"}}, "", "me:secret@",
			"SERVER/v1/core/instance/i1: 401 Unauthorized; the server refused the credentials; check user, password or token"},
		{"said twice by JSON", 403, nil, `{"error":"Forbidden"}`, "", "SERVER/v1/core/instance/i1: 403 Forbidden"},
		{"said twice by nginx", 502, nil, "<html><title>502 Bad Gateway</title>", "",
			"SERVER/v1/core/instance/i1: 502 Bad Gateway"},
		{"the message only", 500, nil, `{"error":"E17","code":500,"message":"disk full"}`, "",
			"SERVER/v1/core/instance/i1: 500 Internal Server Error: disk full"},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, values := range tc.header {
				for _, v := range values {
					w.Header().Add(name, v)
				}
			}
			w.WriteHeader(tc.code)
			io.WriteString(w, tc.body)
		}))
		c := connect(t, Options{Server: strings.Replace(srv.URL, "//", "//"+tc.user, 1)})
		_, err := c.Instance(context.Background(), "i1")
		if want := strings.ReplaceAll(tc.want, "SERVER", c.Server()); fmt.Sprint(err) != want {
			t.Errorf("%s: got  %v\nwant %s", tc.name, err, want)
		}
		srv.Close()
	}
}

// TestErrorPageWithoutEnd checks that only the start of an endless error page is
// read, and only for a short time.
func TestErrorPageWithoutEnd(t *testing.T) {
	sent := 0
	done := make(chan struct{})
	c := client(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		defer close(done)
		w.WriteHeader(500)
		page := bytes.Repeat([]byte("error "), 10_000)
		for sent < 64<<20 {
			n, err := w.Write(page)
			if sent += n; err != nil {
				return
			}
		}
	})
	_, err := stream(c)
	<-done
	// Bytes beyond refusalRead are in the buffers of both ends.
	if status, ok := errors.AsType[*StatusError](err); !ok || len(status.Text) > refusalShow+len("…") || sent >= 64<<20 {
		t.Errorf("%v after %d bytes", err, sent)
	}
}

func TestKeepAliveFindsDeadPeerWithin30s(t *testing.T) {
	k := keepAlive
	if found := k.Idle + time.Duration(k.Count)*k.Interval; !k.Enable || found > 30*time.Second {
		t.Errorf("found after %v: %+v", found, k)
	}
}
