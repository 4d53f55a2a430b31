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
	// size reads the size from the header, and checks that p holds the picture to
	// its end; if not, it returns errCut.
	size func(p []byte) (width, height int, err error)
}

// kinds are the formats by their media types.
var kinds = map[string]kind{
	"image/jpeg": {"JPEG", "", sizeJPEG},
	"image/png":  {"PNG", ".png", sizePNG},
	"image/webp": {"WebP", ".webp", sizeWebP},
}

var errCut = errors.New("it is cut off")

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
		return picture{}, fmt.Errorf("its image is not a JPEG, PNG or WebP: it starts with % x, which looks like %s",
			p[:min(len(p), 8)], media)
	}
	width, height, err := k.size(p)
	switch {
	case err == errCut:
		return picture{}, fmt.Errorf("the %s is cut off after %d bytes", k.name, len(p))
	case err == nil && (width <= 0 || height <= 0):
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

// sizePNG looks for the last chunk (PNG specification, 11.2.5), which is always
// the same.
func sizePNG(p []byte) (width, height int, err error) {
	if !bytes.Contains(p, []byte("\x00\x00\x00\x00IEND\xaeB`\x82")) {
		return 0, 0, errCut
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(p))
	return c.Width, c.Height, err
}

// sizeWebP compares the length with the size in the RIFF header.
func sizeWebP(p []byte) (width, height int, err error) {
	if uint64(len(p)) < uint64(binary.LittleEndian.Uint32(p[4:]))+8 {
		return 0, 0, errCut
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(p))
	return c.Width, c.Height, err
}

// sizeJPEG follows the markers to the end marker (ITU T.81, B.1.1), after which
// cameras may append data, and reads the frame header on the way (B.2.2).
// image/jpeg would refuse processes that other programs can show.
func sizeJPEG(p []byte) (width, height int, err error) {
	header := false
	for i := 2; ; {
		at := bytes.IndexByte(p[i:], 0xff)
		if at < 0 || i+at+1 >= len(p) {
			return 0, 0, errCut
		}
		i += at + 1
		switch m := p[i]; {
		case m == 0xff: // a fill byte: the marker is still to come
		case m == 0, m == 1, m >= 0xd0 && m <= 0xd8: // these have no segment
			i++
		case m == 0xd9 && !header:
			return 0, 0, errors.New("it has no frame header")
		case m == 0xd9:
			return width, height, nil
		case i+3 > len(p) || i+1+int(binary.BigEndian.Uint16(p[i+1:])) > len(p):
			return 0, 0, errCut
		default:
			segment := p[i+1 : i+1+int(binary.BigEndian.Uint16(p[i+1:]))]
			if !header && m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc {
				if len(segment) < 8 {
					return 0, 0, errors.New("its frame header is too short")
				}
				header = true
				height, width = int(binary.BigEndian.Uint16(segment[3:])), int(binary.BigEndian.Uint16(segment[5:]))
			}
			i += 1 + len(segment)
		}
	}
}
