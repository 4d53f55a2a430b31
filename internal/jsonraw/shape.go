package jsonraw

import "slices"

// Limits of the shapes that a Scanner remembers.
const (
	maxShapes  = 16
	maxScalars = 128      // in one shape
	maxSample  = 16 << 10 // bytes of the object that a shape is learned from
	maxSame    = 64       // bytes of a scalar that is always the same
)

// Scanner scans objects like Index.Scan, but in less than half the time if an object
// differs from a recent one only in its strings, numbers and words. The zero Scanner
// is ready to use. It is not safe for concurrent use.
type Scanner struct {
	check  checker
	shapes []*shape // the one that fitted last comes first
}

// shape is the text of an object without its scalars (strings, numbers and
// words). An object with the same text around any other scalars is valid, and its
// members are at the same places, moved by the differences in length.
//
// A scalar counts as text until an object has a different one there. In most
// events a quarter of the scalars never change.
type shape struct {
	sample  []byte // the object that the shape was learned from
	scalars []span // in sample
	varies  []bool // for each scalar; one that does not is text
	holes   []hole
	tail    []byte   // the text after the last hole
	members []member // as in Index
	moved   []uint32 // for each hole, how far its end is from hole.end in the current object
}

// hole is the place of a scalar that varies.
type hole struct {
	text []byte // the text before it, after the last hole
	end  int    // in sample
}

// Scan checks that p is one JSON object and indexes it in x. The error is that of
// Index.Scan. x is valid until the next Scan.
func (s *Scanner) Scan(p []byte, x *Index) error {
	for i, known := range s.shapes {
		if known.fits(p) {
			*x = Index{data: p, names: known.sample, members: known.members, moved: known.moved}
			s.toFront(i)
			return nil
		}
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
		if c := p[value]; c-'0' < 10 { // saves a call
			i = numberEnd(p, value)
		} else {
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
	scalars := s.check.scalars
	if x.walk || x.lineEnd || len(p) > maxSample || len(scalars) > maxScalars {
		return
	}
	i := slices.IndexFunc(s.shapes, func(known *shape) bool { return known.isLike(p, scalars) })
	if i < 0 {
		if len(s.shapes) < maxShapes {
			s.shapes = append(s.shapes, &shape{})
		}
		i = len(s.shapes) - 1
		s.shapes[i].varies = s.shapes[i].varies[:0]
	}
	s.toFront(i)
	s.shapes[0].set(p, scalars, x.members)
}

// toFront moves the shape at i to the front.
func (s *Scanner) toFront(i int) {
	first := s.shapes[i]
	copy(s.shapes[1:i+1], s.shapes[:i])
	s.shapes[0] = first
}

// isLike reports whether p differs from the sample in its scalars only.
func (s *shape) isLike(p []byte, scalars []span) bool {
	if len(scalars) != len(s.scalars) {
		return false
	}
	var last, was span
	for n, v := range scalars {
		is := s.scalars[n]
		if string(p[last.end:v.start]) != string(s.sample[was.end:is.start]) {
			return false
		}
		last, was = v, is
	}
	return string(p[last.end:]) == string(s.sample[was.end:])
}

// set makes s the shape of p, which is like the sample unless s is new.
func (s *shape) set(p []byte, scalars []span, members []member) {
	for n, v := range scalars {
		if n == len(s.varies) { // a new shape
			s.varies = append(s.varies, v.end-v.start > maxSame)
		} else if was := s.scalars[n]; string(s.sample[was.start:was.end]) != string(p[v.start:v.end]) {
			s.varies[n] = true
		}
	}
	s.sample = append(s.sample[:0], p...)
	s.scalars = append(s.scalars[:0], scalars...)
	s.members = append(s.members[:0], members...)
	s.holes = s.holes[:0]
	from := 0
	for n, v := range scalars {
		if s.varies[n] {
			s.holes = append(s.holes, hole{s.sample[from:v.start], v.end})
			from = v.end
		}
	}
	s.tail = s.sample[from:]
	s.moved = slices.Grow(s.moved[:0], len(s.holes)+1)[:len(s.holes)+1]
	holesBefore := func(place uint32) uint32 {
		n, _ := slices.BinarySearchFunc(s.holes, int(place)+1, func(h hole, end int) int { return h.end - end })
		return uint32(n)
	}
	for i := range s.members {
		m := &s.members[i]
		m.before = holesBefore(m.val)
		m.within = holesBefore(m.valEnd)
	}
}
