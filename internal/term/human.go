package term

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Integer is any type of whole numbers.
type Integer interface {
	~int | ~int32 | ~int64 | ~uint32 | ~uint64
}

// Number returns n with a comma between thousands: "1,204".
func Number[N Integer](n N) string { return string(appendGrouped(nil, fmt.Appendf(nil, "%d", n))) }

// Count returns n and a noun, in the plural unless n is 1: "1,204 events",
// "1 record". The plural of noun must be noun and an s.
func Count[N Integer](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + noun + "s"
}

// appendGrouped appends a decimal number, perhaps with a sign and a fraction,
// with a comma between thousands.
func appendGrouped(dst, number []byte) []byte {
	whole := bytes.IndexByte(number, '.')
	if whole < 0 {
		whole = len(number)
	}
	for i, c := range number {
		if i > 0 && i < whole && (whole-i)%3 == 0 && number[i-1] != '-' {
			dst = append(dst, ',')
		}
		dst = append(dst, c)
	}
	return dst
}

// Decimal returns what AppendDecimal appends.
func Decimal(x float64) string { return string(AppendDecimal(nil, x)) }

// AppendDecimal appends x with at most one decimal place: "25", "9.9",
// "1,234.5". Numbers of 1e15 and more have an exponent.
func AppendDecimal(dst []byte, x float64) []byte {
	x = math.Round(x*10)/10 + 0 // +0 turns -0 into 0
	if !(math.Abs(x) < 1e15) {
		return strconv.AppendFloat(dst, x, 'g', 3, 64)
	}
	var number [24]byte
	return appendGrouped(dst, strconv.AppendFloat(number[:0], x, 'f', -1, 64))
}

// Size returns what AppendSize appends.
func Size[N Integer](n N) string { return string(AppendSize(nil, float64(n))) }

// AppendSize appends a number of bytes in units of powers of 1000: "812 B",
// "34.1 kB", "345 kB", "1.2 MB".
func AppendSize(dst []byte, n float64) []byte {
	units := [...]string{" B", " kB", " MB", " GB", " TB"}
	unit := 0
	for ; n >= 999.5 && unit < len(units)-1; unit++ {
		n /= 1000
	}
	if unit > 0 && n < 99.95 {
		return append(strconv.AppendFloat(dst, n, 'f', 1, 64), units[unit]...)
	}
	return append(AppendDecimal(dst, math.Round(n)), units[unit]...)
}

// Duration returns what AppendMillis appends for d.
func Duration(d time.Duration) string { return Millis(float64(d) / float64(time.Millisecond)) }

// Millis returns what AppendMillis appends.
func Millis(ms float64) string { return string(AppendMillis(nil, ms)) }

// AppendMillis appends a duration in milliseconds with two units at most:
// "0.4 ms", "840 ms", "12.4 s", "3 min", "2 h 5 min", "4 d 7 h".
func AppendMillis(dst []byte, ms float64) []byte {
	const minute, hour, day = 60_000, 60 * 60_000, 24 * 60 * 60_000
	if ms < 0 {
		dst, ms = append(dst, '-'), -ms
	}
	switch {
	case ms < 9.95:
		return append(AppendDecimal(dst, ms), " ms"...)
	case ms < 999.5:
		return append(strconv.AppendFloat(dst, ms, 'f', 0, 64), " ms"...)
	case ms < minute-50:
		return append(strconv.AppendFloat(dst, ms/1000, 'f', 1, 64), " s"...)
	case ms < hour-500:
		return appendUnits(dst, int64(ms+500)/1000, 60, " min", " s")
	case ms < day-minute/2:
		return appendUnits(dst, int64(ms+minute/2)/minute, 60, " h", " min")
	case ms < 1e15:
		return appendUnits(dst, int64(ms+hour/2)/hour, 24, " d", " h")
	}
	return append(strconv.AppendFloat(dst, ms/day, 'g', 3, 64), " d"...)
}

// appendUnits appends n small units, of which per make a large one.
func appendUnits(dst []byte, n, per int64, large, small string) []byte {
	dst = append(AppendDecimal(dst, float64(n/per)), large...)
	if n%per == 0 {
		return dst
	}
	return append(strconv.AppendInt(append(dst, ' '), n%per, 10), small...)
}
