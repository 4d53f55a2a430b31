package history

import (
	"hash/maphash"
	"sync"

	"github.com/rtev/rtev/internal/event"
)

// seen remembers which events were put, so that an event that is both live and
// stored is put once. It is safe for concurrent use.
type seen struct {
	mu    sync.Mutex
	hash  maphash.Hash
	from  map[uint64]origin
	order []uint64 // a ring buffer of the keys; the oldest is replaced
	next  int
}

// origin says where an event came from, as bits.
type origin uint8

const (
	live origin = 1 << iota
	stored
)

// maxSeen bounds the memory, which is about 40 bytes per event.
const maxSeen = 100_000

// again reports whether e was put before, and remembers it. Events are the same
// if type and event_id are equal; rows of the database without an event_id are
// the same if their text is. A live event is compared with stored ones only,
// because several live events may share an id, such as the updates of a dwell.
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
		s.from[key] = live // a later live event with this id is another one
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
