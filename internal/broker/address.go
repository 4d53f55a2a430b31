package broker

import (
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/rtev/rtev/internal/event"
)

// Address is a broker with a subject or topic, parsed once. The zero value is
// not usable. Safe for concurrent use.
type Address struct {
	kind     string // nats, mqtt or kafka
	secure   bool   // TLS
	host     string // with port
	shown    string // scheme and host, without credentials
	subject  template
	key      template // Kafka only
	user     string
	password string
	creds    string // name of a NATS credentials file
}

// schemes are the brokers by the scheme of their URL.
var schemes = map[string]struct {
	kind   string
	secure bool
	port   string
}{
	"nats": {"nats", false, "4222"}, "tls": {"nats", true, "4222"},
	"mqtt": {"mqtt", false, "1883"}, "mqtts": {"mqtt", true, "8883"},
	"kafka": {"kafka", false, "9092"}, "kafkas": {"kafka", true, "9092"},
}

// looksLike is how an address is written, for error messages.
const looksLike = "nats://HOST/SUBJECT, mqtt://HOST/TOPIC or kafka://HOST/TOPIC"

// ParseAddress reads the URL of a broker: nats, tls (NATS over TLS), mqtt,
// mqtts, kafka or kafkas, with the subject or topic as its path. Fields in
// braces stand for values of the event. ?key= is Kafka's record key, the
// instance id by default. Credentials are in the URL or, with ?creds=@FILE, in
// a file: USER:PASSWORD, or for NATS a .creds file. Mistakes are an
// *AddressError, which never contains the credentials.
func ParseAddress(text string) (Address, error) {
	u, err := url.Parse(text)
	if err != nil { // the error's text holds the URL
		return Address{}, &AddressError{"not a URL; it looks like " + looksLike}
	}
	s, ok := schemes[u.Scheme]
	switch {
	case !ok:
		return Address{}, &AddressError{"no broker is called " + quoted(u.Scheme) + "; it looks like " + looksLike}
	case u.Hostname() == "":
		return Address{}, &AddressError{"no host; it looks like " + looksLike}
	case len(u.Path) < 2:
		return Address{}, &AddressError{"no subject or topic; it looks like " + looksLike}
	}
	port := u.Port()
	if port == "" {
		port = s.port
	}
	a := Address{kind: s.kind, secure: s.secure, host: net.JoinHostPort(u.Hostname(), port)}
	a.shown = u.Scheme + "://" + a.host
	a.user = u.User.Username()
	a.password, _ = u.User.Password()
	return a, a.parse(u)
}

// parse reads the path and the query.
func (a *Address) parse(u *url.URL) (err error) {
	a.subject, err = parseTemplate(u.Path[1:], safeFor[a.kind])
	if err != nil {
		return err
	}
	if bad := strings.IndexFunc(a.subject.literals(), func(r rune) bool { return wildcard(a.kind, r) }); bad >= 0 {
		return &AddressError{"wildcards and blanks cannot stand in a subject or topic that is published to"}
	}
	key := "{instance_id}"
	for name, values := range u.Query() {
		switch {
		case name == "key" && a.kind == "kafka":
			key = values[0]
		case name == "creds" && strings.HasPrefix(values[0], "@"):
			if err := a.readCredentials(values[0][1:]); err != nil {
				return err
			}
		default:
			return &AddressError{"unknown option " + quoted(name) + "; there are creds=@FILE and, for Kafka, key="}
		}
	}
	if a.kind == "kafka" {
		a.key, err = parseTemplate(key, nil)
	}
	return err
}

func (a *Address) readCredentials(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return &AddressError{"creds: " + err.Error()}
	}
	text := strings.TrimSpace(string(data))
	if a.kind == "nats" && strings.Contains(text, "BEGIN NATS USER JWT") {
		a.creds = file
		return nil
	}
	a.user, a.password, _ = strings.Cut(text, ":")
	return nil
}

// String returns the broker's URL without credentials, subject and query.
func (a Address) String() string { return a.shown }

// route returns the subject or topic of an event, and its key.
func (a *Address) route(e *event.Event) (subject, key string) {
	return a.subject.of(e), a.key.of(e)
}
