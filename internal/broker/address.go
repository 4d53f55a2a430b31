package broker

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"unicode"

	"github.com/rtev/rtev/internal/format"
)

// Address is the parsed URL of a broker and of a subject or topic on it. The
// zero value is not usable. It is safe for concurrent use.
type Address struct {
	scheme
	server  url.URL // scheme, credentials, host and port
	subject *format.Template
	fixed   bool             // the subject is the same for every event
	key     *format.Template // Kafka's record key, else nil
	creds   string           // name of a NATS credentials file
}

// scheme is what the scheme of a URL stands for.
type scheme struct {
	dial      func(life context.Context, a Address, o Options) (conn, error)
	port      string
	wildcards string // may not be in a subject
	marks     string // may be in a value that is filled in there, like letters and digits
	last      rune   // of those
}

// In NATS a dot separates tokens (NATS: Subject-Based Messaging), in MQTT 3.1.1 a
// slash separates levels (section 4.7). Kafka allows only ASCII in a topic.
var schemes = map[string]scheme{
	"nats":   {dialNATS, "4222", " *>", "_-", unicode.MaxRune},
	"tls":    {dialNATS, "4222", " *>", "_-", unicode.MaxRune},
	"mqtt":   {dialMQTT, "1883", "+#", "_-.", unicode.MaxRune},
	"mqtts":  {dialMQTT, "8883", "+#", "_-.", unicode.MaxRune},
	"kafka":  {dialKafka, "9092", " ", "_-.", unicode.MaxASCII},
	"kafkas": {dialKafka, "9092", " ", "_-.", unicode.MaxASCII},
}

// appendValue appends a value to a subject: at most 80 bytes, with "-" for each
// character that is not safe there.
func (s scheme) appendValue(dst []byte, value string) []byte {
	value = strings.Map(func(r rune) rune {
		if r <= s.last && (unicode.In(r, unicode.L, unicode.Nd, unicode.M) || strings.ContainsRune(s.marks, r)) {
			return r
		}
		return '-'
	}, cmp.Or(value, "unknown"))
	return append(dst, strings.ToValidUTF8(value[:min(len(value), 80)], "")...)
}

// appendKey appends a value to a record key.
func appendKey(dst []byte, value string) []byte { return append(dst, cmp.Or(value, "unknown")...) }

// ParseAddress parses the URL of a broker. The scheme is nats, tls (NATS over
// TLS), mqtt, mqtts, kafka or kafkas; the path is the subject or topic. Fields
// in braces are replaced by values of the event. ?key= sets Kafka's record key,
// by default the instance id. Credentials are in the URL or, with ?creds=@FILE,
// in a file: USER:PASSWORD, or for NATS a .creds file. The error never contains
// the credentials.
func ParseAddress(text string) (a Address, err error) {
	u, err := url.Parse(text)
	if err != nil || schemes[u.Scheme].dial == nil || u.Hostname() == "" || len(u.Path) < 2 {
		return a, errors.New("not a broker's URL; it looks like nats://HOST/SUBJECT, mqtt://HOST/TOPIC or kafka://HOST/TOPIC")
	}
	a.scheme = schemes[u.Scheme]
	port := cmp.Or(u.Port(), a.port)
	if _, err := net.LookupPort("tcp", port); err != nil {
		return a, fmt.Errorf("port %s is not between 1 and 65535", port)
	}
	a.server = url.URL{Scheme: u.Scheme, User: u.User, Host: net.JoinHostPort(u.Hostname(), port)}
	if a.subject, err = format.ParseTemplate(u.Path[1:]); err != nil {
		return a, err
	}
	literal, fixed := a.subject.Literals()
	if a.fixed = fixed; strings.ContainsAny(literal, a.wildcards) {
		return a, errors.New("a subject or topic to publish to cannot contain wildcards or spaces")
	}
	options := u.Query()
	if strings.HasPrefix(u.Scheme, "kafka") {
		if a.key, err = format.ParseTemplate(cmp.Or(options.Get("key"), "{instance_id}")); err != nil {
			return a, fmt.Errorf("key: %w", err)
		}
		options.Del("key")
	}
	if file, ok := strings.CutPrefix(options.Get("creds"), "@"); ok {
		text, err := os.ReadFile(file)
		if err != nil {
			return a, fmt.Errorf("creds: %w", err)
		}
		if bytes.Contains(text, []byte("BEGIN NATS USER JWT")) {
			a.creds = file
		} else {
			user, password, _ := strings.Cut(strings.TrimSpace(string(text)), ":")
			a.server.User = url.UserPassword(user, password)
		}
		options.Del("creds")
	}
	for name := range options {
		return a, fmt.Errorf("unknown option %q; the options are creds=@FILE and, for Kafka, key=", name)
	}
	return a, nil
}

// String returns the broker's URL without credentials, subject and query.
func (a Address) String() string { return a.server.Scheme + "://" + a.server.Host }
