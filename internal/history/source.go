// Package history reads what an RT Server has stored in its database. Source is an
// event.Source of stored events, tracks, or counts of events. Filled adds stored
// events to a live stream: those from before the run, and those missed in gaps.
// The database is barely documented: both ends of the time range and a limit are
// always sent, and the rows of a page are sorted. Payloads are the rows as sent.
package history

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/rtapi"
)

const pageRows = 500 // the limit sent to the server

var (
	seed          = maphash.MakeSeed() // of the hashes of rows and events
	beforeRows    = regexp.MustCompile(`"data"\s*:\s*(\[|null[^\[]*)$`)
	errNoDatabase = errors.New("no event database; older releases of RT Server do not store events")
)

// Source is the event.Source of what a server stored from Since until Until, oldest
// first: events, or what Tracks or CountBy says. Set the fields before Run and do not
// change them afterwards. A Source may run several times at once.
type Source struct {
	Client       *rtapi.Client
	Since, Until time.Time         // inclusive
	Instances    []*event.Instance // to read; nil means all
	Others       bool              // also put events of other instances, without their names
	Types        []string          // of events to read; nil means all
	Tracks       bool              // the stored tracks of one instance
	CountBy      []string          // the number of events, as "events", by columns of the database
	Per          string            // with CountBy: the unit of the intervals in which to count, or ""
	Notify       event.Notify      // receives Info, Warning and Skipped
}

// Run puts the stored events. Its errors are the sink's, unchanged, ctx.Err(), the
// Client's, and those for responses that cannot be read or repeat the same rows.
func (s *Source) Run(ctx context.Context, to event.Sink) error {
	p := &pager{Source: s, ctx: ctx, to: to, types: map[string]string{}, before: map[uint64]int{}}
	for _, typ := range s.Types {
		p.types[plain(typ)] = typ
	}
	for _, t := range event.Types() {
		p.types[plain(t.Name)] = t.Name
	}
	filters := object{}
	if len(s.Instances) == 1 && !s.Others {
		filters["instance_id"] = s.Instances[0].ID
	}
	switch {
	case s.Tracks:
		p.types["unknown"] = "track"
		return p.next("tracks", object{"instanceId": s.Instances[0].ID})
	case s.CountBy != nil:
		body := object{"groupBy": s.CountBy, "metrics": object{"events": object{"function": "count"}}}
		if s.Per != "" {
			body["interval"] = object{"unit": s.Per, "size": 1}
		}
		return p.next("analytics", body)
	case len(s.Types) == 1 && !p.selectType(filters):
		return ctx.Err()
	}
	p.wanted = s.Types
	return p.pages(object{"filters": filters, "orderBy": "system_timestamp asc", "limit": pageRows})
}

// object is a JSON object in a query.
type object map[string]any

// pager is one Run of a Source.
type pager struct {
	*Source
	ctx    context.Context
	to     event.Sink
	types  map[string]string // known and wanted ones by their plain names
	wanted []string          // types of events; nil means all
	maker  event.Maker
	page   []row
	memory []byte         // of the rows
	read   int            // rows of the page, with those that are no events
	before map[uint64]int // how often the previous page had a row, by hash
	fresh  int            // events of the page that the previous one did not have
	last   time.Time      // of the events that were put
	warned bool           // that they are not in the order of time
}

type row struct { // of a page
	raw []byte
	at  time.Time // of the row before if it has none
	typ string
	of  *event.Instance // nil if it is none of Instances
}

// selectType filters by the server's own name of the only type: a wrong one would look
// like no events. It returns false, and reports the names, if there is no such name.
func (p *pager) selectType(filters object) bool {
	var names []string
	body := object{"groupBy": []string{"event_type"}, "metrics": object{"n": object{"function": "count"}}}
	err := p.query("analytics", body, func(raw []byte) error {
		e, err := p.maker.New("unknown", raw, nil)
		if err == nil {
			names = append(names, strings.Clone(e.Get("event_type").String()))
		}
		return err
	})
	i := slices.IndexFunc(names, func(name string) bool { return plain(name) == plain(p.Types[0]) })
	switch {
	case i >= 0:
		filters["event_type"] = names[i]
	case err == nil && !slices.Contains(names, ""):
		p.Notify.Tell(event.Notice{Text: fmt.Sprintf("%s stored no %s in this time; it has %s",
			p.Client.Server(), p.Types[0], cmp.Or(strings.Join(names, ", "), "no events"))})
		return false
	}
	return true
}

// pages reads page after page. Each repeats some rows of the previous one, because
// rows with equal times may come in another order.
func (p *pager) pages(body object) error {
	for offset, end, last := 0, 0, 0; ; last = p.read { // end: of the rows that were read
		body["offset"] = offset
		err := p.next("events", body)
		same := p.fresh == 0 && last > 0 && p.read >= last
		switch {
		case err != nil, p.read == 0, same && last <= pageRows/10:
			return err
		case same:
			return fmt.Errorf("%s: offset %d has the same events again", p.Client.Server(), offset)
		}
		end = max(end, offset+p.read)
		offset = end - min(pageRows/10, p.read/2, p.fresh)
	}
}

