package jsonraw

import (
	"encoding/binary"
	"slices"
)

// Bounds of what is remembered: how many shapes, and how large one may be.
const (
	maxShapes = 8
	maxHoles  = 128
	maxFixed  = 2 << 10 // bytes of fixed text
)

// To look for a shape in vain, and to learn one, costs as much as one that fits
// saves. Where that is in vain more often than not, restAfter times more in
// all, about restFor payloads are only scanned.
const (
	restAfter = 32
	restFor   = 1000
)

// shape is what the payloads of one kind have in common: all of their text but
// the strings, numbers and words in it, which are the holes. A payload that has
// the same fixed texts, and in each hole any one of these, is JSON for certain,
// and its members stand where those of the shape do, moved by as much as the
// holes differ in length. To compare takes a third of the time of a scan.
type shape struct {
	words   []uint64 // the fixed texts in front of the holes, each from a word of its own on
	holes   []hole
	tail    []byte // behind the last hole
	members []placed
}

// placed is a member, and how many holes are in front of its name and up to the
// end of its value.
type placed struct {
	member
	before, until int
}

// hole is a scalar and the fixed text in front of it.
type hole struct {
	size int    // of the fixed text in bytes
	full int    // whole words of it
	mask uint64 // which bytes of the word behind them are text
	end  int32  // where the scalar ended in the payload that the shape is of
}

// Scanner scans objects like Index.Scan, at a third of the cost for one that
// differs from a recent one only in its strings, numbers and words. The zero
// Scanner is ready. Not safe for concurrent use.
type Scanner struct {
	check checker
	known []*shape // the last that fitted comes first
	moved []int32
	vain  int // how much more often nothing fitted than something
	rest  int // payloads that are only scanned
}

// Scan checks that p is one JSON object and makes x its index.
func (s *Scanner) Scan(p []byte, x *Index) error {
	if s.rest > 0 {
		s.rest--
	}
	s.check.noting = s.rest == 0
	if !s.check.noting {
		return s.check.scan(p, x)
	}
	if s.find(p, x) {
		s.vain = max(0, s.vain-1)
		return nil
	}
	if s.vain++; s.vain > restAfter {
		s.vain, s.rest = 0, restFor
	}
	if err := s.check.scan(p, x); err != nil {
		return err
	}
	s.learn(p, x)
	return nil
}

// find looks for a shape that fits, and makes x its index.
func (s *Scanner) find(p []byte, x *Index) bool {
	for i, known := range s.known {
		if known.fits(p, x, s.moved[:len(known.holes)+1]) {
			if i > 0 {
				copy(s.known[1:i+1], s.known[:i])
				s.known[0] = known
			}
			return true
		}
	}
	return false
}

// fits tells whether p has that shape, and if it does makes x its index, with
// moved, which has a place for each hole and one more.
func (s *shape) fits(p []byte, x *Index, moved []int32) bool {
	i, w := 0, 0
	for n := range s.holes {
		h := &s.holes[n]
		value := i + h.size
		if value+8 > len(p) {
			return false
		}
		for range h.full {
			if word(p, i) != s.words[w] {
				return false
			}
			i, w = i+8, w+1
		}
		if (word(p, i)^s.words[w])&h.mask != 0 {
			return false
		}
		w++
		switch c := p[value]; {
		case c == '"':
			i, _ = stringEnd(p, value+1)
		case c-'0' < 10:
			i = numberEnd(p, value)
		default:
			i = scalarEnd(p, value)
		}
		if i < 0 {
			return false
		}
		moved[n+1] = int32(i) - h.end
	}
	if string(p[i:]) != string(s.tail) {
		return false
	}
	s.index(p, x, moved)
	return true
}

// index makes x the index of p, whose holes end as far from those of the shape
// as moved says.
func (s *shape) index(p []byte, x *Index, moved []int32) {
	x.data, x.members, x.partial, x.lineEnd = p, x.members[:0], false, false
	for i := range s.members {
		m := &s.members[i]
		before, until := uint32(moved[m.before]), uint32(moved[m.until])
		x.members = append(x.members, member{m.key + before, m.keyEnd + before, m.val + before, m.valEnd + until, m.escaped})
	}
}

// learn makes a shape of p, which x is the index of, in the place of the one
// that has not fitted for longest.
func (s *Scanner) learn(p []byte, x *Index) {
	fixed := len(p)
	for _, v := range s.check.scalars {
		fixed -= v.end - v.start
	}
	if x.partial || x.lineEnd || fixed > maxFixed || len(s.check.scalars) > maxHoles {
		return
	}
	if s.moved == nil {
		s.moved = make([]int32, maxHoles+1)
	}
	if len(s.known) < maxShapes {
		s.known = append(s.known, &shape{})
	}
	last := len(s.known) - 1
	oldest := s.known[last]
	copy(s.known[1:], s.known[:last])
	s.known[0] = oldest
	oldest.become(p, s.check.scalars, x.members)
}

func (s *shape) become(p []byte, scalars []span, members []member) {
	s.words, s.holes = s.words[:0], s.holes[:0]
	from := 0
	for _, v := range scalars {
		text := p[from:v.start]
		h := hole{size: len(text), full: len(text) / 8, end: int32(v.end)}
		for ; len(text) >= 8; text = text[8:] {
			s.words = append(s.words, binary.LittleEndian.Uint64(text))
		}
		var rest [8]byte
		copy(rest[:], text)
		h.mask = 1<<(8*len(text)) - 1
		s.words = append(s.words, binary.LittleEndian.Uint64(rest[:]))
		s.holes = append(s.holes, h)
		from = v.end
	}
	s.tail = append(s.tail[:0], p[from:]...)
	s.members = slices.Grow(s.members[:0], len(members))
	n := 0
	ending := func(at uint32) int { // how many scalars end at or before that place
		for n < len(scalars) && scalars[n].end <= int(at) {
			n++
		}
		return n
	}
	for _, m := range members {
		s.members = append(s.members, placed{m, ending(m.key), ending(m.valEnd)})
	}
}
