package crop

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color/palette"
	"image/png"
	"strings"

	"golang.org/x/image/draw"
)

// Protocol is how a terminal shows pictures.
type Protocol int

// The protocols.
const (
	NoPreview Protocol = iota
	Kitty              // sw.kovidgoyal.net/kitty/graphics-protocol
	ITerm              // iterm2.com/documentation-images.html
	Sixel              // DEC STD 070, chapter 9
)

// Preview is the protocol of the terminal that the environment names; the
// terminal itself is never asked. Multiplexers show no pictures.
func Preview(getenv func(string) string) Protocol {
	term, program := getenv("TERM"), getenv("TERM_PROGRAM")
	switch {
	case getenv("TMUX") != "" || getenv("STY") != "" || strings.HasPrefix(term, "screen") || strings.HasPrefix(term, "tmux"):
		return NoPreview
	case getenv("KITTY_WINDOW_ID") != "" || strings.Contains(term, "kitty") || strings.Contains(term, "ghostty"):
		return Kitty
	case program == "iTerm.app" || program == "WezTerm" || program == "mintty" || getenv("LC_TERMINAL") == "iTerm2":
		return ITerm
	case strings.HasPrefix(term, "foot") || strings.HasPrefix(term, "mlterm") || strings.Contains(term, "sixel"):
		return Sixel
	}
	return NoPreview
}

// Bounds of a preview in pixels: how large it is shown, and what is decoded at
// all.
const (
	previewWidth  = 480
	previewHeight = 240
	maxDecoded    = 40 << 20
)

// append appends what shows the picture, or nothing where it cannot be read.
func (p Protocol) append(dst, picture []byte) []byte {
	if p == NoPreview {
		return dst
	}
	img, err := thumbnail(picture)
	if err != nil {
		return dst
	}
	if p == Sixel {
		return appendSixel(dst, img)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return dst
	}
	text := base64.StdEncoding.EncodeToString(out.Bytes())
	if p == ITerm {
		return fmt.Appendf(dst, "\x1b]1337;File=inline=1;size=%d:%s\a", out.Len(), text)
	}
	return appendKitty(dst, text)
}

// thumbnail is the picture, made smaller where it is too large.
func thumbnail(picture []byte) (image.Image, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	if c.Width > maxDecoded/max(1, c.Height) {
		return nil, fmt.Errorf("%d x %d pixels are too many to show", c.Width, c.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	scale := min(1, previewWidth/float64(c.Width), previewHeight/float64(c.Height))
	small := image.NewRGBA(image.Rect(0, 0, max(1, int(float64(c.Width)*scale)), max(1, int(float64(c.Height)*scale))))
	draw.ApproxBiLinear.Scale(small, small.Bounds(), img, img.Bounds(), draw.Src, nil)
	return small, nil
}

// appendKitty sends a PNG in pieces of 4,096 characters; q=2: no answer.
func appendKitty(dst []byte, text string) []byte {
	for keys := "a=T,f=100,q=2,"; text != ""; keys = "" {
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

// appendSixel draws with the 216 colours of a cube.
func appendSixel(dst []byte, img image.Image) []byte {
	b := img.Bounds()
	p := image.NewPaletted(b, palette.WebSafe)
	draw.FloydSteinberg.Draw(p, b, img, b.Min)
	dst = fmt.Appendf(dst, "\x1bPq\"1;1;%d;%d", b.Dx(), b.Dy())
	for i, c := range palette.WebSafe {
		r, g, b, _ := c.RGBA()
		dst = fmt.Appendf(dst, "#%d;2;%d;%d;%d", i, r*100/0xffff, g*100/0xffff, b*100/0xffff)
	}
	for y := 0; y < b.Dy(); y += 6 {
		dst = append(appendBand(dst, p, y), '-')
	}
	return append(dst, "\x1b\\"...)
}

// appendBand draws six rows, once over for each colour in them.
func appendBand(dst []byte, p *image.Paletted, y int) []byte {
	w, rows := p.Bounds().Dx(), min(6, p.Bounds().Dy()-y)
	var used [256]bool
	for _, c := range p.Pix[y*p.Stride : (y+rows)*p.Stride] {
		used[c] = true
	}
	for c := range palette.WebSafe {
		if !used[c] {
			continue
		}
		dst = fmt.Appendf(dst, "#%d", c)
		for x, run := 0, 0; x < w; x += run {
			bits := column(p, x, y, rows, uint8(c))
			for run = 1; x+run < w && column(p, x+run, y, rows, uint8(c)) == bits; run++ {
			}
			dst = fmt.Appendf(dst, "!%d%c", run, '?'+bits)
		}
		dst = append(dst, '$')
	}
	return dst
}

// column is which of the rows below y have the colour c at x, one bit each.
func column(p *image.Paletted, x, y, rows int, c uint8) (bits byte) {
	for r := range rows {
		if p.Pix[(y+r)*p.Stride+x] == c {
			bits |= 1 << r
		}
	}
	return bits
}
