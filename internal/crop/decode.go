package crop

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/rtev/rtev/internal/event"
)

// keepBuffer is the largest buffer in bytes that is kept for the next picture.
const keepBuffer = 1 << 20

// decoder turns the "image" of crops into bytes. Zero is ready; not safe for
// concurrent use.
type decoder struct {
	out   []byte // the picture
	clean []byte // base64 that needed cleaning
}

// decode returns the bytes of an image as it stands in a payload: a string of
// base64, perhaps behind "data:image/…;base64,", in either alphabet, with or
// without padding and white space. They are valid until the next call.
func (d *decoder) decode(raw []byte) ([]byte, error) {
	if cap(d.out)+cap(d.clean) > 2*keepBuffer {
		d.out, d.clean = nil, nil
	}
	if len(raw) < 2 || raw[0] != '"' {
		return nil, errors.New("its image is not a string")
	}
	text := cutPrefix(raw[1 : len(raw)-1])
	d.out = slices.Grow(d.out[:0], base64.StdEncoding.DecodedLen(len(text)))
	if n, err := base64.StdEncoding.Decode(d.out[:cap(d.out)], text); err == nil {
		return d.out[:n], nil
	}
	d.normalise(text)
	n, err := base64.RawStdEncoding.Decode(d.out[:cap(d.out)], d.clean)
	var at base64.CorruptInputError
	if errors.As(err, &at) {
		return nil, fmt.Errorf("its image is not base64: byte %d of %d", int64(at)+1, len(d.clean))
	}
	return d.out[:n], err
}

// cutPrefix takes the front of a data URL off (RFC 2397).
func cutPrefix(text []byte) []byte {
	if len(text) < 5 || !bytes.EqualFold(text[:5], []byte("data:")) {
		return text
	}
	if comma := bytes.IndexByte(text[:min(len(text), 256)], ','); comma >= 0 {
		return text[comma+1:]
	}
	return text
}

// normalise leaves base64 in the standard alphabet without padding in d.clean.
func (d *decoder) normalise(text []byte) {
	d.clean = event.AppendUnescaped(d.clean[:0], text)
	in := cutPrefix(bytes.TrimSpace(d.clean))
	out := d.clean[:0]
	for _, c := range in {
		switch {
		case c <= ' ':
			continue
		case c == '-':
			c = '+'
		case c == '_':
			c = '/'
		}
		out = append(out, c)
	}
	d.clean = bytes.TrimRight(out, "=")
}
