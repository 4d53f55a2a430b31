package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/rtev/rtev/internal/jsonraw"
)

// Frame is a picture's size in pixels, for boxes in pixels instead of the
// fractions that the server sends. The zero Frame leaves fractions.
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

// box holds the numbers of a location as sent: x, y, width and height, as in
// the csv columns; nil if missing.
type box [4][]byte

// boxOf reads a location.
func boxOf(raw []byte) (b box) {
	for name, value := range jsonraw.Members(raw) {
		if i := sideOf(name); i >= 0 && b[i] == nil {
			b[i] = value
		}
	}
	return b
}

// sideOf returns the index in a box of a member of a location, or -1.
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

// pixelsOf returns a side of a box in pixels: x and width of the frame's width,
// y and height of its height. ok is false without a frame, and for values that
// are not numbers or no side.
func (f Frame) pixelsOf(side int, raw []byte) (px int64, ok bool) {
	if f.Width == 0 || side < 0 {
		return 0, false
	}
	size := f.Width
	if side%2 == 1 {
		size = f.Height
	}
	fraction, ok := jsonraw.Number(raw)
	n := math.Round(fraction * float64(size))
	return int64(n), ok && math.Abs(n) < 1<<53
}

// appendSide appends a member of a location, in pixels where that is possible.
func (f Frame) appendSide(dst, name, raw []byte) []byte {
	if px, ok := f.pixelsOf(sideOf(name), raw); ok {
		return strconv.AppendInt(dst, px, 10)
	}
	return append(dst, raw...)
}

// appendMember appends the value of a member, with the numbers of a location and
// of those of targets in pixels.
func (f Frame) appendMember(dst, name, raw []byte) []byte {
	switch {
	case f.Width == 0 || len(raw) == 0:
	case raw[0] == '{' && string(name) == "location":
		return rewrite(dst, raw, f.appendSide)
	case raw[0] == '[' && string(name) == "targets":
		dst = append(dst, '[')
		for target := range jsonraw.Elements(raw) {
			if dst[len(dst)-1] != '[' {
				dst = append(dst, ',')
			}
			if target[0] != '{' {
				dst = append(dst, target...)
				continue
			}
			dst = rewrite(dst, target, f.appendMember)
		}
		return append(dst, ']')
	}
	return append(dst, raw...)
}

// rewrite appends an object with the values that appendValue appends.
func rewrite(dst, object []byte, appendValue func(dst, name, raw []byte) []byte) []byte {
	dst = append(dst, '{')
	for name, raw := range jsonraw.Members(object) {
		dst = appendValue(appendName(dst, name), name, raw)
	}
	return append(dst, '}')
}

// appendName appends the name of an object's next member.
func appendName(dst, name []byte) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(append(append(dst, '"'), name...), `":`...)
}
