package crop

import (
	"math"
	"slices"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// shot is a crop on its way to a file.
type shot struct {
	ev           *event.Event // without its image
	event, track string       // what it refers to; "" for nothing
	picture      picture
	owned        bool          // no other picture will stand in its bytes
	due          time.Duration // when it waits no longer
	order        int           // how many events were put before it since the last Flush; below 0: it was put before that
}

// key is what --best keeps one picture of.
func (sh *shot) key() string {
	if sh.event != "" {
		return sh.event
	}
	return sh.track
}

func (sh *shot) size() int { return cap(sh.picture.data) + len(sh.ev.Payload) }

func (sh *shot) confidence() float64 {
	n, _ := event.Number(confidencePath.Of(sh.ev))
	return n
}

// shelf holds shots that wait, in the order in which they came, bounded by
// number and bytes.
type shelf struct {
	shots []*shot
	bytes int
	first time.Duration // when the first is due, or earlier
}

const (
	maxShots      = 1024
	maxShelfBytes = 32 << 20
)

// add puts a shot last, and hands the first ones to do where that is too much.
func (s *shelf) add(sh *shot, do func(*shot) error) error {
	if len(s.shots) == 0 {
		s.first = sh.due
	}
	s.shots = append(s.shots, sh)
	s.bytes += sh.size()
	s.first = min(s.first, sh.due)
	return s.bound(do)
}

// replace is add for a shot that takes another's place.
func (s *shelf) replace(old, sh *shot, do func(*shot) error) error {
	s.bytes += sh.size() - old.size()
	sh.order = old.order
	*old = *sh
	return s.bound(do)
}

func (s *shelf) bound(do func(*shot) error) error {
	for len(s.shots) > maxShots || s.bytes > maxShelfBytes {
		size := s.shots[0].size()
		if err := do(s.shots[0]); err != nil {
			return err
		}
		s.shots[0] = nil
		s.shots = s.shots[1:]
		s.bytes -= size
	}
	return nil
}

// take hands the shots that are picked to do, and lets go of each that do
// returns nil for. It stops at the first error.
func (s *shelf) take(pick func(*shot) bool, do func(*shot) error) error {
	for i := 0; i < len(s.shots); {
		sh := s.shots[i]
		if !pick(sh) {
			i++
			continue
		}
		size := sh.size()
		if err := do(sh); err != nil {
			return err
		}
		s.shots = slices.Delete(s.shots, i, i+1)
		s.bytes -= size
	}
	s.first = math.MaxInt64
	for _, sh := range s.shots {
		s.first = min(s.first, sh.due)
	}
	return nil
}

// takeDue is take for the shots that are due.
func (s *shelf) takeDue(now time.Duration, do func(*shot) error) error {
	if len(s.shots) == 0 || now < s.first {
		return nil
	}
	return s.take(func(sh *shot) bool { return sh.due <= now }, do)
}

// find returns the shot of that key, or nil.
func (s *shelf) find(key string) *shot {
	for _, sh := range s.shots {
		if sh.key() == key {
			return sh
		}
	}
	return nil
}

// settled is how many of the events put since the last Flush came before the
// first shot that still waits, at most n.
func (s *shelf) settled(n int) int {
	for _, sh := range s.shots {
		if sh.order >= 0 {
			n = min(n, sh.order)
		}
	}
	return n
}

// flushed notes that a Flush has returned nil.
func (s *shelf) flushed() {
	for _, sh := range s.shots {
		sh.order = -1
	}
}
