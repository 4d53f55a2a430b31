package crop

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image/png"
	"strings"
)

// Protocol is the way in which a terminal shows pictures.
type Protocol int

// The protocols.
const (
	NoPreview Protocol = iota
	Kitty              // sw.kovidgoyal.net/kitty/graphics-protocol
	ITerm              // iterm2.com/documentation-images.html
)

// Preview returns the protocol of the terminal that the environment describes,
// or NoPreview. It never asks the terminal. Multiplexers show no pictures.
func Preview(getenv func(string) string) Protocol {
	term, program := getenv("TERM"), getenv("TERM_PROGRAM")
	switch {
	case getenv("TMUX") != "" || getenv("STY") != "" || strings.HasPrefix(term, "screen") || strings.HasPrefix(term, "tmux"):
		return NoPreview
	case getenv("KITTY_WINDOW_ID") != "" || strings.Contains(term, "kitty") || strings.Contains(term, "ghostty"):
		return Kitty
	case program == "iTerm.app" || program == "WezTerm" || program == "mintty" || getenv("LC_TERMINAL") == "iTerm2":
		return ITerm
	}
	return NoPreview
}

// previewRows is the height of a preview in lines; the terminal scales it.
const previewRows = 10

// Picture is a picture that was saved, as Options.Show gets it.
type Picture struct{ picture }

// append appends the escape sequence that shows the picture, or nothing if it
// cannot be shown.
func (p Protocol) append(dst []byte, pic Picture) []byte {
	if pic.width > maxPixels/pic.height {
		return dst
	}
	switch p {
	case Kitty:
		data, err := asPNG(pic.picture)
		if err != nil {
			return dst
		}
		return appendKitty(dst, base64.StdEncoding.EncodeToString(data))
	case ITerm:
		dst = fmt.Appendf(dst, "\x1b]1337;File=inline=1;size=%d;height=%d;preserveAspectRatio=1:", len(pic.data), previewRows)
		return append(base64.StdEncoding.AppendEncode(dst, pic.data), '\a')
	}
	return dst
}

// asPNG returns the picture in the only compressed format that kitty takes.
func asPNG(p picture) ([]byte, error) {
	if p.ext == ".png" {
		return p.data, nil
	}
	img, err := p.pixels()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fast := png.Encoder{CompressionLevel: png.BestSpeed}
	err = fast.Encode(&out, img)
	return out.Bytes(), err
}

// appendKitty sends a PNG in pieces of at most 4,096 characters; q=2 asks for no
// response.
func appendKitty(dst []byte, text string) []byte {
	for keys := fmt.Sprintf("a=T,f=100,q=2,r=%d,", previewRows); text != ""; keys = "" {
		piece := text[:min(len(text), 4096)]
		text = text[len(piece):]
		more := 1
		if text == "" {
			more = 0
		}
		dst = fmt.Appendf(dst, "\x1b_G%sm=%d;%s\x1b\\", keys, more, piece)
	}
	return dst
}
