package crop

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	simd "github.com/segmentio/asm/base64"

	"github.com/rtev/rtev/internal/jsonraw"
)

// maxBuffer is the size in bytes of the largest buffer that is used again for
// the next picture.
const maxBuffer = 1 << 20

// decoder turns the "image" of crops into pictures. The zero value is ready. It
// is not safe for concurrent use.
type decoder struct{ out []byte }

// errSpaces reports base64 with spaces that may have been "+".
var errSpaces = errors.New(`its image is not base64: it has spaces where "+" may have been`)

// picture returns the picture in an image, a JSON value: a string of base64, with
// or without a "data:image/…;base64," in front, in either alphabet, with or
// without padding and white space. Its bytes are valid until the next call.
func (d *decoder) picture(image []byte) (picture, error) {
	if len(image) < 2 || image[0] != '"' {
		return picture{}, errors.New("its image is not a string")
	}
	if cap(d.out) > maxBuffer {
		d.out = nil
	}
	text := cutDataURL(image[1 : len(image)-1])
	d.out = slices.Grow(d.out[:0], base64.StdEncoding.DecodedLen(len(text)))
	// On amd64 and arm64 this takes a tenth of the time of the standard library.
	if n, err := simd.StdEncoding.Decode(d.out[:cap(d.out)], text); err == nil {
		return inspect(d.out[:n])
	}
	text = normalise(text)
	if bytes.IndexByte(text, ' ') >= 0 {
		return readSpaces(text)
	}
	data, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return picture{}, fmt.Errorf("its image is not base64: %w", err)
	}
	return inspect(data)
}

// cutDataURL cuts the front of a data URL off (RFC 2397).
func cutDataURL(text []byte) []byte {
	if len(text) < 5 || !bytes.EqualFold(text[:5], []byte("data:")) {
		return text
	}
	if comma := bytes.IndexByte(text[:min(len(text), 256)], ','); comma >= 0 {
		return text[comma+1:]
	}
	return text
}

// normalise returns the base64 in a JSON string in the standard alphabet, without
// padding and white space. Spaces stay if they may have been "+", which is when
// none is left in the text: whatever turns "+" into a space turns all of them.
func normalise(text []byte) []byte {
	text = cutDataURL(bytes.TrimSpace(jsonraw.AppendUnescaped(nil, text)))
	text = bytes.TrimSpace(bytes.TrimRight(text, "= \t\r\n"))
	spaces := !bytes.ContainsAny(text, "+-_")
	return bytes.Map(func(c rune) rune {
		switch {
		case c < ' ', c == ' ' && !spaces:
			return -1
		case c == '-':
			return '+'
		case c == '_':
			return '/'
		}
		return c
	}, text)
}

// readSpaces reads base64 with its spaces as "+", and without them. Only if
// exactly one of the two is a whole picture, that is the picture.
func readSpaces(text []byte) (picture, error) {
	plus, ok := readAs(bytes.ReplaceAll(text, []byte(" "), []byte("+")))
	without, okWithout := readAs(bytes.ReplaceAll(text, []byte(" "), nil))
	switch {
	case ok && !okWithout:
		return plus, nil
	case okWithout && !ok:
		return without, nil
	}
	return picture{}, errSpaces
}

// readAs returns the picture in base64 without padding, and whether it is whole
// to its last pixel.
func readAs(text []byte) (p picture, ok bool) {
	data, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err == nil {
		p, err = inspect(data)
	}
	if err == nil {
		_, err = p.pixels()
	}
	return p, err == nil
}
