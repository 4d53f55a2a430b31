package crop

import (
	"fmt"

	"github.com/rtev/rtev/internal/term"
)

// Summary counts what became of a run's crops.
type Summary struct {
	Saved   int64 // pictures written
	Bytes   int64 // size of those
	Refused int64 // crops that held no whole picture
	Alone   int64 // crops whose event or track did not come, saved or not
}

// String returns the summary as one line.
func (s Summary) String() string {
	line := fmt.Sprintf("%s saved, %s", term.Count(s.Saved, "picture"), term.Size(s.Bytes))
	if s.Refused > 0 {
		line += fmt.Sprintf("; %s without a whole picture", term.Count(s.Refused, "crop"))
	}
	if s.Alone > 0 {
		line += fmt.Sprintf("; %s waited for an event that did not come", term.Count(s.Alone, "crop"))
	}
	return line
}
