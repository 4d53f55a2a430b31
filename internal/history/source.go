package history

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
)

const (
	// pageRows is the limit that is sent, and the most rows in memory.
	pageRows = 500
	// pageBytes ends a page early; the next one starts with the row behind it.
	pageBytes = 8 << 20
)

// Source is the event.Source of what a server stored from Since until Until,
// oldest first. Set the fields before Run and do not change them then. A
// Source may run several times at once.
type Source struct {
	Client       Client
	Since, Until time.Time // both included
	// InstanceID selects one instance's rows; "" selects those of all
	// instances, which tracks do not support.
	InstanceID string
	// Locate returns the instance of a row, and nil for one whose rows are not
	// wanted.
	Locate func(id string) *event.Instance
	// Type, if not empty, is the one type that is wanted. The server is asked
	// which of its names that is, and then sends no others; what the sink gets
	// is still to be filtered.
	Type   string
	Tracks bool         // stored tracks instead of events
	Notify event.Notify // receives Skipped, and Warning where paging ended early
}

// Run puts the stored events. Its errors: an error of the sink, unchanged;
// ctx.Err(); the errors of the Client; and one for a response that cannot be
// read. A server without a database is a *rtapi.StatusError of 404.
func (s *Source) Run(ctx context.Context, to event.Sink) error {
	p := &pager{Source: s, ctx: ctx, to: to, seed: maphash.MakeSeed(), ties: map[uint64]int{}}
	p.request = request{TimeRange: between(s.Since, s.Until), Limit: pageRows, OrderBy: "system_timestamp asc"}
	p.path = eventsPath
	if s.Tracks {
		p.path = tracksPath
		p.request.InstanceID = s.InstanceID
	} else if s.InstanceID != "" {
		p.request.Filters = map[string]string{"instance_id": s.InstanceID}
	}
	if s.Type != "" && !s.Tracks && !p.selectType() {
		return ctx.Err()
	}
	return p.run()
}

// selectType adds a filter for the server's own name of Type. A server that
// does not tell its names sends all types. It returns false if the server
// stored none of that type.
func (p *pager) selectType() bool {
	names, err := storedNames(p.ctx, p.Client, p.Since, p.Until)
	if err != nil {
		return true // the query of the events reports what is wrong
	}
	for _, name := range names {
		if name == p.Type || plain(name) == plain(p.Type) {
			if p.request.Filters == nil {
				p.request.Filters = map[string]string{}
			}
			p.request.Filters["event_type"] = name
			return true
		}
	}
	has := "it has none at all"
	if len(names) > 0 {
		has = "it has " + strings.Join(names, ", ")
	}
	p.Notify.Tell(event.Notice{Kind: event.Info, Text: fmt.Sprintf("the server stored no %s in this time; %s", p.Type, has)})
	return false
}

// pager is one Run of a Source.
type pager struct {
	*Source
	ctx     context.Context
	to      event.Sink
	path    string
	request request
	maker   event.Maker
	seed    maphash.Seed

	page   []row
	memory []byte // of the rows

	last time.Time      // of the newest row that was put
	ties map[uint64]int // rows of that time that were put, by their hash
	prev []uint64       // sorted hashes of the page before
}

// row is one row of a page.
type row struct {
	from, to int // in memory
	at       time.Time
	hash     uint64
}

func (p *pager) run() error {
	if err := p.fetch(0, pageRows); err != nil {
		return err
	}
	if p.descending() {
		return p.backwards()
	}
	offset, overlap := 0, 0
	for len(p.page) > 0 {
		fresh, err := p.put()
		if err != nil {
			return err
		}
		if fresh == 0 {
			if len(p.page) > overlap {
				p.warn(offset)
			}
			return nil
		}
		// Rows of equal time have no known order, so the next page starts with
		// the first row of the last time again: none can slip between two pages.
		overlap = p.tail()
		offset += len(p.page) - overlap
		if err := p.fetch(offset, pageRows); err != nil {
			return err
		}
	}
	return nil
}

// warn reports a server that sends the same rows again and again.
func (p *pager) warn(offset int) {
	p.Notify.Tell(event.Notice{Kind: event.Warning, Text: fmt.Sprintf(
		"the database sent the same rows again at offset %d; stopped there, events may be missing", offset)})
}

// tail returns how many rows at the end of the page have the last time; none
// if that is all of them, since paging must go on.
func (p *pager) tail() (n int) {
	for n < len(p.page) && p.page[len(p.page)-1-n].at.Equal(p.last) {
		n++
	}
	if n == len(p.page) {
		return 0
	}
	return n
}

