package jsonraw

import "slices"

// Limits of the shapes that a Scanner remembers.
const (
	maxShapes  = 8
	maxScalars = 128     // in one shape
	maxFixed   = 2 << 10 // bytes of one shape without its scalars
	maxSame    = 64      // bytes of a scalar that is always the same
)

// An unsuccessful search for a shape, with learning a new one, costs as much as a
// successful one saves. After restAfter more failures than successes, the next
// restFor objects are only scanned.
const (
	restAfter = 32
	restFor   = 1000
)

// Scanner scans objects like Index.Scan, but in less than half the time if an object
// differs from a recent one only in its strings, numbers and words. The zero Scanner
// is ready to use. It is not safe for concurrent use.
type Scanner struct {
	check    checker
	bare     []byte   // scratch
	shapes   []*shape // the one that fitted last comes first
	failures int      // how many more objects had no known shape than had one
	rest     int      // how many objects are only scanned
}

// shape is the text of an object without its scalars (strings, numbers and
// words). An object with the same text around any other scalars is valid, and its
// members are at the same places, moved by the differences in length.
//
// A scalar counts as fixed text until an object has a different one there. In most
// events a quarter of the scalars never change.
type shape struct {
	bare    []byte // the text without any scalars, each replaced by a NUL
	text    []byte // the text without those that vary
	fixed   []span // where each scalar is in text; empty if it varies
	holes   []hole
	tail    []byte   // the text after the last hole
	members []member // as in Index; names are in text
	moved   []uint32 // for each hole, how far its end is from hole.end in the current object
}

// hole is the place of a scalar that varies.
type hole struct {
	text []byte // the text before it, after the last hole
	end  int    // end of the scalar in the object that the shape was learned from
	cut  uint32 // bytes of all holes to here
}

// Scan checks that p is one JSON object and indexes it in x. The error is that of
// Index.Scan. x is valid until the next Scan.
func (s *Scanner) Scan(p []byte, x *Index) error {
	s.rest = max(0, s.rest-1)
	s.check.noting = s.rest == 0
	if !s.check.noting {
		return s.check.scan(p, x)
	}
	for i, known := range s.shapes {
		if known.fits(p) {
			*x = Index{data: p, names: known.text, members: known.members, moved: known.moved}
			s.toFront(i)
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
	for n := range s.holes {
		hole := &s.holes[n]
		value := i + len(hole.text)
		if value >= len(p) || string(p[i:value]) != string(hole.text) {
			return false
		}
		switch c := p[value]; { // the most common case first, which saves a call
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
		moved[n] = uint32(i - hole.end)
	}
	return string(p[i:]) == string(s.tail)
}

// learn adds the shape of p, in place of the least recently used one, or adapts the
// shape that p differs from in scalars only. x is the index of p.
func (s *Scanner) learn(p []byte, x *Index) {
	fixed := len(p)
	for _, v := range s.check.scalars {
		fixed -= v.end - v.start
	}
	if x.walk || x.lineEnd || fixed > maxFixed || len(s.check.scalars) > maxScalars {
		return
	}
	s.bare = s.bare[:0]
	from := 0
	for _, v := range s.check.scalars {
		s.bare = append(append(s.bare, p[from:v.start]...), 0)
		from = v.end
	}
	s.bare = append(s.bare, p[from:]...)
	i := slices.IndexFunc(s.shapes, func(known *shape) bool { return string(known.bare) == string(s.bare) })
	isNew := i < 0
	if isNew {
		if len(s.shapes) < maxShapes {
			s.shapes = append(s.shapes, &shape{})
		}
		i = len(s.shapes) - 1
	}
	s.toFront(i)
	s.shapes[0].bare = append(s.shapes[0].bare[:0], s.bare...)
	s.shapes[0].set(p, s.check.scalars, x.members, isNew)
}

// toFront moves the shape at i to the front.
func (s *Scanner) toFront(i int) {
	first := s.shapes[i]
	copy(s.shapes[1:i+1], s.shapes[:i])
	s.shapes[0] = first
}

// set makes s the shape of p. Unless it is new, s had the same bare text.
func (s *shape) set(p []byte, scalars []span, members []member, isNew bool) {
	if isNew {
		s.fixed = slices.Grow(s.fixed[:0], len(scalars))[:len(scalars)]
	}
	size := len(s.bare)
	for n, v := range scalars {
		switch known := s.fixed[n]; {
		case isNew && v.end-v.start <= maxSame:
			s.fixed[n] = v
		case isNew || string(s.text[known.start:known.end]) != string(p[v.start:v.end]):
			s.fixed[n] = span{}
			continue
		}
		size += v.end - v.start
	}
	s.text, s.holes, s.members = slices.Grow(s.text[:0], size), s.holes[:0], s.members[:0]
	from, cut := 0, 0
	addText := func(to int) []byte {
		start := len(s.text)
		s.text = append(s.text, p[from:to]...) // within the capacity: earlier text stays
		return s.text[start:]
	}
	for n, v := range scalars {
		if s.fixed[n] != (span{}) {
			s.fixed[n] = span{v.start - cut, v.end - cut}
			continue
		}
		cut += v.end - v.start
		s.holes = append(s.holes, hole{addText(v.start), v.end, uint32(cut)})
		from = v.end
	}
	s.tail = addText(len(p))
	s.moved = slices.Grow(s.moved[:0], len(s.holes)+1)[:len(s.holes)+1]
	s.setMembers(members)
}

// setMembers moves members of the object that s was learned from to their
// places in s.
func (s *shape) setMembers(members []member) {
	n := 0
	holesBefore := func(place uint32) uint32 {
		for n < len(s.holes) && s.holes[n].end <= int(place) {
			n++
		}
		return uint32(n)
	}
	for _, m := range members {
		if m.before = holesBefore(m.name); m.before > 0 {
			cut := s.holes[m.before-1].cut
			m.name, m.nameEnd = m.name-cut, m.nameEnd-cut
		}
		m.within = holesBefore(m.valEnd)
		s.members = append(s.members, m)
	}
}
