package jsonraw

import "slices"

// Limits of the shapes that a Scanner remembers.
const (
	maxShapes  = 8
	maxScalars = 128     // in one shape
	maxFixed   = 2 << 10 // bytes of fixed text in one shape
)

// Looking for a shape without success, and learning one, costs as much as a shape
// that fits saves. After restAfter more failures than successes, the next restFor
// objects are only scanned.
const (
	restAfter = 32
	restFor   = 1000
)

// Scanner scans objects like Index.Scan, but at less than half the cost for one
// that differs from a recent one only in its strings, numbers and words. The zero
// Scanner is ready. Not safe for concurrent use.
type Scanner struct {
	check    checker
	shapes   []*shape // the one that fitted last comes first
	failures int      // how many more objects had no known shape than had one
	rest     int      // how many objects are only scanned
}

// shape is the text of an object without its scalars (strings, numbers and
// words). An object with the same text around any other scalars is valid, and its
// members are at the same places, moved by the differences in length.
type shape struct {
	text    []byte
	scalars []hole
	tail    []byte   // the text after the last scalar
	members []member // as in Index; names are in text
	moved   []uint32 // for each scalar, how far its end is from hole.end in the current object
}

// hole is the place of a scalar.
type hole struct {
	text []byte // the text before it, after the last scalar
	end  int    // end of the scalar in the object that the shape was learned from
	cut  uint32 // bytes of all scalars to here
}

// Scan checks that p is one JSON object and makes x its index. The errors are
// those of Index.Scan.
func (s *Scanner) Scan(p []byte, x *Index) error {
	s.rest = max(0, s.rest-1)
	s.check.noting = s.rest == 0
	if !s.check.noting {
		return s.check.scan(p, x)
	}
	for i, known := range s.shapes {
		if known.fits(p) {
			*x = Index{data: p, names: known.text, members: known.members, moved: known.moved}
			copy(s.shapes[1:i+1], s.shapes[:i])
			s.shapes[0] = known
			s.failures = max(0, s.failures-1)
			return nil
		}
	}
	if s.failures++; s.failures > restAfter {
		s.failures, s.rest = 0, restFor
	}
	if err := s.check.scan(p, x); err != nil {
		return err
	}
	s.learn(p, x)
	return nil
}

// fits reports whether p has this shape, and notes in moved how its scalars
// differ.
func (s *shape) fits(p []byte) bool {
	i, moved := 0, s.moved[1:]
	for n := range s.scalars {
		scalar := &s.scalars[n]
		value := i + len(scalar.text)
		if value >= len(p) || string(p[i:value]) != string(scalar.text) {
			return false
		}
		switch c := p[value]; { // the most common first: that saves a call
		case c == '"':
			if i, _ = stringStop(p, value+1); i < len(p) && p[i] == '"' {
				i++
			} else {
				i, _ = stringEnd(p, value+1)
			}
		case c-'0' < 10:
			i = numberEnd(p, value)
		default:
			i = scalarEnd(p, value)
		}
		if i < 0 {
			return false
		}
		moved[n] = uint32(i - scalar.end)
	}
	return string(p[i:]) == string(s.tail)
}

// learn remembers the shape of p in place of the one that has not fitted for
// longest. x is the index of p.
func (s *Scanner) learn(p []byte, x *Index) {
	fixed := len(p)
	for _, v := range s.check.scalars {
		fixed -= v.end - v.start
	}
	if x.walk || x.lineEnd || fixed > maxFixed || len(s.check.scalars) > maxScalars {
		return
	}
	if len(s.shapes) < maxShapes {
		s.shapes = append(s.shapes, &shape{})
	}
	last := len(s.shapes) - 1
	oldest := s.shapes[last]
	copy(s.shapes[1:], s.shapes[:last])
	s.shapes[0] = oldest
	oldest.set(p, s.check.scalars, x.members)
}

// set makes s the shape of p.
func (s *shape) set(p []byte, scalars []span, members []member) {
	s.text, s.scalars, s.members = slices.Grow(s.text[:0], maxFixed), s.scalars[:0], s.members[:0]
	from, cut := 0, 0
	addText := func(to int) []byte {
		start := len(s.text)
		s.text = append(s.text, p[from:to]...) // has the capacity, so earlier text stays
		return s.text[start:]
	}
	for _, v := range scalars {
		cut += v.end - v.start
		s.scalars = append(s.scalars, hole{addText(v.start), v.end, uint32(cut)})
		from = v.end
	}
	s.tail = addText(len(p))
	s.moved = slices.Grow(s.moved[:0], len(scalars)+1)[:len(scalars)+1]
	n := 0
	scalarsBefore := func(place uint32) uint32 {
		for n < len(scalars) && scalars[n].end <= int(place) {
			n++
		}
		return uint32(n)
	}
	for _, m := range members {
		if m.before = scalarsBefore(m.name); m.before > 0 {
			cut := s.scalars[m.before-1].cut
			m.name, m.nameEnd = m.name-cut, m.nameEnd-cut
		}
		m.within = scalarsBefore(m.valEnd)
		s.members = append(s.members, m)
	}
}
