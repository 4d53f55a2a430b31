package event

import "encoding/binary"

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
	members []member
	named   bool // of index
	placed  bool
}

// hole is a scalar and the fixed text in front of it.
type hole struct {
	size int    // of the fixed text in bytes
	full int    // whole words of it
	mask uint64 // which bytes of the word behind them are text
	end  int32  // where the scalar ended in the payload that the shape is of
}

// shapes remembers the shapes of the last payloads. Zero is ready.
type shapes struct {
	off   bool     // nothing is remembered
	known []*shape // the last that fitted comes first
	moved []int32
	vain  int // how much more often nothing fitted than something
	rest  int // payloads that are only scanned
}

// scan is index.scan, with what earlier payloads have shown.
func (s *shapes) scan(p []byte, x *index) error {
	if s.rest > 0 {
		s.rest--
	}
	x.noting = !s.off && s.rest == 0
	if !x.noting {
		return x.scan(p)
	}
	if s.find(p, x) {
		s.vain = max(0, s.vain-1)
		return nil
	}
	if s.vain++; s.vain > restAfter {
		s.vain, s.rest = 0, restFor
	}
	if err := x.scan(p); err != nil {
		return err
	}
	s.learn(p, x)
	return nil
}

// find looks for a shape that fits, and makes x its index.
func (s *shapes) find(p []byte, x *index) bool {
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
func (s *shape) fits(p []byte, x *index, moved []int32) bool {
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
	x.members, x.moved = s.members, moved
	x.named, x.placed, x.partial, x.lineEnd = s.named, s.placed, false, false
	return true
}

// learn makes a shape of p, which x is the index of, in the place of the one
// that has not fitted for longest.
func (s *shapes) learn(p []byte, x *index) {
	fixed := len(p)
	for _, v := range x.scalars {
		fixed -= v.end - v.start
	}
	if x.partial || x.lineEnd || fixed > maxFixed || len(x.scalars) > maxHoles {
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
	oldest.become(p, x)
}

func (s *shape) become(p []byte, x *index) {
	s.words, s.holes = s.words[:0], s.holes[:0]
	from := 0
	for _, v := range x.scalars {
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
	s.members, s.named, s.placed = append(s.members[:0], x.members...), x.named, x.placed
}
