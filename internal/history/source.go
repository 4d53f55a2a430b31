package history

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

const (
	// pageRows is the limit sent to the server and the most rows in memory.
	pageRows = 500
	// pageBytes ends a page early; the next one starts with the row after it.
	pageBytes = 2 << 20
)

// Source is the event.Source of the events that a server stored from Since until
// Until, oldest first. Set the fields before Run and do not change them
// afterwards. A Source may run several times at once.
type Source struct {
	Client       Client
	Since, Until time.Time // inclusive
	// InstanceID selects the rows of one instance; "" selects those of all
	// instances, which tracks do not support.
	InstanceID string
	// Locate returns the instance with an id, or nil to drop its rows.
	Locate func(id string) *event.Instance
	// Type, if not empty, is the only type to read. Run asks the server for its
	// name of this type and requests no others.
	Type   string
	Match  func(*event.Event) bool // reports whether to put an event; nil means all
	Tracks bool                    // stored tracks instead of events
	Notify event.Notify            // receives Info, Skipped and Oversize
}

// Run puts the stored events. It returns an error of the sink unchanged,
// ctx.Err(), a *NoDatabaseError, an error of the Client, or an error for
// responses that cannot be read or that repeat the same rows. An error after the
// first page says from which time on events are missing.
func (s *Source) Run(ctx context.Context, to event.Sink) error {
	p := &pager{Source: s, ctx: ctx, to: to, seed: maphash.MakeSeed(), names: map[string]string{}, prev: map[uint64]int{}}
	p.request = request{TimeRange: between(s.Since, s.Until), OrderBy: "system_timestamp asc", Filters: map[string]string{}}
	p.path = eventsPath
	if s.Tracks {
		p.path = tracksPath
		p.request.InstanceID = s.InstanceID
	} else if s.InstanceID != "" {
		p.request.Filters["instance_id"] = s.InstanceID
	}
	if s.Type != "" && !s.Tracks && !p.selectType() {
		return ctx.Err()
	}
	return p.run()
}

// selectType adds a filter for the server's own name of Type. Without names from
// the server it adds none, and all types are read. It returns false if the server
// stored no events of that type.
func (p *pager) selectType() bool {
	names, err := storedNames(p.ctx, p.Client, p.Since, p.Until)
	if err != nil {
		return true // the query for the events reports the error
	}
	i := slices.IndexFunc(names, func(name string) bool { return plain(name) == plain(p.Type) })
	if i >= 0 {
		p.request.Filters["event_type"] = names[i]
		return true
	}
	has := "it has no events at all"
	if len(names) > 0 {
		has = "it has " + strings.Join(names, ", ")
	}
	p.Notify.Tell(event.Notice{Kind: event.Info, Text: fmt.Sprintf("%s stored no %s in this time; %s", p.Client.Server(), p.Type, has)})
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
	scan    jsonraw.Scanner
	index   jsonraw.Index     // of the current row
	names   map[string]string // types by the database's names

	page   []row
	memory []byte // of the rows
	read   int    // rows of the page, with those that were too long
	last   time.Time

	seed maphash.Seed
	prev map[uint64]int // how many rows of the previous page have a hash
}

// row is one row of a page.
type row struct {
	from, to int // in memory
	at       time.Time
	hash     uint64
}

func (p *pager) run() error {
	offset := 0
	err := p.fetch(offset, pageRows)
	if err == nil && p.descending() {
		return p.backwards()
	}
	for overlap := 0; err == nil && p.read > 0; {
		fresh := slices.ContainsFunc(p.page, func(r row) bool { return p.prev[r.hash] == 0 && !r.at.Before(p.last) })
		if !fresh && p.read > overlap {
			return p.repeated(offset)
		}
		if err := p.put(); err != nil || !fresh {
			return err
		}
		// The order of rows with equal times is unknown. The next page therefore
		// repeats the rows with the last time, so that none is missed.
		overlap = p.tail()
		offset += p.read - overlap
		err = p.fetch(offset, pageRows)
	}
	return err
}

// repeated returns the error for a server that keeps sending the same rows.
func (p *pager) repeated(offset int) error {
	return p.incomplete(fmt.Errorf("%s%s: offset %d brings the same rows again", p.Client.Server(), p.path, offset))
}

// incomplete adds to the error of a later page which events were not read.
func (p *pager) incomplete(err error) error {
	if p.last.IsZero() || err == p.ctx.Err() {
		return err
	}
	return fmt.Errorf("stored events after %s were not read: %w", p.last.Local().Format(time.DateTime), err)
}

