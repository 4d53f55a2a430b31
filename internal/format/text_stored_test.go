package format

import (
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
)

func TestTextOfAStoredRow(t *testing.T) {
	const row = `{"id":7,"event_type":"Intrusion","trigger_name":"Loading dock","object_class":"Person",` +
		`"event_id":"6b42f3eb-71df","system_timestamp":"2026-06-19T17:13:44.024Z","extra":1}`
	for _, tc := range []struct {
		time TimeFormat
		want string
	}{
		{Clock, "17:13:44.024~ ! intrusion            Person  entered Loading dock  6b42f3eb\n"},
		{Off, "~ ! intrusion            Person  entered Loading dock  6b42f3eb\n"},
	} {
		e, err := event.New("event-intrusion", []byte(row), nil)
		if err != nil {
			t.Fatal(err)
		}
		e.Stored = true
		if got := string(NewText(TextOptions{Time: tc.time, Zone: time.UTC}).AppendEvent(nil, e)); got != tc.want {
			t.Errorf("got  %swant %s", got, tc.want)
		}
	}
}
