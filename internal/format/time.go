package format

import (
	"fmt"
	"time"
)

// TimeFormat is how text shows an event's time.
type TimeFormat int

// The time formats of --time.
const (
	Clock   TimeFormat = iota // 19:13:44.027
	RFC3339                   // 2026-06-19T19:13:44.027+02:00
	Delta                     // +0.013, seconds since the line before, of the same encoder
	Off
)

// ParseTimeFormat reads the value of --time.
func ParseTimeFormat(s string) (TimeFormat, error) {
	for i, name := range []string{"clock", "rfc3339", "delta", "off"} {
		if s == name {
			return TimeFormat(i), nil
		}
	}
	return 0, fmt.Errorf("time format %q is none of clock, rfc3339, delta, off", s)
}

// stamp writes times with milliseconds. It formats the seconds only when they
// change.
type stamp struct {
	date bool           // RFC 3339, not only the clock
	zone *time.Location // never nil

	second int64
	head   []byte // up to the milliseconds
	tail   []byte // after the milliseconds
}

func (s *stamp) append(dst []byte, ms int64) []byte {
	second, part := ms/1000, ms%1000
	if part < 0 {
		second, part = second-1, part+1000
	}
	if second != s.second || s.head == nil {
		s.second = second
		t, layout := time.Unix(second, 0).In(s.zone), time.TimeOnly
		if s.date {
			layout = "2006-01-02T15:04:05"
			s.tail = t.AppendFormat(s.tail[:0], "Z07:00")
		}
		s.head = t.AppendFormat(s.head[:0], layout)
	}
	dst = append(dst, s.head...)
	dst = append(dst, '.', byte('0'+part/100), byte('0'+part/10%10), byte('0'+part%10))
	return append(dst, s.tail...)
}
