package crop

import "fmt"

// Summary counts what became of a run's crops.
type Summary struct {
	Saved   int64 // pictures written
	Bytes   int64 // of them
	Refused int64 // crops that held no picture
	Alone   int64 // crops whose event or track never came, saved or not
}

// String is the summary as a line.
func (s Summary) String() string {
	line := fmt.Sprintf("%d %s saved, %s", s.Saved, plural(s.Saved, "picture", "pictures"), size(s.Bytes))
	if s.Refused > 0 {
		line += fmt.Sprintf("; %d %s not a picture", s.Refused, plural(s.Refused, "was", "were"))
	}
	if s.Alone > 0 {
		line += fmt.Sprintf("; %d waited for an event that never came", s.Alone)
	}
	return line
}

func plural(n int64, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f KB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
