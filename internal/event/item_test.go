package event

import (
	"bytes"
	"testing"
)

var itemDocs = []string{
	`{"dataType":"track","jsonObject":"{\"$id\":\"track\",\"a\":[1,\"x\"]}"}`, `{"jsonObject":"{}","dataType":"crop"}`, `{"type":"a","object":"{\"b\":1}"}`,
	` { "object" : "{ }" ,` + "\n\t" + `"type" : "x" } `, `{"dataType":"track","object":"{}"}`, `{"type":"track","jsonObject":"{}"}`, `{"type":"a","type":"b"}`,
	`{"object":"{}","object":"{\"b\":1}"}`, `{"dataType":"a\"b","jsonObject":"{}"}`, `{"data\u0054ype":"a","jsonObject":"{}"}`, `{"dataType":"a","jsonObject":{}}`,
	`{"dataType":1,"jsonObject":"{}"}`, `{"dataType":"a","jsonObject":"{}","n":1}`, `{"dataType":"a"}`, `{"jsonObject":"{}"}`, `{"dataType":"a","jsonObject":"{}"`,
	`{"dataType":"a","jsonObject":"{}"}}`, `{"dataType":"a","jsonObject":"{}"},`, `{"dataType":"a";"jsonObject":"{}"}`, `["dataType":"a","jsonObject":"{}"}`,
	`{"dataType":"a","jsonObject":"\u007b\u0022x\u0022:\t\n\r\b\f\\\/1}"}`, `{"dataType":"a","jsonObject":"{\"x\":\"\ud83d\ude00\\\"\"}"}`,
	`{"dataType":"a","jsonObject":"` + "{\x01}" + `"}`, `{"dataType":"a","jsonObject":"{\x}"}`, `{"dataType":"a","jsonObject":"{\u00}"}`, `{"dataType":"a","jsonObject":"`,
	`{"dataType":"a","jsonObject":"\"`, `{"dataType":"a","jsonObject":"\`, `{"dataType":"","jsonObject":""}`, `{"dataType":"a","jsonObject":"12345678\"12345678\"\"\"1234567\"12345678"}`,
	"{\v\"dataType\":\"a\",\"jsonObject\":\"{}\"}", `{`, `{"`, `{"type`, `{"type"`, `{"type":`, `{"type":"`, ``,
}

// sameItem tells whether item, if it takes data, takes what a scan and unwrap
// take.
func sameItem(t *testing.T, data []byte) (taken bool) {
	t.Helper()
	var fast, slow Maker
	var typ, want []byte
	inner, ok := fast.item(&typ, data)
	if !ok {
		return false
	}
	if !slow.set(bytes.Clone(data)) {
		t.Fatalf("%q is taken and is no JSON", data)
	}
	if text, ok := slow.unwrap(&want); !ok || !bytes.Equal(text, inner) || !bytes.Equal(typ, want) {
		t.Fatalf("%q: %q %q, want %v %q %q", data, typ, inner, ok, want, text)
	}
	return true
}

func TestAnItemIsTakenAsAScanTakesIt(t *testing.T) {
	taken := 0
	for _, doc := range itemDocs {
		if sameItem(t, []byte(doc)) {
			taken++
		}
	}
	if taken != 8 {
		t.Errorf("%d of %d are taken", taken, len(itemDocs))
	}
}

func FuzzItem(f *testing.F) {
	for _, doc := range itemDocs {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, data []byte) { sameItem(t, data) })
}

func TestItemsAllocateNothing(t *testing.T) {
	m := Maker{Instance: &Instance{ID: "x"}}
	for _, doc := range []string{itemDocs[0], itemDocs[2], `{"dataType":"a","jsonObject":"{}","n":1}`} {
		data := []byte(doc)
		put := func() { m.object(nil, nil, data, m.ev.Received, nothing{}) }
		put()
		if n := testing.AllocsPerRun(100, put); n > 0 {
			t.Errorf("%s: %v allocations", doc, n)
		}
	}
}

type nothing struct{}

func (nothing) Put(*Event) error { return nil }
func (nothing) Flush() error     { return nil }