// tail returns how many rows at the end of the page have the last time. It
// returns 0 if all of them have, because paging must go on.
func (p *pager) tail() (n int) {
	for n < len(p.page) && p.page[len(p.page)-1-n].at.Equal(p.last) {
		n++
	}
	if n == len(p.page) {
		return 0
	}
	return n
}

// descending reports whether the server sends the newest rows first, against the
// requested order.
func (p *pager) descending() bool {
	return len(p.page) > 1 && p.page[0].at.After(p.page[len(p.page)-1].at)
}

// backwards reads from a server that sends the newest rows first. It pages to
// the end, remembers where each page begins, and puts the pages in reverse.
func (p *pager) backwards() error {
	starts := []int{0}
	for p.read > 0 {
		if !slices.ContainsFunc(p.page, func(r row) bool { return p.prev[r.hash] == 0 }) {
			return p.repeated(starts[len(starts)-1])
		}
		starts = append(starts, starts[len(starts)-1]+p.read)
		if err := p.fetch(starts[len(starts)-1], pageRows); err != nil {
			return err
		}
	}
	for i := len(starts) - 2; i >= 0; i-- {
		if err := p.fetch(starts[i], starts[i+1]-starts[i]); err != nil {
			return err
		}
		slices.Reverse(p.page)
		if err := p.put(); err != nil {
			return err
		}
	}
	return nil
}

// fetch reads one page. A row without a time gets the time of the previous row.
func (p *pager) fetch(offset, limit int) error {
	clear(p.prev)
	for _, r := range p.page {
		p.prev[r.hash]++
	}
	p.page, p.memory, p.read = p.page[:0], p.memory[:0], 0
	p.request.Offset, p.request.Limit = offset, limit
	at := p.last
	err := query(p.ctx, p.Client, p.path, p.request, func(raw []byte) bool {
		p.read++
		if raw == nil {
			p.Notify.Tell(event.Notice{Kind: event.Oversize, Bytes: event.MaxPayload, Text: fmt.Sprintf(
				"a row of the database has more than %d MiB, skipped", event.MaxPayload>>20)})
			return p.read < limit
		}
		r := row{from: len(p.memory), to: len(p.memory) + len(raw), hash: maphash.Bytes(p.seed, raw)}
		p.memory = append(p.memory, raw...)
		if e, err := p.event(r); err == nil {
			if t, ok := e.Time(); ok {
				at = t
			}
		}
		r.at = at
		p.page = append(p.page, r)
		return p.read < limit && len(p.memory) < pageBytes
	})
	if err != nil {
		return p.incomplete(err)
	}
	return nil
}

// put puts the rows of the page that were not in the previous page, in the order
// of time.
func (p *pager) put() error {
	slices.SortStableFunc(p.page, func(a, b row) int { return a.at.Compare(b.at) })
	for _, r := range p.page {
		if p.prev[r.hash] > 0 {
			p.prev[r.hash]--
			continue
		}
		if err := p.one(r); err != nil {
			return err
		}
		if r.at.After(p.last) {
			p.last = r.at
		}
	}
	return p.to.Flush()
}

// one puts a row if it is in the time range and its instance is wanted.
func (p *pager) one(r row) error {
	e, err := p.event(r)
	if err != nil {
		p.Notify.Tell(event.Notice{Kind: event.Skipped, Text: fmt.Sprintf(
			"a row of the database is not a JSON object, skipped: %.200q", p.memory[r.from:r.to])})
		return nil
	}
	at, known := e.Time()
	outside := known && (at.Before(p.Since.Truncate(time.Second)) || at.After(p.Until)) // rows may have whole seconds
	if outside || e.Instance == nil || p.Match != nil && !p.Match(e) {
		return nil
	}
	return p.to.Put(e)
}

// event makes the event of a row. It is valid until the next call.
func (p *pager) event(r row) (*event.Event, error) {
	raw := p.memory[r.from:r.to]
	if err := p.scan.Scan(raw, &p.index); err != nil {
		return nil, err
	}
	typ := "track"
	if !p.Tracks {
		typ = p.typeOf(textOf(&p.index, "event_type"))
	}
	id := textOf(&p.index, instanceID)
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

// typeOf is TypeOf with a cache. It also recognizes Type, which TypeOf need not
// know.
func (p *pager) typeOf(words string) string {
	typ, known := p.names[words]
	if !known {
		typ = TypeOf(words)
		if p.Type != "" && plain(words) == plain(p.Type) {
			typ = p.Type
		}
		if len(p.names) < maxNames {
			p.names[words] = typ
		}
	}
	return typ
}
