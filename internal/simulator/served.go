package simulator

import (
	"hash/fnv"
	"slices"
)

// Served tells how many events of an instance were delivered, over all its
// streams and polling answers: those whose last byte was handed to the
// connection. With Options.Record it also has the Hash of each payload, in the
// order of delivery. Records that a fault adds are not among them.
func (s *Server) Served(id string) (count int, hashes []uint64) {
	s.mu.Lock()
	c := s.camera(id)
	s.mu.Unlock()
	if c == nil {
		return 0, nil
	}
	c.tally.mu.Lock()
	defer c.tally.mu.Unlock()
	return c.tally.count, slices.Clone(c.tally.hashes)
}

// Hash is the number by which Served knows a payload: FNV-1a, 64 bits.
func Hash(payload []byte) uint64 {
	h := fnv.New64a()
	h.Write(payload)
	return h.Sum64()
}

// served notes a delivered event.
func (a *answer) served(payload []byte) {
	if a.server.opts.Record {
		a.camera.tally.add(1, Hash(payload))
		return
	}
	a.camera.tally.add(1)
}
