package crop

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // for previews
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// picture is an image file's bytes, checked.
type picture struct {
	data          []byte
	ext           string // with its dot; "" for a JPEG, whose name is the template's matter
	width, height int    // pixels
}

// kind is a format of pictures that is taken.
type kind struct {
	name, ext string
	magic     func(p []byte) bool
	whole     func(p []byte) bool                           // p holds the picture up to its end
	size      func(p []byte) (width, height int, err error) // from its header
}

var kinds = []kind{
	{"JPEG", "", func(p []byte) bool { return bytes.HasPrefix(p, []byte("\xff\xd8\xff")) }, wholeJPEG, sizeJPEG},
	{"PNG", ".png", func(p []byte) bool { return bytes.HasPrefix(p, []byte(pngMagic)) }, wholePNG, sizeBy(png.DecodeConfig)},
	{"WebP", ".webp", func(p []byte) bool { return len(p) >= 12 && string(p[:4]) == "RIFF" && string(p[8:12]) == "WEBP" }, wholeWebP, sizeBy(webp.DecodeConfig)},
}

func sizeBy(config func(io.Reader) (image.Config, error)) func([]byte) (int, int, error) {
	return func(p []byte) (int, int, error) {
		c, err := config(bytes.NewReader(p))
		return c.Width, c.Height, err
	}
}

// inspect checks that p is a picture, whole, with a header that can be read.
// It keeps p. The pixels are not looked at.
func inspect(p []byte) (picture, error) {
	for _, k := range kinds {
		if !k.magic(p) {
			continue
		}
		if !k.whole(p) {
			return picture{}, fmt.Errorf("the %s is cut off after %d bytes", k.name, len(p))
		}
		width, height, err := k.size(p)
		if err != nil {
			return picture{}, fmt.Errorf("the %s is damaged: %w", k.name, err)
		}
		if width <= 0 || height <= 0 {
			return picture{}, fmt.Errorf("the %s is damaged: it has no size", k.name)
		}
		return picture{p, k.ext, width, height}, nil
	}
	if len(p) == 0 {
		return picture{}, errors.New("its image is empty")
	}
	return picture{}, fmt.Errorf("its image is not a JPEG, PNG or WebP: %s", looksLike(p))
}

// wholeJPEG tells whether the end marker is there: at the end, perhaps padded
// with zeros, or where a walk over the segments comes to it (cameras put
// things behind).
func wholeJPEG(p []byte) bool {
	return bytes.HasSuffix(bytes.TrimRight(p, "\x00"), []byte("\xff\xd9")) || walkJPEG(p)
}

// walkJPEG goes from marker to marker up to the end marker.
func walkJPEG(p []byte) bool {
	for i := 2; ; {
		m, _, next := marker(p, i)
		if next < 0 || m == 0xd9 {
			return next >= 0
		}
		i = next
	}
}

// marker finds the next marker of a JPEG from i on, over picture data, its
// segment, and the place behind that, -1 where it is not all there (ITU T.81,
// B.1.1).
func marker(p []byte, i int) (m byte, segment []byte, next int) {
	for {
		at := bytes.IndexByte(p[i:], 0xff)
		if at < 0 || i+at+1 >= len(p) {
			return 0, nil, -1
		}
		i += at + 1
		switch m = p[i]; {
		case m == 0xff: // a fill byte: the marker is still to come
		case m == 0, m == 1, m >= 0xd0 && m <= 0xd8: // nothing follows these
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

// sizeJPEG reads the frame header (B.2.2), of whatever process, which comes
// before the picture's data. image/jpeg takes ten times as long, and refuses
// processes that others can show.
func sizeJPEG(p []byte) (width, height int, err error) {
	for i := 2; ; {
		m, segment, next := marker(p, i)
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

const pngMagic = "\x89PNG\r\n\x1a\n"

// wholePNG goes from chunk to chunk up to IEND (PNG specification section 5.3).
func wholePNG(p []byte) bool {
	for p = p[len(pngMagic):]; len(p) >= 12; {
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

// wholeWebP compares with the size in the RIFF header.
func wholeWebP(p []byte) bool {
	return uint64(len(p)) >= uint64(binary.LittleEndian.Uint32(p[4:]))+8
}

// looks are the beginnings of what servers send instead of a picture.
var looks = []struct{ start, name string }{
	{"<!doctype", "HTML"}, {"<html", "HTML"}, {"<", "XML"}, {"{", "JSON"}, {"[", "JSON"},
	{"gif8", "a GIF"}, {"bm", "a BMP"}, {"ii*\x00", "a TIFF"}, {"mm\x00*", "a TIFF"}, {"%pdf", "a PDF"},
	{"\x1f\x8b", "gzip"}, {"pk\x03\x04", "a ZIP"}, {"\x00\x00\x00\x00", "zeros"},
}

// looksLike says in hexadecimal, safe to print, what p starts with, and what
// that usually is.
func looksLike(p []byte) string {
	first := fmt.Sprintf("it starts with % x", p[:min(len(p), 8)])
	head := bytes.ToLower(bytes.TrimLeft(p[:min(len(p), 64)], " \t\r\n"))
	for _, l := range looks {
		if bytes.HasPrefix(head, []byte(l.start)) {
			return first + ", which looks like " + l.name
		}
	}
	if len(p) >= 12 && string(p[4:8]) == "ftyp" {
		return first + ", which looks like HEIC, AVIF or a film"
	}
	return first
}