// fetch reads one page and sorts it by time. Rows without a time keep their
// place behind the row before.
func (p *pager) fetch(offset, limit int) error {
	p.prev = p.prev[:0]
	for _, r := range p.page {
		p.prev = append(p.prev, r.hash)
	}
	slices.Sort(p.prev)
	p.page, p.memory = p.page[:0], p.memory[:0]
	p.request.Offset, p.request.Limit = offset, limit
	err := query(p.ctx, p.Client, p.path, p.request, func(raw []byte) (bool, error) {
		start := len(p.memory)
		p.memory = append(p.memory, raw...)
		r := row{from: start, to: len(p.memory), hash: maphash.Bytes(p.seed, raw)}
		if e, err := p.event(r); err == nil {
			r.at, _ = e.Time()
		}
		if n := len(p.page); r.at.IsZero() && n > 0 {
			r.at = p.page[n-1].at
		}
		p.page = append(p.page, r)
		return len(p.page) < limit && len(p.memory) < pageBytes, nil
	})
	return err
}

// event makes the event of a row. It is valid until the next call.
func (p *pager) event(r row) (*event.Event, error) {
	raw := p.memory[r.from:r.to]
	typ := "track"
	if !p.Tracks {
		typ = typeOf(textOf(raw, "event_type"))
	}
	id := textOf(raw, "instance_id")
	if id == "" {
		id = p.InstanceID
	}
	e, err := p.maker.New(typ, raw, p.Locate(id))
	if err != nil {
		return nil, err
	}
	e.Stored = true
	return e, nil
}

// descending reports whether the server sends the newest rows first, whatever
// was asked.
func (p *pager) descending() bool {
	return len(p.page) > 1 && p.page[0].at.After(p.page[len(p.page)-1].at)
}

// put puts the rows of the page that were not put before, in the order of
// their time, and returns how many were new.
func (p *pager) put() (fresh int, err error) {
	slices.SortStableFunc(p.page, func(a, b row) int { return a.at.Compare(b.at) })
	border, before := p.last, p.ties
	p.ties = map[uint64]int{}
	for _, r := range p.page {
		if _, again := slices.BinarySearch(p.prev, r.hash); again && r.at.Before(border) {
			continue
		}
		if r.at.Equal(border) && before[r.hash] > 0 {
			before[r.hash]--
			p.ties[r.hash]++
			continue
		}
		fresh++
		if err := p.one(r); err != nil {
			return fresh, err
		}
		if r.at.After(p.last) {
			p.last = r.at
			clear(p.ties)
		}
		p.ties[r.hash]++
	}
	if p.last.Equal(border) {
		for hash, n := range before { // a tie that goes on
			p.ties[hash] += n
		}
	}
	if len(p.ties) > 4*pageRows { // rows without a time, or a broken clock: what is remembered stays bounded
		clear(p.ties)
	}
	return fresh, p.to.Flush()
}

// one puts a row if it belongs to the range and to an instance that is wanted.
func (p *pager) one(r row) error {
	e, err := p.event(r)
	if err != nil {
		p.Notify.Tell(event.Notice{Kind: event.Skipped, Text: "a row of the database is not a JSON object"})
		return nil
	}
	at, known := e.Time()
	outside := known && (at.Before(p.Since.Truncate(time.Second)) || at.After(p.Until)) // rows may have whole seconds
	if outside || e.Instance == nil {
		return nil
	}
	return p.to.Put(e)
}

// backwards reads a server that sends the newest rows first: it walks to the
// end, remembers where each page begins, and puts the pages from the last on.
func (p *pager) backwards() error {
	var starts []int
	offset := 0
	for len(p.page) > 0 {
		if slices.ContainsFunc(p.page, func(r row) bool { return !p.known(r) }) {
			starts = append(starts, offset)
		} else {
			p.warn(offset)
			break
		}
		offset += len(p.page)
		if err := p.fetch(offset, pageRows); err != nil {
			return err
		}
	}
	starts = append(starts, offset)
	for i := len(starts) - 2; i >= 0; i-- {
		if err := p.fetch(starts[i], starts[i+1]-starts[i]); err != nil {
			return err
		}
		slices.Reverse(p.page)
		if _, err := p.put(); err != nil {
			return err
		}
	}
	return nil
}

// known reports whether the page before had the same row.
func (p *pager) known(r row) bool {
	_, ok := slices.BinarySearch(p.prev, r.hash)
	return ok
}
