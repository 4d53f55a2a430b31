package broker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

func TestParseAddress(t *testing.T) {
	for _, tc := range []struct{ url, shown, subject, key string }{
		{"nats://h/rtev.events", "nats://h:4222", "rtev.events", ""},
		{"nats://h:1/rtev.{instance}.{type}", "nats://h:1", "rtev.North-Gate-1.event-intrusion", ""},
		{"tls://h/a.{place}", "tls://h:4222", "a.東門----x", ""},
		{"mqtt://h/rtev/{instance}/{type}", "mqtt://h:1883", "rtev/North-Gate.1/event-intrusion", ""},
		{"mqtts://h/{missing}", "mqtts://h:8883", "unknown", ""},
		{"kafka://h/rtev", "kafka://h:9092", "rtev", "id-1"},
		{"kafka://h/rtev-{place}?key={class}/{place}", "kafka://h:9092", "rtev---.---x", "Person/東門.*>#x"},
		{"kafkas://user:secret@h/rtev", "kafkas://h:9092", "rtev", "id-1"},
	} {
		a, err := ParseAddress(tc.url)
		if err != nil {
			t.Errorf("%s: %v", tc.url, err)
			continue
		}
		payload := `{"$id":"event-intrusion","instance_id":"id-1","area_name":"東門.*>#x","object_class":"Person"}`
		e, err := event.New("event-intrusion", []byte(payload), &event.Instance{ID: "id-1", Name: "North Gate.1"})
		check(t, err)
		subject, key := texts(a, e)
		if a.String() != tc.shown || subject != tc.subject || key != tc.key {
			t.Errorf("%s: %s, %q, %q; want %s, %q, %q", tc.url, a, subject, key, tc.shown, tc.subject, tc.key)
		}
	}
}

// texts returns the subject and the key of an event.
func texts(a Address, e *event.Event) (subject, key string) {
	if a.key != nil {
		key = string(a.key.Append(nil, e, appendKey))
	}
	return string(a.subject.Append(nil, e, a.appendValue)), key
}

func TestAddressMistakes(t *testing.T) {
	for url, want := range map[string]string{
		"nats://h":                   "not a broker's URL",
		"nats:///x":                  "not a broker's URL",
		"amqp://h/x":                 "not a broker's URL",
		"h:4222":                     "not a broker's URL",
		"://":                        "not a broker's URL",
		"nats://h/a.*":               "wildcards",
		"nats://h/a.>":               "wildcards",
		"nats://h/a b":               "wildcards",
		"mqtt://h/a/%23":             "wildcards",
		"mqtt://h/+/a":               "wildcards",
		"nats://h/a.{type":           "no } for this {",
		"nats://h/a.{}":              "a path is missing",
		"nats://h/a?key=x":           `unknown option "key"`,
		"kafka://h/a?cred=@x":        `unknown option "cred"`,
		"nats://h/a?creds=@/missing": "creds: open /missing",
		"nats://me:secret@h:x/a":     "not a broker's URL",
		"nats://me:secret@h:99999/a": "port 99999 is not between 1 and 65535",
	} {
		_, err := ParseAddress(url)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v; want %q", url, err, want)
		}
	}
}

func TestCredentialsComeFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "creds")
	check(t, os.WriteFile(file, []byte("me:se:cret\n"), 0o600))
	a, err := ParseAddress("mqtt://h/x?creds=@" + file)
	check(t, err)
	if password, _ := a.server.User.Password(); a.server.User.Username() != "me" || password != "se:cret" {
		t.Error(a.server)
	}
}

func FuzzSubject(f *testing.F) {
	for _, seed := range []string{"東門.*>#+/ \x00\xff", "", "$SYS", "a b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, place string) {
		e, err := event.New("track", append(jsonraw.AppendQuoted([]byte(`{"area_name":`), place), '}'), nil)
		check(t, err)
		for kind := range schemes {
			a, err := ParseAddress(kind + "://h/{area_name}")
			check(t, err)
			subject, _ := texts(a, e)
			if subject == "" || len(subject) > 80 || strings.ContainsAny(subject, a.wildcards+"\x00\uFFFD") {
				t.Errorf("%s: %q becomes %q", kind, place, subject)
			}
		}
	})
}
