package rtapi

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var secrets = http.Header{"X-Token": {"secret1"}, "Authorization": {"Bearer secret2"}, "Cookie": {"a=secret3"}}

func TestRedirects(t *testing.T) {
	var there *http.Request
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		there = r
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "there")
	}))
	defer other.Close()
	var here *http.Request
	to := ""
	c := client(t, Options{Header: secrets}, func(w http.ResponseWriter, r *http.Request) {
		here = r
		if strings.HasPrefix(r.URL.Path, "/v1") || to == "/v1/again" {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "here")
	})

	to = "/moved"
	if got, err := stream(c); got != "here" || err != nil || here.URL.Path != "/moved" {
		t.Errorf("same host: %q, %v, %v", got, err, here.URL)
	}
	for name := range secrets {
		if here.Header.Get(name) != secrets.Get(name) {
			t.Errorf("same host: %s is %q", name, here.Header.Get(name))
		}
	}

	to = other.URL + "/x"
	if got, err := stream(c); got != "there" || err != nil {
		t.Errorf("other host: %q, %v", got, err)
	}
	if text := fmt.Sprint(there.Header, there.URL); strings.Contains(text, "secret") ||
		there.Header.Get("Accept") != "text/event-stream" {
		t.Errorf("other host got %s", text)
	}

	to = "/v1/again"
	_, err := stream(c)
	if e, ok := err.(*StatusError); !ok || e.Code != 307 {
		t.Errorf("endless redirects: %v", err)
	}

	to = "http://me:secret4@127.0.0.1:1/x?token=secret5"
	_, err = stream(c)
	if _, ok := err.(*UnreachableError); !ok || strings.Contains(err.Error(), "secret") ||
		!strings.HasPrefix(err.Error(), "http://127.0.0.1:1 (redirected there by "+c.Server()+"): ") {
		t.Errorf("to a place that is not there: %v", err)
	}
}

func TestOwn(t *testing.T) {
	c := connect(t, Options{Server: "http://nvr1:80"})
	for to, want := range map[string]bool{
		"http://nvr1/x": true, "http://NVR1:80": true, "https://nvr1": true, "https://nvr1:443/": true,
		"http://nvr1:81": false, "https://nvr1:8443": false, "http://nvr2": false, "http://a.nvr1": false,
	} {
		u, _ := url.Parse(to)
		if c.own(u) != want {
			t.Errorf("%s: %v", to, !want)
		}
	}
	safe := connect(t, Options{Server: "https://nvr1"})
	if u, _ := url.Parse("http://nvr1"); safe.own(u) {
		t.Error("secrets would go out in clear text")
	}
}

func TestTraceShowsNoSecret(t *testing.T) {
	var lines []string
	c := client(t, Options{Header: secrets, UserAgent: "rtev", Trace: func(l string) { lines = append(lines, l) }},
		func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "s=secret6")
			w.Header().Set("Location", "http://me:secret7@127.0.0.1:1/x?token=secret8")
			w.WriteHeader(302)
		})
	stream(c)
	all := strings.Join(lines, "\n")
	for _, want := range []string{
		"> GET /v1/core/instance/" + gate + "/consume_events_sse", "> Accept: text/event-stream", "> X-Token: [7 bytes]",
		"> Authorization: [14 bytes]",
		"< HTTP/1.1 302 Found", "< Set-Cookie: [9 bytes]", "< Location: http://127.0.0.1:1/x",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	if strings.Contains(all, "secret") {
		t.Error(all)
	}
}

func TestBasicAuthorization(t *testing.T) {
	var user, password string
	h := func(w http.ResponseWriter, r *http.Request) {
		user, password, _ = r.BasicAuth()
		w.WriteHeader(401)
	}
	srv := httptest.NewServer(http.HandlerFunc(h))
	defer srv.Close()
	c := connect(t, Options{Server: strings.Replace(srv.URL, "//", "//me:pass%20word@", 1)})
	if _, err := stream(c); user != "me" || password != "pass word" || strings.Contains(err.Error(), "pass word") ||
		strings.Contains(err.Error(), "%20") {
		t.Errorf("%q %q %v", user, password, err)
	}
}

func TestClientCertificate(t *testing.T) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	cert, err := x509.CreateCertificate(rand.Reader,
		&x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)},
		&x509.Certificate{SerialNumber: big.NewInt(1)}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, _ := x509.MarshalPKCS8PrivateKey(key)
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	dir := t.TempDir()
	both, one, two := filepath.Join(dir, "both.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	os.WriteFile(both, append(certPEM, keyPEM...), 0o600)
	os.WriteFile(one, certPEM, 0o600)
	os.WriteFile(two, keyPEM, 0o600)
	seen := 0
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = len(r.TLS.PeerCertificates)
	}))
	srv.StartTLS()
	defer srv.Close()
	srv.TLS.ClientAuth = 1 // request
	moved := httptest.NewTLSServer(http.RedirectHandler(srv.URL, http.StatusTemporaryRedirect))
	defer moved.Close()
	seen = -1
	connect(t, Options{Server: moved.URL, Cert: both, Insecure: true}).Drain(context.Background(), gate, nil)
	if seen != 0 {
		t.Errorf("another host that a redirect names: %d certificates came", seen)
	}
	for _, o := range []Options{{Cert: both}, {Cert: one, Key: two}} {
		o.Server, o.Insecure = srv.URL, true
		seen = 0
		if connect(t, o).Drain(context.Background(), gate, nil); seen != 1 {
			t.Errorf("%+v: %d certificates came", o, seen)
		}
	}
}
