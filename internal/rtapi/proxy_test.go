package rtapi

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestProxyFromEnvironment(t *testing.T) {
	for _, tc := range []struct{ env, server, want string }{
		{"", "http://nvr1:3546", ""},
		{"HTTP_PROXY=http://p:1", "http://nvr1:3546", "http://p:1"},
		{"http_proxy=p:1", "http://nvr1:3546", "http://p:1"},
		{"HTTP_PROXY=p:1", "https://nvr1", ""},
		{"https_proxy=https://p:1", "https://nvr1", "https://p:1"},
		{"ALL_PROXY=socks5://p:1", "http://nvr1:3546", "socks5://p:1"},
		{"ALL_PROXY=socks5://p:1", "https://nvr1", "socks5://p:1"},
		{"all_proxy=http://p:1", "https://nvr1", "http://p:1"},
		{"ALL_PROXY=http://p:1 http_proxy=http://q:2", "http://nvr1:3546", "http://q:2"},
		{"ALL_PROXY=http://p:1 http_proxy=http://q:2", "https://nvr1", "http://p:1"},
		{"ALL_PROXY=http://p:1 NO_PROXY=nvr1", "http://nvr1:3546", ""},
		{"ALL_PROXY=http://p:1 no_proxy=.local,10.0.0.0/8", "http://nvr.local", ""},
		{"ALL_PROXY=http://p:1 no_proxy=.local,10.0.0.0/8", "http://10.1.2.3", ""},
		{"ALL_PROXY=http://p:1 NO_PROXY=*", "http://nvr1", ""},
		{"ALL_PROXY=http://p:1", "http://localhost:3546", ""},
		{"ALL_PROXY=http://p:1", "http://127.0.0.1:3546", ""},
	} {
		env := map[string]string{}
		for _, one := range strings.Fields(tc.env) {
			name, value, _ := strings.Cut(one, "=")
			env[name] = value
		}
		u, _ := url.Parse(tc.server)
		got := ""
		p, err := Proxy(func(name string) string { return env[name] })(&http.Request{URL: u})
		if p != nil {
			got = p.String()
		}
		if err != nil || got != tc.want {
			t.Errorf("%s for %s: %q, %v, want %q", tc.env, tc.server, got, err, tc.want)
		}
	}
}

func TestUnreachableProxyIsNamed(t *testing.T) {
	for _, proxy := range []string{"http://me:secret@127.0.0.1:1", "socks5://me:secret@127.0.0.1:1"} {
		u, _ := url.Parse(proxy)
		_, err := stream(connect(t, Options{Server: "nvr1", Proxy: http.ProxyURL(u)}))
		if err == nil || !strings.Contains(err.Error(), "its proxy cannot be reached") ||
			!strings.Contains(err.Error(), "HTTP_PROXY") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", proxy, err)
		}
	}
}
