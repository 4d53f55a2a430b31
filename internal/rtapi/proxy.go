package rtapi

import (
	"cmp"
	"net/http"
	"net/url"

	"golang.org/x/net/http/httpproxy"
)

// Proxy returns a function for Options.Proxy that applies HTTP_PROXY,
// HTTPS_PROXY, ALL_PROXY and NO_PROXY, each also in lower case, read with getenv.
// ALL_PROXY, which net/http ignores, applies to schemes without their own
// variable. A proxy is an http, https or socks5 URL.
func Proxy(getenv func(string) string) func(*http.Request) (*url.URL, error) {
	either := func(upper, lower string) string { return cmp.Or(getenv(upper), getenv(lower)) }
	all := either("ALL_PROXY", "all_proxy")
	c := httpproxy.Config{
		HTTPProxy:  cmp.Or(either("HTTP_PROXY", "http_proxy"), all),
		HTTPSProxy: cmp.Or(either("HTTPS_PROXY", "https_proxy"), all),
		NoProxy:    either("NO_PROXY", "no_proxy"),
	}
	choose := c.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }
}
