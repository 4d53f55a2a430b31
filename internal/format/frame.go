package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/rtev/rtev/internal/event"
)

// Frame is a picture's size in pixels, for boxes in pixels instead of the
// fractions that the server sends. Zero leaves fractions.
type Frame struct{ Width, Height int }

// ParseFrame reads "1920x1080".
func ParseFrame(s string) (Frame, error) {
	w, h, ok := strings.Cut(strings.ToLower(s), "x")
	width, err1 := strconv.ParseUint(w, 10, 16)
	height, err2 := strconv.ParseUint(h, 10, 16)
	if !ok || err1 != nil || err2 != nil || width == 0 || height == 0 {
		return Frame{}, fmt.Errorf("frame %q is not WIDTHxHEIGHT in pixels, such as 1920x1080", s)
	}
	return Frame{int(width), int(height)}, nil
}

// sides are the numbers of a location, in the order of the csv columns.
var sides = [...]string{"x", "y", "width", "height"}

// box is a location's numbers as sent; nil where missing.
type box [len(sides)][]byte

// boxOf reads a location.
func boxOf(raw []byte) (b box) {
	event.EachField(raw, func(name, value []byte) {
		if i := sideOf(name); i >= 0 && b[i] == nil {
			b[i] = value
		}
	})
	return b
}

func sideOf(name []byte) int {
	switch string(name) {
	case "x":
		return 0
	case "y":
		return 1
	case "width":
		return 2
	case "height":
		return 3
	}
	return -1
}

// pixels is a side of a box in pixels: x and width of the frame's width, y and
// height of its height.
func (f Frame) pixels(side int, fraction float64) (n int64, ok bool) {
	size := f.Width
	if side%2 == 1 {
		size = f.Height
	}
	px := math.Round(fraction * float64(size))
	return int64(px), math.Abs(px) < 1<<53 // false for what is no number, too
}

// appendSide appends a side of a box in pixels where there is a frame and the
// value is a number; else as sent.
func (f Frame) appendSide(dst []byte, side int, raw []byte) []byte {
	if f.Width == 0 {
		return append(dst, raw...)
	}
	if n, ok := number(raw); ok {
		if px, ok := f.pixels(side, n); ok {
			return strconv.AppendInt(dst, px, 10)
		}
	}
	return append(dst, raw...)
}

// appendLocation appends a location with its numbers in pixels.
func (f Frame) appendLocation(dst, raw []byte) []byte {
	if len(raw) == 0 || raw[0] != '{' {
		return append(dst, raw...)
	}
	return f.rewrite(dst, raw, func(dst, name, value []byte) []byte {
		if i := sideOf(name); i >= 0 {
			return f.appendSide(dst, i, value)
		}
		return append(dst, value...)
	})
}

// appendTargets appends targets with each one's location in pixels.
func (f Frame) appendTargets(dst, raw []byte) []byte {
	if len(raw) == 0 || raw[0] != '[' {
		return append(dst, raw...)
	}
	dst = append(dst, '[')
	event.EachElement(raw, func(target []byte) {
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		if target[0] != '{' {
			dst = append(dst, target...)
			return
		}
		dst = f.rewrite(dst, target, func(dst, name, value []byte) []byte {
			if string(name) == "location" {
				return f.appendLocation(dst, value)
			}
			return append(dst, value...)
		})
	})
	return append(dst, ']')
}

// rewrite appends an object with the values that change returns.
func (f Frame) rewrite(dst, object []byte, change func(dst, name, value []byte) []byte) []byte {
	dst = append(dst, '{')
	event.EachField(object, func(name, value []byte) {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), name...), `":`...)
		dst = change(dst, name, value)
	})
	return append(dst, '}')
}
