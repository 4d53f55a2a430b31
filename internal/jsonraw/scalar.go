package jsonraw

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/segmentio/asm/ascii"
)

// The functions of this file check the JSON at p[i:] and return the index after
// it, or -1 if it is invalid.

// scalarEnd checks a string, number or word.
func scalarEnd(p []byte, i int) int {
	switch c := p[i]; {
	case c == '"':
		return stringEnd(p, i+1)
	case c == '-' || c-'0' < 10:
		return numberEnd(p, i)
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(p[i:], []byte(word)) {
			return i + len(word)
		}
	}
	return -1
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080

	// The rest of a string after long bytes is searched in blocks.
	long  = 128
	block = 1 << 10
)

// stringStop returns the first index from i on of a quote, a control character,
// or a backslash before anything but a quote; else len(p). A quote after a
// backslash is by far the most common escape. It reads eight bytes at a time, and
// the text of a picture in blocks.
func stringStop(p []byte, i int) int {
	for blocks := i + long; i+8 <= len(p); {
		hit := stops(word(p, i))
		if hit == 0 {
			if i += 8; i >= blocks {
				i, blocks = skipPlain(p, i), len(p)
			}
			continue
		}
		if i += bits.TrailingZeros64(hit) >> 3; p[i] != '\\' || i+1 == len(p) || p[i+1] != '"' {
			return i
		}
		i += 2
		blocks = i + long
	}
	for ; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\' && i+1 < len(p) && p[i+1] == '"':
			i++
		case c < ' ' || c == '"' || c == '\\':
			return i
		}
	}
	return i
}

// word returns p[i:i+8] with the first byte lowest. The caller has checked the
// length: checking it again would cost a third of the time of a shape.
func word(p []byte, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(p)), i))[:])
}

// stops sets the high bit of each byte of w that is a quote, a backslash or a
// control character, and perhaps of bytes after the first such one. With bit 2
// flipped a quote is 0x20, below 0x21 like the control characters, and a space is
// not.
func stops(w uint64) uint64 {
	x, b := w^ones*2, w^ones*'\\'
	return ((x-ones*0x21)&^x | (b-ones)&^b) & highs
}

// skipPlain skips blocks of printable ASCII without quotes and backslashes, as
// base64 is, and leaves at least eight bytes. All three calls use vector
// instructions.
func skipPlain(p []byte, i int) int {
	for ; i+block+8 <= len(p); i += block {
		b := p[i : i+block]
		if !ascii.ValidPrint(b) || bytes.IndexByte(b, '"') >= 0 || bytes.IndexByte(b, '\\') >= 0 {
			break
		}
	}
	return i
}

// stringEnd checks a string after its opening quote.
func stringEnd(p []byte, i int) int {
	for i = stringStop(p, i); i < len(p) && p[i] == '\\'; i = stringStop(p, i) {
		if i = escapeEnd(p, i+1); i < 0 {
			return -1
		}
	}
	if i < len(p) && p[i] == '"' {
		return i + 1
	}
	return -1
}

// escapeEnd checks an escape after its backslash.
func escapeEnd(p []byte, i int) int {
	switch {
	case i >= len(p):
	case escaped[p[i]] != 0:
		return i + 1
	case p[i] == 'u' && hex4(p[i+1:]) >= 0:
		return i + 5
	}
	return -1
}

// numberEnd checks a number that starts with a digit or a minus.
func numberEnd(p []byte, i int) int {
	if p[i] == '-' {
		i++
	}
	if first := i; i < len(p) && p[i] == '0' { // as in coordinates, which are fractions of the frame
		i++
	} else if i = digits(p, i); i == first {
		return -1
	}
	if i < len(p) && p[i] == '.' {
		start := i + 1
		if i = digits(p, start); i == start {
			return -1
		}
	}
	if i == len(p) || p[i]|0x20 != 'e' {
		return i
	}
	i++
	if i < len(p) && (p[i] == '+' || p[i] == '-') {
		i++
	}
	if end := digits(p, i); end > i {
		return end
	}
	return -1
}

// digits skips digits. It reads eight at a time: a mispredicted branch at the end
// of a loop over single bytes costs as much as four of its rounds.
func digits(p []byte, i int) int {
	for ; i+8 <= len(p); i += 8 {
		w := word(p, i) ^ ones*'0'
		if other := ((w &^ highs) + ones*(0x80-10) | w) & highs; other != 0 {
			return i + bits.TrailingZeros64(other)>>3
		}
	}
	for i < len(p) && p[i]-'0' < 10 {
		i++
	}
	return i
}
