package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// one responds with a stream of one event that names the protocol.
func one(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(w, "event: track\ndata: {\"$id\":\"track\",\"instance_id\":\"i\",\"proto\":\""+r.Proto+"\"}\n\n")
}

// secure serves one with a certificate for 127.0.0.1 that expires at until. It
// returns the file with the certificate authority.
func secure(t *testing.T, until time.Time, h2 bool) (url, ca string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	paper := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, paper, paper, &key.PublicKey, key)
	check(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(one))
	server.EnableHTTP2 = h2
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	check(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return server.URL, ca
}

// TestTLSFaults checks the messages about bad certificates and about servers
// that speak another protocol.
func TestTLSFaults(t *testing.T) {
	good, goodCA := secure(t, time.Now().Add(time.Hour), false)
	old, oldCA := secure(t, time.Now().Add(-time.Hour), false)
	two, twoCA := secure(t, time.Now().Add(time.Hour), true)
	plain := httptest.NewServer(http.HandlerFunc(one))
	defer plain.Close()
	for _, tc := range []struct {
		name string
		args []string
		code int
		out  string
		say  string
	}{
		{"unknown authority", []string{"-s", good}, 3, "", "signed by unknown authority); --cacert FILE"},
		{"expired", []string{"-s", old, "--cacert", oldCA}, 3, "", "certificate has expired or is not yet valid"},
		{"wrong name", []string{"-s", strings.Replace(good, "127.0.0.1", "localhost", 1), "--cacert", goodCA}, 3, "",
			"certificate is not valid for any names"},
		{"no TLS at all", []string{"-s", strings.Replace(plain.URL, "http:", "https:", 1)}, 3, "",
			"does not speak TLS; try http://"},
		{"TLS where none was asked for", []string{"-s", strings.Replace(good, "https:", "http:", 1)}, 4, "",
			"400 Bad Request"},
		{"as it should be", []string{"-s", good, "--cacert", goodCA}, 0, "HTTP/1.1", ""},
		{"not checked", []string{"-s", old, "-k"}, 0, "HTTP/1.1", "certificates are not checked (-k)"},
		{"HTTP/2", []string{"-s", two, "--cacert", twoCA}, 0, "HTTP/2.0", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := rtev(t, nil, append([]string{"tail", camera, "-n", "1", "-o", "ndjson"}, tc.args...)...)
			lines := strings.Count(got.errors, "\n")
			if got.code != tc.code || !strings.Contains(got.out, tc.out) || (got.out == "") != (tc.out == "") ||
				!strings.Contains(got.errors, tc.say) || lines > 1 || (lines == 0) != (tc.say == "") {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestProxyFromTheEnvironment covers HTTP_PROXY and NO_PROXY.
func TestProxyFromTheEnvironment(t *testing.T) {
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.RequestURI
		one(w, r)
	}))
	defer proxy.Close()
	env := []string{"HTTP_PROXY=" + proxy.URL}
	if got := rtev(t, env, "tail", "-s", "nvr1.invalid", camera, "-n", "1", "-o", "ndjson"); got.code != 0 ||
		got.out == "" {
		t.Errorf("%+v", got)
	}
	if !strings.HasPrefix(asked, "http://nvr1.invalid:3546/v1/") {
		t.Errorf("the proxy was asked for %q", asked)
	}
	if got := rtev(t, append(env, "NO_PROXY=nvr1.invalid"), "tail", "-s", "nvr1.invalid", camera, "-n",
		"1"); got.code != 3 || !strings.Contains(got.errors, "nvr1.invalid") {
		t.Errorf("past the proxy: %+v", got)
	}
}

// TestIPv6 covers addresses with and without brackets and port.
func TestIPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	server := &http.Server{Handler: http.HandlerFunc(one)}
	go server.Serve(l) //nolint:errcheck // it ends with Close
	defer server.Close()
	for _, address := range []string{l.Addr().String(), "http://" + l.Addr().String()} {
		if got := rtev(t, nil, "tail", "-s", address, camera, "-n", "1", "-o", "ndjson"); got.code != 0 || got.out == "" ||
			got.errors != "" {
			t.Errorf("%s: %+v", address, got)
		}
	}
	if got := rtev(t, nil, "tail", "-s", "::1", camera, "-n", "1"); got.code != 3 ||
		!strings.Contains(got.errors, "http://[::1]:3546: connection refused") {
		t.Errorf("without port: %+v", got)
	}
}

// What net/http logs about a server that sends more than it announced is not a
// message of rtev: it has another form, ignores -q, and is repeated.
func TestLogOfHTTPLibraryIsNotShown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]more")
		}
	}()
	got := rtev(t, nil, "poll", camera, "-s", "http://"+listener.Addr().String(), "-i", "300ms", "--for", "1s")
	if got.code != 0 || got.out != "" || got.errors != "" {
		t.Errorf("%+v", got)
	}
}
