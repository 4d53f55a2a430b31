package stats

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Numbers as people read them.

// countText is 1234567 as "1,234,567".
func countText(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// rateText is a number a second: "0.4", "12.5", "1,234".
func rateText(x float64) string {
	switch {
	case x == 0:
		return "0"
	case x < 99.95:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return countText(uint64(math.Round(x)))
}

// bytesText is a number of bytes: "17 B", "1.2 kB", "3.4 MB".
func bytesText(x float64) string {
	units := [...]string{"B", "kB", "MB", "GB", "TB"}
	i := 0
	for x >= 999.5 && i < len(units)-1 {
		x /= 1000
		i++
	}
	if i == 0 || x >= 99.5 {
		return fmt.Sprintf("%.0f %s", x, units[i])
	}
	return fmt.Sprintf("%.1f %s", x, units[i])
}

// delayText is a number of milliseconds: "0.4 ms", "38 ms", "1.24 s", "5.0 min".
func delayText(ms float64) string {
	switch a := math.Abs(ms); {
	case a < 9.95:
		return fmt.Sprintf("%.1f ms", ms)
	case a < 999.5:
		return fmt.Sprintf("%.0f ms", ms)
	case a < 9995:
		return fmt.Sprintf("%.2f s", ms/1000)
	case a < 119_950:
		return fmt.Sprintf("%.1f s", ms/1000)
	case a < 100*60_000:
		return fmt.Sprintf("%.1f min", ms/60_000)
	case a < 100*3600_000:
		return fmt.Sprintf("%.1f h", ms/3600_000)
	}
	return fmt.Sprintf("%.0f days", ms/86400_000)
}

// spanText is a number of seconds: "8.4 s", "2m05s", "3h12m", "2d03h".
func spanText(s float64) string {
	n := int64(s)
	switch {
	case s < 99.95:
		return fmt.Sprintf("%.1f s", s)
	case n < 3600:
		return fmt.Sprintf("%dm%02ds", n/60, n%60)
	case n < 86400:
		return fmt.Sprintf("%dh%02dm", n/3600, n/60%60)
	}
	return fmt.Sprintf("%dd%02dh", n/86400, n/3600%24)
}

// agoText is how long ago something was, at a moment.
func agoText(at, last time.Time) string {
	if last.IsZero() {
		return "-"
	}
	return spanText(max(0, at.Sub(last).Seconds()))
}

// plural is "1 gap", "2 gaps".
func plural(n uint64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return countText(n) + " " + more
}

// spark draws numbers as so many bars, which must divide theirs. The highest
// is a full one, nothing is a dot.
func spark(n []uint32, bars int) string {
	var sums []uint32
	var top uint32
	each := len(n) / bars
	for i := 0; i+each <= len(n); i += each {
		var sum uint32
		for _, x := range n[i : i+each] {
			sum += x
		}
		sums = append(sums, sum)
		top = max(top, sum)
	}
	line := make([]rune, 0, len(sums))
	for _, x := range sums {
		bar := '·'
		if x > 0 {
			bar = rune('▁' + (uint64(x)*7)/uint64(top))
		}
		line = append(line, bar)
	}
	return string(line)
}
