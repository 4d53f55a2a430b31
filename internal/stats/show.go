package stats

import (
	"cmp"
	"slices"
)

// show is the tally as told to the outside. It adds its delays to those of all.
func (t *tally) show(over stretch, all *dist) Instance {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := over.to
	in := Instance{
		ID: t.id, Name: t.name, Server: t.server, order: t.order, State: t.link.state,
		Flow: t.flow(over), Groups: []Group{}, OpenEvents: []OpenEvent{}, Ended: []EndedType{}, last: minute(&t.rate, over),
	}
	if t.link.state != Recorded {
		in.StateFor = round((now - t.link.since).Seconds())
		in.quiet = t.quiet(now)
		if in.quiet >= t.arrivals.silentAfter() {
			in.Silent, in.SilentFor = true, round(in.quiet.Seconds())
		}
	}
	all.merge(&t.delay)
	in.Engine = t.engine.show()
	for name, g := range t.groups {
		if name == g.value {
			in.Groups = append(in.Groups, Group{Value: g.value, Count: t.c.count(g.events, g.bytes, &g.rate, g.span, over)})
		}
	}
	sortGroups(in.Groups)
	for _, p := range t.pairs {
		p.show(&in)
	}
	slices.SortFunc(in.OpenEvents, func(a, b OpenEvent) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Place, b.Place))
	})
	slices.SortFunc(in.Ended, func(a, b EndedType) int { return cmp.Compare(a.Type, b.Type) })
	return in
}

func (t *tally) flow(over stretch) Flow {
	return Flow{
		Count:       t.c.count(t.events, t.bytes, &t.rate, t.span, over),
		ByteRate:    over.per(t.bytes),
		ByteRateNow: rate(&t.volume, over, 5, t.bytes),
		Delay:       t.delay.show(delayBounds),
		Reconnects:  t.link.reconnects,
		Gap:         round((t.link.gap + t.link.currentGap(over.to)).Seconds()),
		LongestGap:  round(max(t.link.longest, t.link.currentGap(over.to)).Seconds()),
		IDJumps:     t.ids.jumps,
		IDsMissing:  t.ids.missing,
		Skipped:     t.lost.skipped,
		Oversize:    t.lost.oversize,
	}
}

func (c *Counter) count(events, bytes uint64, w *window[uint32], s span, over stretch) Count {
	n := Count{
		Events: events, Bytes: bytes, Rate: over.per(events),
		Now: rate(w, over, 5, events), Minute: rate(w, over, 60, events),
	}
	if s.known {
		n.Last = c.clock(s.last)
	}
	return n
}

func (e *engine) show() *Engine {
	if !e.told {
		return nil
	}
	return &Engine{
		FPS: round(e.fps), SourceFPS: round(e.sourceFPS), Latency: round(e.latencyMS), Queue: round(e.queue),
		Frames: round(e.frames.sum), Dropped: round(e.dropped.sum), DroppedSince: round(e.dropped.sum),
	}
}

// show adds what is open and what ended.
func (p *pair) show(in *Instance) {
	lost := p.lost
	for name, s := range p.spots {
		n := s.open
		if name == other {
			n, lost = n+lost, 0
		}
		if n > 0 {
			in.OpenEvents = append(in.OpenEvents, OpenEvent{p.typ, s.name, n})
		}
	}
	if lost > 0 {
		in.OpenEvents = append(in.OpenEvents, OpenEvent{p.typ, other, lost})
	}
	in.Open += uint64(len(p.open)) + p.lost
	if p.ended > 0 {
		in.Ended = append(in.Ended, EndedType{p.typ, p.ended, p.lasting.show(durationBounds)})
	}
}
