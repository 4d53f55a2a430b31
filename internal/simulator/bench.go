package simulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sort"
	"strconv"
	"time"
)

// A stream of Rate Max: a block of records is framed once and sent again and
// again. Only the leading digits of ids and times change from block to block;
// the last ones are the record's place in it.

// firstID is the first SSE id, so that all have nine digits.
const firstID = 100_000_000

// blast answers as fast as the client reads.
func (a *answer) blast(w http.ResponseWriter, live bool) error {
	items := a.ring()
	if a.count == 0 && !live {
		a.count = queueCap
	}
	if !live && len(items) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if !live {
		a.header(w, "application/json")
	}
	once := a.server.capture != nil && a.count == 0
	if once || len(items) == 0 || a.server.opts.Record || a.script != (script{}) {
		return a.run(&player{items: items, pace: Max, loops: !once})
	}
	b := newBlock(a.framing, items, a.server.capture == nil)
	if !live {
		b.data[0] = '[' // instead of the comma before the first item
		return a.verdict(a.repeat(a.pipe, b))
	}
	conn, _, err := a.pipe.rc.Hijack()
	if err != nil { // HTTP/2
		return a.verdict(a.repeat(a.pipe, b))
	}
	defer conn.Close()
	var out io.Writer = conn
	if a.server.opts.BigChunks {
		out = chunked{conn}
	} else {
		b.chunk()
	}
	if errors.Is(a.repeat(out, b), errDone) {
		_, err = io.WriteString(conn, "0\r\n\r\n")
	}
	return err
}

// repeat writes a block until it was enough.
func (a *answer) repeat(out io.Writer, b *block) error {
	sent := 0
	for k := int64(0); ; k++ {
		if a.ctx.Err() != nil {
			return a.ctx.Err()
		}
		b.turn(k)
		n := len(b.ends)
		if a.count > 0 {
			n = min(n, a.count-sent)
		}
		wrote, err := out.Write(b.data[:b.ends[n-1]])
		if err != nil {
			n = sort.SearchInts(b.ends, wrote+1)
		}
		a.camera.tally.add(n)
		if err != nil {
			return err
		}
		if b.wrapped {
			b.data[0] = ','
		}
		if sent += n; sent == a.count {
			return errDone
		}
	}
}

// ring returns the events that are repeated.
func (a *answer) ring() []item {
	var items []item
	o := &a.server.opts
	if a.server.capture != nil {
		for _, it := range a.server.capture.of(a.camera.ID) {
			if a.wants(it) {
				items = append(items, it)
			}
		}
		return items
	}
	size := 1000
	if o.Mix == MixCrops {
		size = 100
	}
	sc := newScene(a.camera.place, a.server.album, o.Seed, time.Now().Truncate(time.Second), 200)
	sc.rate = 1000
	crops := 0
	for range 200 * size { // a type that is rare may not fill the block
		it := sc.next()
		if !a.wants(it) || !fits(it, o.Mix, crops, len(items)) {
			continue
		}
		if it.typ == "crop" {
			crops++
		}
		if items = append(items, it); len(items) == size {
			break
		}
	}
	return items
}

// fits tells whether a mix wants one more such event.
func fits(it item, mix string, crops, all int) bool {
	switch mix {
	case MixTracks:
		return it.typ == "track"
	case MixCrops:
		return it.typ == "crop"
	case MixMixed:
		return it.typ != "crop" || crops*100 < all*3
	}
	return true
}

// block is a number of framed records.
type block struct {
	data    []byte
	ends    []int   // where each record ends
	spots   []spots // what changes in each record
	step    int64   // records of a full block: 1000 or 100
	started int64   // Unix ms of the first one, a multiple of step
	wrapped bool    // a polling answer
}

// spots is where the changing bytes of a record begin; -1: there are none.
type spots struct{ id, millis, second int }

// newBlock frames items, as often as it takes to fill the block. With times,
// their wall-clock times rise by a millisecond an event.
func newBlock(f framing, items []item, times bool) *block {
	b := &block{step: 1000, started: time.Now().Truncate(time.Second).UnixMilli(), wrapped: f.shut != ""}
	if items[0].image != "" {
		b.step = 100
	}
	var payload []byte
	for i := range int(b.step) {
		it := items[i%len(items)]
		payload = it.append(payload[:0])
		from := len(b.data)
		b.data = f.record(b.data, firstID+i, it.typ, payload, false)
		b.ends = append(b.ends, len(b.data))
		b.mark(from, i, times)
	}
	return b
}

// mark finds what changes in the record that begins at from.
func (b *block) mark(from, i int, times bool) {
	at := spots{-1, -1, -1}
	record := b.data[from:]
	find := func(key string) int {
		n := bytes.LastIndex(record, []byte(key))
		if n < 0 {
			return -1
		}
		n += len(key)
		return from + n + bytes.IndexAny(record[n:], "0123456789")
	}
	if bytes.HasPrefix(record, []byte("id: ")) {
		at.id = from + len("id: ")
	}
	if times {
		at.millis, at.second = find("system_timestamp"), find("system_datetime")
		copy(b.data[at.millis:], strconv.FormatInt(b.started+int64(i), 10))
	}
	b.spots = append(b.spots, at)
}

// chunk makes each record an HTTP chunk of its own.
func (b *block) chunk() {
	var data []byte
	from := 0
	for i, end := range b.ends {
		head := fmt.Appendf(nil, "%x\r\n", end-from)
		move := len(data) + len(head) - from
		for _, at := range []*int{&b.spots[i].id, &b.spots[i].millis, &b.spots[i].second} {
			if *at >= 0 {
				*at += move
			}
		}
		data = append(append(append(data, head...), b.data[from:end]...), "\r\n"...)
		from, b.ends[i] = end, len(data)
	}
	b.data = data
}

// turn makes the block the kth one.
func (b *block) turn(k int64) {
	number := firstID/b.step + k%(9*firstID/b.step)
	id := strconv.AppendInt(nil, number, 10)
	millis := strconv.AppendInt(nil, b.started/b.step+k, 10)
	second := time.UnixMilli(b.started+k*b.step).UTC().AppendFormat(nil, "2006-01-02T15:04:05")
	for _, at := range b.spots {
		if at.id >= 0 {
			copy(b.data[at.id:], id)
		}
		if at.millis >= 0 {
			copy(b.data[at.millis:], millis)
			copy(b.data[at.second:], second)
		}
	}
}

// chunked sends each Write as one HTTP chunk.
type chunked struct{ net.Conn }

func (c chunked) Write(p []byte) (int, error) {
	bufs := net.Buffers{fmt.Appendf(nil, "%x\r\n", len(p)), p, []byte("\r\n")}
	n, err := bufs.WriteTo(c.Conn)
	return min(int(n), len(p)), err
}
