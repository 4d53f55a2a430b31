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
// or NoPreview. Multiplexers show no pictures.
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

// append appends the escape sequence that shows a picture and a line end, or
// nothing if the picture cannot be shown.
func (p Protocol) append(dst, data []byte) []byte {
	pic, err := inspect(data)
	if err != nil || pic.width > maxPixels/pic.height {
		return dst
	}
	if p == ITerm {
		dst = fmt.Appendf(dst, "\x1b]1337;File=inline=1;size=%d;height=%d;preserveAspectRatio=1:", len(pic.data), previewRows)
		return append(base64.StdEncoding.AppendEncode(dst, pic.data), "\a\n"...)
	}
	if pic.ext != ".png" { // kitty takes no other compressed format
		img, err := pic.pixels()
		var out bytes.Buffer
		if err != nil || (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, img) != nil {
			return dst
		}
		pic.data = out.Bytes()
	}
	return append(appendKitty(dst, base64.StdEncoding.EncodeToString(pic.data)), '\n')
}

// appendKitty sends a PNG in pieces of at most 4,096 characters; q=2 asks for no
// response.
func appendKitty(dst []byte, text string) []byte {
	for keys := fmt.Sprintf("a=T,f=100,q=2,r=%d,", previewRows); text != ""; keys = "" {
		piece := text[:min(len(text), 4096)]
		text = text[len(piece):]
		more := min(len(text), 1)
		dst = fmt.Appendf(dst, "\x1b_G%sm=%d;%s\x1b\\", keys, more, piece)
	}
	return dst
}
