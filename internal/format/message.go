package format

import (
	"strings"
	"time"

	"github.com/rtev/rtev/internal/term"
)

// AppendMessage appends a message between the lines of events: its time as a
// column like theirs, and the text, made safe. Text that is wider than the
// terminal continues in more lines, below its start. With Delta the column stays
// empty, because it shows the server's time between two events.
func (t *Text) AppendMessage(dst []byte, at time.Time, style term.Style, text string) []byte {
	t.StartBatch()
	t.line = term.NewLine(dst, term.NoLimit)
	if t.o.Time != Off {
		t.part = t.part[:0]
		if t.o.Time != Delta {
			t.part = t.stamp.append(t.part, at.UnixMilli())
		}
		t.putTimeColumn(false)
	}
	start := t.line.Col
	for i, word := range strings.Split(text, " ") {
		if i > 0 && t.line.Col+1+term.Width(word) > t.layout.width {
			t.line = term.NewLine(append(t.line.Bytes(), '\n'), term.NoLimit)
			t.line.Pad(start + 2)
		} else if i > 0 {
			put(t, style, " ")
		}
		put(t, style, word)
	}
	dst = append(t.line.Bytes(), '\n')
	t.line = term.Line{}
	return dst
}

// IsAlarm reports whether text marks events of a type as an alarm.
func IsAlarm(typ string) bool { return kindOf(typ).level == alarm }
