package format

import (
	"bytes"
	"fmt"
	"math"
	"slices"
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

// sides are the members of a location, in the order of the csv columns.
var sides = [...]string{"x", "y", "width", "height"}

// boxes reads locations with a Scanner, as those of most events are alike.
type boxes struct {
	scan  jsonraw.Scanner
	index jsonraw.Index
}

// of returns the sides of a location as sent; nil if missing.
func (b *boxes) of(location []byte) (box [len(sides)][]byte) {
	if len(location) > 0 && b.scan.Scan(location, &b.index) == nil {
		for i, name := range sides {
			box[i], _ = b.index.Get(name)
		}
	}
	return box
}

// pixels returns a side of a box in pixels: x and width of the frame's width, y
// and height of its height. ok is false for numbers that no box can have.
func (f Frame) pixels(side int, fraction float64) (px int64, ok bool) {
	size := f.Width
	if side%2 == 1 {
		size = f.Height
	}
	n := math.Round(fraction * float64(size))
	return int64(n), math.Abs(n) < 1<<53
}

// appendSide appends a member of a location, in pixels where that is possible.
func (f Frame) appendSide(dst, name, raw []byte) []byte {
	if side := slices.Index(sides[:], string(name)); side >= 0 {
		n, ok := jsonraw.Number(raw)
		if px, fits := f.pixels(side, n); ok && fits {
			return strconv.AppendInt(dst, px, 10)
		}
	}
	return append(dst, raw...)
}

// appendMember appends the value of a member or of location.x and the like, with
// the numbers of a location and of those of targets in pixels.
func (f Frame) appendMember(dst, name, raw []byte) []byte {
	side, isSide := bytes.CutPrefix(name, []byte("location."))
	switch {
	case f.Width == 0 || len(raw) == 0:
	case isSide:
		return f.appendSide(dst, side, raw)
	case raw[0] == '{' && string(name) == "location":
		return rewrite(dst, raw, f.appendSide)
	case raw[0] == '[' && string(name) == "targets":
		dst = append(dst, '[')
		for target := range jsonraw.Elements(raw) {
			if dst[len(dst)-1] != '[' {
				dst = append(dst, ',')
			}
			if target[0] == '{' {
				dst = rewrite(dst, target, f.appendMember)
			} else {
				dst = append(dst, target...)
			}
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
