package jsonraw

import (
	"bytes"
	"math/bits"

	"github.com/segmentio/asm/ascii"
)

// scalarEnd returns the place behind the string, number or word at i, or -1.
func scalarEnd(p []byte, i int) int {
	switch c := p[i]; {
	case c == '"':
		i, _ = stringEnd(p, i+1)
		return i
	case c == '-' || c-'0' < 10:
		return numberEnd(p, i)
	case c == 't':
		return literalEnd(p, i, "true")
	case c == 'f':
		return literalEnd(p, i, "false")
	case c == 'n':
		return literalEnd(p, i, "null")
	}
	return -1
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// Strings of more than long bytes are looked at in blocks.
const (
	long  = 128
	block = 1 << 10
)

// stringStop returns the first place from i on that holds a quote, a control
// character, or a backslash before anything but a quote; else len(p). escaped
// tells whether it went over quotes with a backslash: of the escapes they are
// by far the most. It looks at eight bytes at a time, and goes over the plain
// blocks of a picture faster.
func stringStop(p []byte, i int) (stop int, escaped bool) {
	for blocks := i + long; i+8 <= len(p); {
		hit := stops(word(p, i))
		if hit == 0 {
			if i += 8; i >= blocks {
				i, blocks = skipPlain(p, i), len(p)
			}
			continue
		}
		if i += bits.TrailingZeros64(hit) >> 3; p[i] != '\\' || i+1 == len(p) || p[i+1] != '"' {
			return i, escaped
		}
		i, escaped = i+2, true
		blocks = i + long
	}
	for ; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\' && i+1 < len(p) && p[i+1] == '"':
			i, escaped = i+1, true
		case c < ' ' || c == '"' || c == '\\':
			return i, escaped
		}
	}
	return i, escaped
}

// stops has the high bit of each byte of w set that is a quote, a backslash
// or a control character, and perhaps of bytes behind the first such one. With
// 2 flipped a quote is 0x20, below 0x21 like the control characters, and a
// blank is not.
func stops(w uint64) uint64 {
	x, b := w^ones*2, w^ones*'\\'
	return ((x-ones*0x21)&^x | (b-ones)&^b) & highs
}

// skipPlain goes from i over blocks that hold nothing for stringStop, and
// leaves at least eight bytes.
func skipPlain(p []byte, i int) int {
	for i+block+8 <= len(p) && plain(p[i:i+block]) {
		i += block
	}
	return i
}

// plain tells that a block is nothing but printable ASCII without a quote and
// a backslash, as pictures are. Where there are vector instructions each of the
// three uses them.
func plain(b []byte) bool {
	return ascii.ValidPrint(b) && bytes.IndexByte(b, '"') < 0 && bytes.IndexByte(b, '\\') < 0
}

// stringEnd returns the place behind the closing quote of the string whose
// text starts at i, or -1, and whether there is a backslash in it.
func stringEnd(p []byte, i int) (end int, escaped bool) {
	i, escaped = stringStop(p, i)
	for i < len(p) && p[i] != '"' {
		if p[i] != '\\' {
			return -1, escaped
		}
		if i = escapeEnd(p, i+1); i < 0 {
			return -1, true
		}
		i, _ = stringStop(p, i)
		escaped = true
	}
	if i >= len(p) {
		return -1, escaped
	}
	return i + 1, escaped
}

// escapeEnd returns the place behind the escape whose backslash stands before i.
func escapeEnd(p []byte, i int) int {
	if i >= len(p) {
		return -1
	}
	switch p[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		if i+5 <= len(p) && hex4(p[i+1:]) >= 0 {
			return i + 5
		}
	}
	return -1
}

// numberEnd returns the place behind the number at i (RFC 8259 section 6).
func numberEnd(p []byte, i int) int {
	if p[i] == '-' {
		i++
	}
	first := i
	if i = digits(p, i); i == first || (p[first] == '0' && i > first+1) {
		return -1
	}
	if i < len(p) && p[i] == '.' {
		start := i + 1
		if i = digits(p, start); i == start {
			return -1
		}
	}
	if i < len(p) && p[i]|0x20 == 'e' {
		return exponentEnd(p, i+1)
	}
	return i
}

func exponentEnd(p []byte, i int) int {
	if i < len(p) && (p[i] == '+' || p[i] == '-') {
		i++
	}
	end := digits(p, i)
	if end == i {
		return -1
	}
	return end
}

// digits returns the first place from i on that holds no digit. It looks at
// eight at a time: how many there are cannot be foretold, and a loop's wrong
// guess costs as much as four of its rounds.
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

func literalEnd(p []byte, i int, word string) int {
	if len(p)-i < len(word) || string(p[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}
