package history

import (
	"hash/maphash"
	"sync"

	"github.com/rtev/rtev/internal/event"
)

// seen remembers which events were put, by type and event_id, so that an event
// that comes live and from the database is put once. Safe for concurrent use.
type seen struct {
	mu    sync.Mutex
	seed  maphash.Seed
	from  map[uint64]origin
	order []uint64 // a ring: the oldest is forgotten
	next  int
}

// origin says where an event came from.
type origin uint8

const (
	live origin = 1 << iota
	stored
)

// maxSeen bounds the memory: 24 bytes an event.
const maxSeen = 100_000

func newSeen() *seen { return &seen{seed: maphash.MakeSeed(), from: map[uint64]origin{}} }

// again reports whether e was put before, from the other side for a live
// event: several live events may share one id, such as the updates of a dwell.
func (s *seen) again(e *event.Event, from origin) bool {
	id := e.Get("event_id").String()
	if id == "" {
		return false
	}
	var h maphash.Hash
	h.SetSeed(s.seed)
	h.WriteString(e.Type)
	h.WriteByte(0)
	h.WriteString(id)
	key := h.Sum64()
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.from[key]
	if !known {
		s.remember(key)
	}
	if from == live {
		s.from[key] = live // what follows is another event
		return before&stored != 0 && before&live == 0
	}
	s.from[key] = before | stored
	return known
}

func (s *seen) remember(key uint64) {
	if len(s.order) < maxSeen {
		s.order = append(s.order, key)
		return
	}
	delete(s.from, s.order[s.next])
	s.order[s.next] = key
	s.next = (s.next + 1) % maxSeen
}
