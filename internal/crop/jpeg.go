package crop

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// wholeJPEG reports whether the end marker is there: at the end, perhaps padded
// with zeros, or where the segments lead to it (cameras append data of theirs).
func wholeJPEG(p []byte) bool {
	if bytes.HasSuffix(bytes.TrimRight(p, "\x00"), []byte("\xff\xd9")) {
		return true
	}
	for i := 2; ; {
		m, _, next := jpegMarker(p, i)
		if next < 0 || m == 0xd9 {
			return next >= 0
		}
		i = next
	}
}

// jpegMarker finds the next marker of a JPEG at or after i, skipping picture
// data (ITU T.81, B.1.1). It returns the marker's segment and the place after
// that, or -1 if it is not all there.
func jpegMarker(p []byte, i int) (m byte, segment []byte, next int) {
	for {
		at := bytes.IndexByte(p[i:], 0xff)
		if at < 0 || i+at+1 >= len(p) {
			return 0, nil, -1
		}
		i += at + 1
		switch m = p[i]; {
		case m == 0xff: // a fill byte: the marker is still to come
		case m == 0, m == 1, m >= 0xd0 && m <= 0xd8: // these have no segment
			i++
		case m == 0xd9:
			return m, nil, i + 1
		case i+3 > len(p):
			return m, nil, -1
		default:
			next = i + 1 + int(binary.BigEndian.Uint16(p[i+1:]))
			if next > len(p) {
				return m, nil, -1
			}
			return m, p[i+1 : next], next
		}
	}
}

// sizeJPEG reads the frame header (ITU T.81, B.2.2), of whatever process, which
// comes before the picture's data. image/jpeg takes ten times as long, and
// refuses processes that other programs can show.
func sizeJPEG(p []byte) (width, height int, err error) {
	for i := 2; ; {
		m, segment, next := jpegMarker(p, i)
		switch {
		case next < 0 || m == 0xd9 || m == 0xda:
			return 0, 0, errors.New("it has no frame header")
		case m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc:
			if len(segment) < 8 {
				return 0, 0, errors.New("its frame header is too short")
			}
			return int(binary.BigEndian.Uint16(segment[5:])), int(binary.BigEndian.Uint16(segment[3:])), nil
		}
		i = next
	}
}
