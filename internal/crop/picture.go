package crop

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // for decodes and previews
	"image/png"
	"net/http"
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
	"image/png":  {"PNG", ".png", wholePNG, sizePNG},
	"image/webp": {"WebP", ".webp", wholeWebP, sizeWebP},
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

// decodes reports whether the picture is whole to its last pixel. For a WebP,
// whose header says how many bytes there must be, it compares only those.
func (p picture) decodes() bool {
	if p.ext == ".webp" {
		return len(p.data) == int(binary.LittleEndian.Uint32(p.data[4:]))+8
	}
	_, err := p.pixels()
	return err == nil
}

// wholePNG goes from chunk to chunk up to IEND (PNG specification, 5.3).
func wholePNG(p []byte) bool {
	for p = p[8:]; len(p) >= 12; {
		size := uint64(binary.BigEndian.Uint32(p)) + 12
		if size > uint64(len(p)) {
			return false
		}
		if string(p[4:8]) == "IEND" {
			return true
		}
		p = p[size:]
	}
	return false
}

func sizePNG(p []byte) (width, height int, err error) {
	c, err := png.DecodeConfig(bytes.NewReader(p))
	return c.Width, c.Height, err
}

// wholeWebP compares with the size in the RIFF header.
func wholeWebP(p []byte) bool {
	return uint64(len(p)) >= uint64(binary.LittleEndian.Uint32(p[4:]))+8
}

// sizeWebP reads the first chunk: a lossy picture (RFC 6386, 9.1), a lossless
// one (RFC 9649, 3.4), or the header of both (RFC 9649, 2.7).
func sizeWebP(p []byte) (width, height int, err error) {
	if len(p) < 25 || len(p) < 30 && string(p[12:16]) != "VP8L" {
		return 0, 0, errors.New("its header is too short")
	}
	switch le := binary.LittleEndian; string(p[12:16]) {
	case "VP8 ":
		if string(p[23:26]) != "\x9d\x01\x2a" {
			return 0, 0, errors.New("it has no start code")
		}
		return int(le.Uint16(p[26:]) & 0x3fff), int(le.Uint16(p[28:]) & 0x3fff), nil
	case "VP8L":
		bits := le.Uint32(p[21:])
		if p[20] != 0x2f {
			return 0, 0, errors.New("it has no signature")
		}
		return int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1, nil
	case "VP8X":
		at := func(i int) int { return int(p[i]) | int(p[i+1])<<8 | int(p[i+2])<<16 }
		return at(24) + 1, at(27) + 1, nil
	}
	return 0, 0, errors.New("its first chunk is unknown")
}
