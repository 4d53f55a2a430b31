package poll

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/rtapi"
)

// readSize is how many bytes of a response are read at once.
const readSize = 256 << 10

// read puts the events of a response of instance in as they arrive. received is
// the time of arrival in an earlier run, or zero. What is not an event goes to
// the unwritten file, byte for byte. Memory is bounded by the longest event. The
// error is a *CutError, or a *rtapi.NotStreamError if the response is not JSON.
func (r *run) read(body io.Reader, in *event.Instance, received time.Time, d *delivery) error {
	arriving := &arrival{body: body, before: d.beforeRead, at: received, fixed: !received.IsZero()}
	br := bufio.NewReaderSize(arriving, readSize)
	switch first, err := firstByte(br); {
	case err == io.EOF:
		d.ended = true
		return nil
	case err != nil:
		return &CutError{Err: err}
	case first != '[' && first != '{':
		d.ended = true
		return r.readOther(br, in, first)
	}
	return r.readItems(br, in, arriving, d)
}

// readItems reads a response that is an array of items or a single item.
func (r *run) readItems(br *bufio.Reader, in *event.Instance, arriving *arrival, d *delivery) error {
	bad := false
	maker := event.Maker{Instance: in, Bad: func([]byte) { bad = true }}
	items := jsonraw.NewSplitter(br, event.MaxPayload)
	items.Strict, items.Oversize = true, r.unwritten.piece
	var sent, spare []byte // an item as it was sent; Record may change line ends
	for !d.stopped() {
		item, err := items.Next()
		switch {
		case err == nil:
			sent = item
			if bytes.IndexByte(item, '\n') >= 0 || bytes.IndexByte(item, '\r') >= 0 {
				spare = append(spare[:0], item...)
				sent = spare
			}
			if bad = item[0] == '['; !bad {
				_ = maker.Record(nil, nil, item, arriving.at, d) // a delivery returns no errors
			}
			if bad && d.nextRaw() {
				r.unwritten.addRaw(bytes.TrimRight(sent, " \t\r\n"))
			}
		case errors.Is(err, jsonraw.ErrTooLong):
			d.nextRaw()
			r.unwritten.endPieces()
			r.notify(event.Notice{Kind: event.Warning, Text: "an event of more than 64 MiB was not printed"})
		case err == io.EOF:
			d.ended = true
			return nil
		default:
			d.ended = true
			cut := &CutError{Unfinished: items.Rest(), Err: err}
			if cut.Unfinished > 0 && d.nextRaw() {
				r.unwritten.piece(items.Tail())
				r.unwritten.endPieces()
			}
			return cut
		}
	}
	return nil
}

// pageSize is how much of a page is read to find its title.
const pageSize = 4 << 10

// page is the start of an HTML page, such as a proxy's login page.
var page = regexp.MustCompile(`(?i)^<(!doctype\s+)?html[\s>]`)

// readOther saves a response that is neither an array nor an object. It does not
// save null, which may stand for an empty queue, and HTML pages, which no queue
// returns. If the response does not start like JSON, the error is a
// *rtapi.NotStreamError.
func (r *run) readOther(br *bufio.Reader, in *event.Instance, first byte) error {
	text, err := br.Peek(pageSize)
	if string(bytes.TrimSpace(text)) == "null" && err == io.EOF {
		return nil
	}
	not := &rtapi.NotStreamError{URL: in.Server, Want: "a polling response", Text: rtapi.Readable(string(text))}
	if page.Match(text) {
		not.ContentType = "HTML"
		return not
	}
	looksLikeJSON := bytes.IndexByte([]byte("\"-0123456789ntfNI\x00"), first) >= 0 // NUL: an unclean shutdown
	piece := make([]byte, 32<<10)
	for err = nil; err == nil; {
		var n int
		n, err = br.Read(piece)
		r.unwritten.piece(piece[:n])
	}
	r.unwritten.endPieces()
	if looksLikeJSON {
		return nil
	}
	return not
}

// firstByte returns the first byte of a response that is not white space,
// without consuming it. A byte order mark is skipped.
func firstByte(br *bufio.Reader) (byte, error) {
	if mark, _ := br.Peek(3); string(mark) == "\xEF\xBB\xBF" {
		_, _ = br.Discard(len(mark))
	}
	for {
		first, err := br.Peek(1)
		if err != nil {
			return 0, err
		}
		if !slices.Contains([]byte(" \t\r\n"), first[0]) {
			return first[0], nil
		}
		_, _ = br.Discard(1)
	}
}

// arrival reads a response. It calls before ahead of each read, which may wait,
// and records when bytes arrived.
type arrival struct {
	body   io.Reader
	before func()
	at     time.Time
	fixed  bool // at is the time of an earlier run
}

// Read implements io.Reader.
func (a *arrival) Read(p []byte) (int, error) {
	a.before()
	n, err := a.body.Read(p)
	if !a.fixed {
		a.at = time.Now()
	}
	return n, err
}