// next reads a page, sorts it by time, and puts its events.
func (p *pager) next(table string, body object) error {
	clear(p.before)
	for _, r := range p.page {
		p.before[maphash.Bytes(seed, r.raw)]++
	}
	p.page, p.memory, p.read, p.fresh = p.page[:0], p.memory[:0], 0, 0
	at := p.last
	err := p.query(table, body, func(raw []byte) error {
		p.read++
		if len(p.memory) > event.MaxPayload {
			return errors.New("more than 64 MiB; ask for a shorter time")
		}
		p.memory = append(p.memory, raw...)
		e, err := p.maker.New("unknown", p.memory[len(p.memory)-len(raw):], nil)
		if err != nil {
			p.Notify.Tell(event.Notice{Kind: event.Skipped,
				Text: fmt.Sprintf("a stored row is not a JSON object of at most 64 MiB: %.200q", raw)})
			return nil
		}
		if t, ok := e.Time(); ok {
			at = t
		}
		words := cmp.Or(e.Get("event_type").String(), e.Get("$id").String(), "unknown")
		typ := cmp.Or(p.types[plain(words)], words)
		p.page = append(p.page, row{e.Payload, at, typ, p.instanceOf(e)})
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(p.page, func(a, b row) int { return a.at.Compare(b.at) })
	return p.put()
}

// query posts a query to a table and calls do with each row of the response,
// {"data":[row…]}: an unchecked JSON value, valid during the call, or nil if too long.
func (p *pager) query(table string, body object, do func(row []byte) error) error {
	const layout = "2006-01-02T15:04:05.000Z07:00"
	body["timeRange"] = object{"startTime": p.Since.UTC().Format(layout), "endTime": p.Until.UTC().Format(layout)}
	text, _ := json.Marshal(body) // strings and numbers: it cannot fail
	response, err := p.Client.Post(p.ctx, "/v1/database/"+table, text)
	if status, ok := errors.AsType[*rtapi.StatusError](err); ok && status.Code == http.StatusNotFound {
		return fmt.Errorf("%s has %w (%w)", p.Client.Server(), errNoDatabase, err)
	}
	if err != nil {
		return err
	}
	defer response.Close()
	r := bufio.NewReader(response)
	start, err := r.ReadSlice('[') // to the rows, or the end if there are none
	for err == nil && !beforeRows.Match(start) {
		start, err = r.ReadSlice('[')
	}
	if (err == io.EOF || err == bufio.ErrBufferFull) && !beforeRows.Match(start) {
		err = errors.New(`no array "data"`)
	}
	list := jsonraw.NewArraySplitter(r, event.MaxPayload)
	for err == nil {
		var row []byte
		if row, err = list.Next(); err == nil || err == jsonraw.ErrTooLong {
			err = do(row)
		}
	}
	if err == io.EOF {
		return nil
	}
	return cmp.Or(p.ctx.Err(), fmt.Errorf("%s: response with %s: %w", p.Client.Server(), table, err))
}

// instanceOf returns the instance of a row. Counts without one are of all instances.
func (p *pager) instanceOf(e *event.Event) *event.Instance {
	id := e.Get("instance_id").String()
	for _, in := range p.Instances {
		if strings.EqualFold(in.ID, id) || id == "" && len(p.Instances) == 1 && p.CountBy == nil {
			return in
		}
	}
	return nil
}

// put puts the events of the page that were not in the previous one.
func (p *pager) put() error {
	for _, r := range p.page {
		if hash := maphash.Bytes(seed, r.raw); p.before[hash] > 0 {
			p.before[hash]--
			continue
		}
		p.fresh++
		if newest := p.page[len(p.page)-1].at; newest.Before(p.last) && !p.warned {
			p.warned = true
			p.Notify.Tell(event.Notice{Kind: event.Warning, Text: p.Client.Server() + " does not order events by time"})
		}
		p.last = r.at
		if r.of == nil && p.Instances != nil && !p.Others || p.wanted != nil && !slices.Contains(p.wanted, r.typ) {
			continue
		}
		e, _ := p.maker.New(r.typ, r.raw, r.of) // cannot fail: it was checked before
		e.Stored = true
		if err := p.to.Put(e); err != nil {
			return err
		}
	}
	return p.to.Flush()
}

// plain makes a type and its name in the database equal: event-line-crossing and
// "Line Crossing" are "line-crossing".
func plain(name string) string {
	return strings.TrimPrefix(strings.ReplaceAll(strings.ToLower(name), " ", "-"), "event-")
}
