package broker

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/rtev/rtev/internal/format"
)

// Address is the parsed URL of a broker and of a subject or topic on it. The
// zero value is not usable. It is safe for concurrent use.
type Address struct {
	kind     string // nats, mqtt or kafka
	secure   bool   // TLS
	host     string // with port
	shown    string // scheme and host, without credentials
	subject  *format.Template
	fixed    string           // the subject, if it is the same for every event
	key      *format.Template // Kafka only
	user     string
	password string
	creds    string // name of a NATS credentials file
}

// schemes maps the scheme of a URL to the kind of broker.
var schemes = map[string]struct {
	kind   string
	secure bool
	port   string
}{
	"nats": {"nats", false, "4222"}, "tls": {"nats", true, "4222"},
	"mqtt": {"mqtt", false, "1883"}, "mqtts": {"mqtt", true, "8883"},
	"kafka": {"kafka", false, "9092"}, "kafkas": {"kafka", true, "9092"},
}

// looksLike shows the form of an address in error messages.
const looksLike = "nats://HOST/SUBJECT, mqtt://HOST/TOPIC or kafka://HOST/TOPIC"

// ParseAddress parses the URL of a broker. The scheme is nats, tls (NATS over
// TLS), mqtt, mqtts, kafka or kafkas; the path is the subject or topic. Fields
// in braces are replaced by values of the event. ?key= sets Kafka's record key,
// by default the instance id. Credentials are in the URL or, with ?creds=@FILE,
// in a file: USER:PASSWORD, or for NATS a .creds file. The error is an
// *AddressError and never contains the credentials.
func ParseAddress(text string) (Address, error) {
	u, err := url.Parse(text)
	if err != nil { // the error's text holds the URL
		return Address{}, &AddressError{"not a URL; it looks like " + looksLike}
	}
	s, ok := schemes[u.Scheme]
	switch {
	case !ok:
		return Address{}, &AddressError{fmt.Sprintf("unknown broker scheme %q; it looks like %s", u.Scheme, looksLike)}
	case u.Hostname() == "":
		return Address{}, &AddressError{"no host; it looks like " + looksLike}
	case len(u.Path) < 2:
		return Address{}, &AddressError{"no subject or topic; it looks like " + looksLike}
	}
	port := u.Port()
	if port == "" {
		port = s.port
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return Address{}, &AddressError{"port " + port + " is not between 1 and 65535"}
	}
	a := Address{kind: s.kind, secure: s.secure, host: net.JoinHostPort(u.Hostname(), port)}
	a.shown = u.Scheme + "://" + a.host
	a.user = u.User.Username()
	a.password, _ = u.User.Password()
	return a, a.parse(u)
}

// parse reads the path and the query.
func (a *Address) parse(u *url.URL) (err error) {
	if a.subject, err = format.ParseTemplate(u.Path[1:]); err != nil {
		return &AddressError{err.Error()}
	}
	literal, fixed := a.subject.Literals()
	if strings.ContainsFunc(literal, func(r rune) bool { return wildcard(a.kind, r) }) {
		return &AddressError{"a subject or topic to publish to cannot contain wildcards or spaces"}
	}
	if fixed {
		a.fixed = literal
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
			return &AddressError{fmt.Sprintf("unknown option %q; the options are creds=@FILE and, for Kafka, key=", name)}
		}
	}
	if a.kind == "kafka" {
		if a.key, err = format.ParseTemplate(key); err != nil {
			return &AddressError{"key: " + err.Error()}
		}
	}
	return nil
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
