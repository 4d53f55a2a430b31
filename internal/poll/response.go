package poll

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/rtapi"
)

// readSize is how many bytes of a response are read at once.
const readSize = 256 << 10

// content is what a response holds.
type content int

const (
	holdsNothing content = iota // not a byte, or null, which may stand for an empty queue
	holdsItems                  // an array of items, or a single one
	holdsPage                   // HTML, such as a proxy's login page, which no queue returns
	holdsOther                  // saved as it is
)

// pageSize is how much of a page is read to find its title.
const pageSize = 4 << 10

// html is the start of a page.
var html = regexp.MustCompile(`(?i)^<(!doctype\s+)?html[\s>]`)

// look returns what the first bytes of a response say that it holds. It consumes only
// white space and a byte order mark in front. The error says that the response
// was cut off there, or is a *rtapi.NotStreamError if it does not start like JSON.
func look(br *bufio.Reader, in *event.Instance) (content, error) {
	if mark, _ := br.Peek(3); string(mark) == "\xEF\xBB\xBF" {
		_, _ = br.Discard(len(mark))
	}
	first, err := br.Peek(1)
	for err == nil && bytes.IndexByte([]byte(" \t\r\n"), first[0]) >= 0 {
		_, _ = br.Discard(1)
		first, err = br.Peek(1)
	}
	switch {
	case err == io.EOF:
		return holdsNothing, nil
	case err != nil:
		return holdsNothing, cut(err)
	case first[0] == '[' || first[0] == '{':
		return holdsItems, nil
	case bytes.IndexByte([]byte("\"-0123456789tfNI\x00"), first[0]) >= 0: // NUL: an unclean shutdown
		return holdsOther, nil
	}
	text, err := br.Peek(pageSize)
	if string(bytes.TrimSpace(text)) == "null" && err == io.EOF {
		return holdsNothing, nil
	}
	if text[0] == 'n' {
		return holdsOther, nil
	}
	not := &rtapi.NotStreamError{URL: in.Server, Want: "a polling response", Text: rtapi.Readable(string(text))}
	if html.Match(text) {
		not.ContentType = "HTML"
		return holdsPage, not
	}
	return holdsOther, not
}

// read puts the events of a response of instance in as they arrive. received is
// the time of arrival if that was earlier, or zero. What is not an event goes to
// the unwritten file, byte for byte. Memory is bounded by the longest event. The
// error is that of look, or says that the response was cut off.
func (r *run) read(body io.Reader, in *event.Instance, received time.Time, d *delivery) error {
	arriving := &arrival{body: body, before: d.beforeRead}
	br := bufio.NewReaderSize(arriving, readSize)
	what, err := look(br, in)
	switch what {
	case holdsItems:
		err = r.readItems(br, in, func() time.Time { return cmp.Or(received, arriving.at) }, d)
	case holdsOther:
		var readErr error
		for buf, n := make([]byte, readSize), 0; readErr == nil; {
			n, readErr = br.Read(buf)
			r.unwritten.piece(buf[:n])
		}
		if readErr != io.EOF {
			err = cut(readErr)
		}
		r.unwritten.endPieces()
	}
	return err
}

// readItems reads a response that is an array of items or a single item.
func (r *run) readItems(br *bufio.Reader, in *event.Instance, received func() time.Time, d *delivery) error {
	bad := false
	maker := event.Maker{Instance: in, Bad: func([]byte) { bad = true }}
	all := jsonraw.NewSplitter(br, event.MaxPayload)
	all.Oversize = r.unwritten.piece
	var sent, spare []byte // an item as it was sent; Record may change line ends
	for !d.stopped() {
		item, err := all.Next()
		switch {
		case err == nil:
			sent = item
			if bytes.IndexByte(item, '\n') >= 0 || bytes.IndexByte(item, '\r') >= 0 {
				spare = append(spare[:0], item...)
				sent = spare
			}
			if bad = item[0] == '['; !bad {
				_ = maker.Record(nil, nil, item, received(), d) // a delivery returns no errors
			}
			if bad && d.nextRaw() {
				r.unwritten.addRaw(bytes.TrimRight(sent, " \t\r\n"))
			}
		case errors.Is(err, jsonraw.ErrTooLong):
			d.nextRaw()
			r.unwritten.endPieces()
			r.warn("an event of more than 64 MiB was not printed")
		case err == io.EOF:
			return nil
		default:
			if all.Rest() > 0 && d.nextRaw() {
				r.unwritten.piece(all.Tail())
				r.unwritten.endPieces()
			}
			return cut(err)
		}
	}
	return nil
}

// cut says why a response ended early.
func cut(err error) error {
	return &UndeliveredError{fmt.Errorf("%w (%w): what did not arrive is lost", errCut, err)}
}

// arrival reads a response and records when bytes arrived.
type arrival struct {
	body   io.Reader
	before func() // is called before each read, which may wait
	at     time.Time
}

// Read implements io.Reader.
func (a *arrival) Read(p []byte) (int, error) {
	a.before()
	n, err := a.body.Read(p)
	a.at = time.Now()
	return n, err
}
