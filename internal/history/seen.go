package history

import (
	"hash/maphash"
	"sync"

	"github.com/rtev/rtev/internal/event"
)

// seen remembers which events were put, so that an event that comes live and
// from the database is put once. Safe for concurrent use.
type seen struct {
	mu    sync.Mutex
	hash  maphash.Hash
	from  map[uint64]origin
	order []uint64 // a ring: the oldest is forgotten
	next  int
}

// origin says where an event came from, as bits.
type origin uint8

const (
	live origin = 1 << iota
	stored
)

// maxSeen bounds the memory: about 40 bytes an event.
const maxSeen = 100_000

// again reports whether e was put before. Equal are events of one type and
// event_id, and rows of the database without an event_id that are the same text.
// A live event is compared with stored ones only: several may have one id, such
// as the updates of a dwell.
func (s *seen) again(e *event.Event, from origin) bool {
	id := e.Get("event_id").String()
	if id == "" && from == live {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hash.Reset()
	s.hash.WriteString(e.Type)
	s.hash.WriteByte(0)
	s.hash.WriteString(id)
	if id == "" {
		s.hash.Write(e.Payload)
	}
	key := s.hash.Sum64()
	before := s.from[key]
	if before == 0 {
		s.remember(key)
	}
	if from == live {
		s.from[key] = live // what follows is another event
		return before == stored
	}
	s.from[key] = before | stored
	return before != 0
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
