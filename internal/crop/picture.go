package crop

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // for decodes and previews
	_ "image/png"
	"net/http"

	_ "golang.org/x/image/webp"
)

// picture is the checked bytes of an image file.
type picture struct {
	data          []byte
	ext           string // with its dot; "" for a JPEG, whose extension is the template's
	width, height int    // pixels
}

// kind is a file format that pictures may have.
type kind struct {
	name, ext string
	whole     func(p []byte) bool                           // p holds the picture to its end
	size      func(p []byte) (width, height int, err error) // from its header
}

// kinds are the formats by their media types.
var kinds = map[string]kind{
	"image/jpeg": {"JPEG", "", wholeJPEG, sizeJPEG},
	"image/png":  {"PNG", ".png", wholePNG, sizeOf},
	"image/webp": {"WebP", ".webp", wholeWebP, sizeOf},
}

// inspect checks that p is a whole picture with a header that can be read, and
// returns it without white space in front. It does not look at the pixels. The
// picture shares the bytes of p.
func inspect(p []byte) (picture, error) {
	p = bytes.TrimLeft(p, " \t\r\n")
	if len(p) == 0 {
		return picture{}, errors.New("its image is empty")
	}
	media := http.DetectContentType(p)
	k, ok := kinds[media]
	if !ok {
		return picture{}, fmt.Errorf("its image is not a JPEG, PNG or WebP: it starts with % x, which looks like %s", p[:min(len(p), 8)], media)
	}
	if !k.whole(p) {
		return picture{}, fmt.Errorf("the %s is cut off after %d bytes", k.name, len(p))
	}
	width, height, err := k.size(p)
	if err == nil && (width <= 0 || height <= 0) {
		err = errors.New("it has no size")
	}
	if err != nil {
		return picture{}, fmt.Errorf("the %s is damaged: %w", k.name, err)
	}
	return picture{p, k.ext, width, height}, nil
}

// maxPixels bounds what is decoded at all.
const maxPixels = 40 << 20

// pixels decodes the picture.
func (p picture) pixels() (image.Image, error) {
	if p.width > maxPixels/p.height {
		return nil, fmt.Errorf("%d x %d pixels are too many to decode", p.width, p.height)
	}
	img, _, err := image.Decode(bytes.NewReader(p.data))
	return img, err
}

// wholePNG looks for the last chunk (PNG specification, 11.2.5), which is always
// the same.
func wholePNG(p []byte) bool { return bytes.Contains(p, []byte("\x00\x00\x00\x00IEND\xaeB`\x82")) }

// sizeOf reads the header of a PNG or a WebP.
func sizeOf(p []byte) (width, height int, err error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(p))
	return c.Width, c.Height, err
}

// wholeWebP compares with the size in the RIFF header.
func wholeWebP(p []byte) bool {
	return uint64(len(p)) >= uint64(binary.LittleEndian.Uint32(p[4:]))+8
}

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
