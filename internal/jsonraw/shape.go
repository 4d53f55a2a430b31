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
	fixed   [][]byte // the text before each scalar, and after the last one
	ends    []int    // where each scalar ends in the object that the shape was learned from
	members []shapeMember
	moved   []uint32 // for each scalar, how far its end is from there in the current object
}

// shapeMember is a member, with the number of scalars that end before its name
// and before the end of its value.
type shapeMember struct {
	member
	before, within int32
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
			known.index(p, x)
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
	i := 0
	for n, end := range s.ends {
		text := s.fixed[n]
		value := i + len(text)
		if value >= len(p) || string(p[i:value]) != string(text) {
			return false
		}
		switch c := p[value]; { // the most common first: that saves a call
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
		s.moved[n+1] = uint32(i - end)
	}
	return string(p[i:]) == string(s.fixed[len(s.ends)])
}

// index makes x the index of p, which fits the shape.
func (s *shape) index(p []byte, x *Index) {
	x.data, x.partial, x.lineEnd = p, false, false
	x.members = slices.Grow(x.members[:0], len(s.members))[:len(s.members)]
	for i := range s.members {
		m, to := &s.members[i], &x.members[i]
		moved := s.moved[m.before]
		to.key, to.keyEnd, to.val = m.key+moved, m.keyEnd+moved, m.val+moved
		to.valEnd = m.valEnd + s.moved[m.within]
		to.escaped = m.escaped
	}
}

// learn remembers the shape of p in place of the one that has not fitted for
// longest. x is the index of p.
func (s *Scanner) learn(p []byte, x *Index) {
	fixed := len(p)
	for _, v := range s.check.scalars {
		fixed -= v.end - v.start
	}
	if x.partial || x.lineEnd || fixed > maxFixed || len(s.check.scalars) > maxScalars {
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
	s.fixed = slices.Grow(s.fixed[:0], len(scalars)+1)[:len(scalars)+1]
	s.ends = s.ends[:0]
	from := 0
	for n, v := range scalars {
		s.fixed[n] = append(s.fixed[n][:0], p[from:v.start]...)
		s.ends = append(s.ends, v.end)
		from = v.end
	}
	s.fixed[len(scalars)] = append(s.fixed[len(scalars)][:0], p[from:]...)
	s.moved = slices.Grow(s.moved[:0], len(scalars)+1)[:len(scalars)+1]
	s.members = slices.Grow(s.members[:0], len(members))
	n := 0
	scalarsBefore := func(place uint32) int32 {
		for n < len(scalars) && scalars[n].end <= int(place) {
			n++
		}
		return int32(n)
	}
	for _, m := range members {
		s.members = append(s.members, shapeMember{m, scalarsBefore(m.key), scalarsBefore(m.valEnd)})
	}
}
