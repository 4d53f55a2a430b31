package simulator

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"sync"
)

// look tells one picture from another. Colour is an index into paints.
type look struct {
	class   string
	colour  int
	variant int
}

// paint is a colour that an attribute can name.
type paint struct {
	name string
	rgb  color.RGBA
}

func paints() []paint {
	return []paint{
		{"black", color.RGBA{30, 30, 34, 255}},
		{"white", color.RGBA{228, 228, 224, 255}},
		{"red", color.RGBA{170, 40, 40, 255}},
		{"blue", color.RGBA{44, 70, 160, 255}},
		{"green", color.RGBA{50, 120, 64, 255}},
		{"yellow", color.RGBA{214, 180, 50, 255}},
		{"gray", color.RGBA{120, 122, 126, 255}},
	}
}

// variants is how many pictures of one class and colour there are.
const variants = 3

// album holds the pictures drawn so far. Safe for concurrent use.
type album struct {
	large  bool // 30 to 60 KB of base64 instead of everyday's 7 to 35
	mu     sync.Mutex
	drawn  map[look]string
	paints []paint
}

func newAlbum(large bool) *album {
	return &album{large: large, drawn: map[look]string{}, paints: paints()}
}

// picture returns the base64 of a JPEG in two parts: the first holds a comment
// with serial, so that no two pictures have the same bytes; the second is
// drawn once for each look.
func (a *album) picture(l look, serial uint64) (mark, rest string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rest, ok := a.drawn[l]
	if !ok {
		// Everything after the two bytes that start the file.
		rest = base64.StdEncoding.EncodeToString(a.draw(l)[2:])
		a.drawn[l] = rest
	}
	return comment(serial), rest
}

// comment starts a JPEG file: its marker and a comment segment, in a number of
// bytes that is a multiple of three, so that its base64 can be followed by more.
func comment(serial uint64) string {
	text := fmt.Appendf(nil, "made up by rtev, %016x", serial)
	segment := append([]byte{0xFF, 0xD8, 0xFF, 0xFE, 0, byte(len(text) + 2)}, text...)
	return base64.StdEncoding.EncodeToString(segment)
}

// draw makes the JPEG file of a look.
func (a *album) draw(l look) []byte {
	rng := rand.New(rand.NewPCG(uint64(l.colour)<<8|uint64(l.variant), uint64(len(l.class))))
	w, h := 132, 264
	if l.class != "Person" {
		w, h = 256, 160
	}
	quality := 82
	if a.large {
		w, h, quality = w*8/5, h*8/5, 86
	} else {
		w, h = w*(2+l.variant)/3, h*(2+l.variant)/3
	}
	c := &canvas{image.NewRGBA(image.Rect(0, 0, w, h))}
	c.ground(rng)
	switch l.class {
	case "Person":
		c.person(rng, a.paints[l.colour].rgb)
	case "Vehicle":
		c.vehicle(rng, a.paints[l.colour].rgb)
	default:
		c.animal(a.paints[l.colour].rgb)
	}
	c.noise(rng, 20)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, c, &jpeg.Options{Quality: quality}); err != nil {
		panic("simulator: picture: " + err.Error()) // a buffer takes everything
	}
	return b.Bytes()
}

// canvas is drawn on in fractions of its size, 0 to 1.
type canvas struct{ *image.RGBA }

// ground is a lit floor in front of a wall.
func (c *canvas) ground(rng *rand.Rand) {
	b := c.Bounds()
	warm := uint8(rng.IntN(24))
	for y := range b.Max.Y {
		shade := uint8(70 + 70*y/b.Max.Y)
		if y < b.Max.Y/3 {
			shade = uint8(120 - 40*y/b.Max.Y)
		}
		for x := range b.Max.X {
			c.SetRGBA(x, y, color.RGBA{shade + warm, shade + warm/2, shade, 255})
		}
	}
}

