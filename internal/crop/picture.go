package crop

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
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
	whole     func(p []byte) bool // p holds the picture up to its end
	config    func(r io.Reader) (image.Config, error)
}

var kinds = []kind{
	{"JPEG", "", func(p []byte) bool { return bytes.HasPrefix(p, []byte("\xff\xd8\xff")) }, wholeJPEG, jpeg.DecodeConfig},
	{"PNG", ".png", func(p []byte) bool { return bytes.HasPrefix(p, []byte(pngMagic)) }, wholePNG, png.DecodeConfig},
	{"WebP", ".webp", func(p []byte) bool { return len(p) >= 12 && string(p[:4]) == "RIFF" && string(p[8:12]) == "WEBP" }, wholeWebP, webp.DecodeConfig},
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
		c, err := k.config(bytes.NewReader(p))
		if err != nil {
			return picture{}, fmt.Errorf("the %s is damaged: %w", k.name, err)
		}
		if c.Width <= 0 || c.Height <= 0 {
			return picture{}, fmt.Errorf("the %s is damaged: it has no size", k.name)
		}
		return picture{p, k.ext, c.Width, c.Height}, nil
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

// walkJPEG goes from marker to marker (ITU T.81 section B.1.1) up to the end
// marker.
func walkJPEG(p []byte) bool {
	for i := 2; ; {
		next := bytes.IndexByte(p[i:], 0xff)
		if next < 0 || i+next+1 >= len(p) {
			return false
		}
		i += next + 1
		switch m := p[i]; {
		case m == 0xd9:
			return true
		case m == 0xff: // a fill byte: the marker is still to come
		case m == 0, m == 1, m >= 0xd0 && m <= 0xd8: // nothing follows these
			i++
		default:
			if i+3 > len(p) {
				return false
			}
			i += 1 + int(binary.BigEndian.Uint16(p[i+1:]))
			if i > len(p) {
				return false
			}
		}
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
