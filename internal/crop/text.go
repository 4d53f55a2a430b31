package crop

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image/png"
	"os"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// Text is the encoder of a Saver's records for people and scripts. A line is
// the path of the file, on a terminal preceded by when, what, where and how
// large. It implements format.Encoder, and is safe for concurrent use.
type Text struct {
	// Terminal selects the long line, in which all text is made safe. The path
	// alone is printed as it is unless it contains a control character: only the
	// user's own part of it can hold anything strange.
	Terminal bool
	Location *time.Location // of the time
	Preview  Protocol       // how the picture is shown below its line
}

var (
	filePath  = event.MustPath("file")
	bytesPath = event.MustPath("bytes")
)

// AppendHeader appends nothing.
func (t *Text) AppendHeader(dst []byte) []byte { return dst }

// AppendEvent appends a record as a line, and its preview if there is one.
func (t *Text) AppendEvent(dst []byte, ev *event.Event) []byte {
	file := filePath.Of(ev).String()
	if !t.Terminal {
		if strings.ContainsFunc(file, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return append(term.AppendSafe(dst, file), '\n')
		}
		return append(append(dst, file...), '\n')
	}
	at := ""
	if time := timeOf(ev); !time.IsZero() {
		at = time.In(t.Location).Format("15:04:05.000")
	}
	n, _ := event.Number(bytesPath.Of(ev))
	dst = appendCell(dst, at, 12)
	dst = appendCell(dst, classPath.Of(ev).String(), 8)
	dst = appendCell(dst, placePath.Of(ev).String(), 16)
	dst = appendCell(dst, term.Size(int64(n)), 9)
	dst = append(term.AppendSafe(dst, file), '\n')
	if t.Preview == NoPreview {
		return dst
	}
	data, err := os.ReadFile(file)
	if err != nil { // someone has removed it
		return dst
	}
	return t.Preview.append(dst, data)
}

// appendCell appends s made safe, cut or padded to a number of cells, and two
// spaces.
func appendCell(dst []byte, s string, width int) []byte {
	if s == "" {
		s = "-"
	}
	dst, used := term.AppendCut(dst, s, width)
	return append(dst, strings.Repeat(" ", width-used+2)...)
}

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
	case getenv("TMUX") != "", getenv("STY") != "", strings.HasPrefix(term, "screen"), strings.HasPrefix(term, "tmux"):
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