func (c *canvas) person(rng *rand.Rand, shirt color.RGBA) {
	tone := 110 + rng.IntN(110)
	skin := color.RGBA{uint8(tone), uint8(tone * 3 / 4), uint8(tone * 3 / 5), 255}
	trousers := color.RGBA{uint8(30 + rng.IntN(60)), uint8(30 + rng.IntN(50)), 70, 255}
	step := 0.03 + 0.05*rng.Float64()
	c.ellipse(0.5, 0.95, 0.30, 0.03, color.RGBA{50, 48, 46, 255})
	c.quad(0.42, 0.52, 0.10, 0.40-step, 0.56, 0.94, trousers)
	c.quad(0.58, 0.48, 0.10, 0.60+step, 0.56, 0.94, trousers)
	c.quad(0.28, 0.28, 0.06, 0.24-step, 0.24, 0.56, shirt)
	c.quad(0.72, 0.72, 0.06, 0.76+step, 0.24, 0.56, shirt)
	c.quad(0.50, 0.50, 0.22, 0.50, 0.20, 0.60, shirt)
	c.ellipse(0.5, 0.12, 0.13, 0.075, skin)
	c.ellipse(0.5, 0.075, 0.13, 0.04, color.RGBA{40, 30, 26, 255})
}

func (c *canvas) vehicle(rng *rand.Rand, body color.RGBA) {
	glass := color.RGBA{60, 76, 90, 255}
	tail := 0.02 * float64(rng.IntN(4))
	c.ellipse(0.5, 0.86, 0.46, 0.06, color.RGBA{46, 44, 44, 255})
	c.quad(0.50, 0.50, 0.22+tail, 0.50, 0.22, 0.50, body)
	c.quad(0.50, 0.50, 0.19+tail, 0.50, 0.27, 0.47, glass)
	c.quad(0.50, 0.50, 0.44, 0.50, 0.46, 0.78, body)
	c.quad(0.50, 0.50, 0.01, 0.50, 0.25, 0.74, color.RGBA{40, 40, 44, 255})
	for _, x := range []float64{0.25, 0.75} {
		c.ellipse(x, 0.78, 0.085, 0.13, color.RGBA{24, 24, 26, 255})
		c.ellipse(x, 0.78, 0.04, 0.06, color.RGBA{150, 150, 150, 255})
	}
	c.ellipse(0.92, 0.56, 0.025, 0.04, color.RGBA{250, 240, 190, 255})
}

func (c *canvas) animal(fur color.RGBA) {
	c.ellipse(0.5, 0.9, 0.34, 0.05, color.RGBA{50, 48, 46, 255})
	for _, x := range []float64{0.30, 0.38, 0.62, 0.70} {
		c.quad(x, x, 0.025, x, 0.55, 0.88, fur)
	}
	c.ellipse(0.5, 0.52, 0.28, 0.17, fur)
	c.ellipse(0.80, 0.36, 0.10, 0.13, fur)
	c.quad(0.22, 0.10, 0.02, 0.12, 0.20, 0.50, fur)
}

// ellipse fills an ellipse round (cx, cy).
func (c *canvas) ellipse(cx, cy, rx, ry float64, paint color.RGBA) {
	w, h := float64(c.Bounds().Max.X), float64(c.Bounds().Max.Y)
	for y := max(0, int((cy-ry)*h)); y <= min(int((cy+ry)*h), int(h)-1); y++ {
		for x := max(0, int((cx-rx)*w)); x <= min(int((cx+rx)*w), int(w)-1); x++ {
			dx, dy := (float64(x)/w-cx)/rx, (float64(y)/h-cy)/ry
			if dx*dx+dy*dy <= 1 {
				c.SetRGBA(x, y, paint)
			}
		}
	}
}

// quad fills an upright beam of half width r from (x0, y0) to (x2, y1), its
// middle pulled to x1.
func (c *canvas) quad(x0, x1, r, x2, y0, y1 float64, paint color.RGBA) {
	w, h := float64(c.Bounds().Max.X), float64(c.Bounds().Max.Y)
	for y := int(y0 * h); y < min(int(y1*h), int(h)); y++ {
		t := (float64(y)/h - y0) / (y1 - y0)
		mid := (1-t)*(1-t)*x0 + 2*t*(1-t)*x1 + t*t*x2
		for x := max(0, int((mid-r)*w)); x < min(int((mid+r)*w), int(w)); x++ {
			c.SetRGBA(x, y, paint)
		}
	}
}

// noise is what a camera adds in bad light.
func (c *canvas) noise(rng *rand.Rand, strength int) {
	for i := 0; i < len(c.Pix); i += 4 {
		n := rng.IntN(2*strength+1) - strength
		for k := i; k < i+3; k++ {
			c.Pix[k] = uint8(min(max(int(c.Pix[k])+n, 0), 255))
		}
	}
}
