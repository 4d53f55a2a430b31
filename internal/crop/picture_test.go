package crop

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	simd "github.com/segmentio/asm/base64"
)

// noise returns a picture of w x h pixels that compresses badly.
func noise(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, uint64(w*h)))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.Uint32())
	}
	return img
}

func jpegOf(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, jpeg.Encode(&b, noise(w, h), nil))
	return b.Bytes()
}

func pngOf(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, png.Encode(&b, noise(w, h)))
	return b.Bytes()
}

func gifOf(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	picture := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White})
	check(t, gif.Encode(&b, picture, nil))
	return b.Bytes()
}

// webpOf returns a lossless WebP of one pixel.
func webpOf(t testing.TB) []byte {
	t.Helper()
	p, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	check(t, err)
	return p
}

// The headers of a lossy and of an extended WebP, with a size of their own.
var (
	lossyWebP    = []byte("RIFF\x16\x00\x00\x00WEBPVP8 \x0a\x00\x00\x00\xb2\x34\x00\x9d\x01\x2a\x96\x00\x67\x00")
	extendedWebP = []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00\x8f\x01\x00\x2c\x01\x00")
)

func TestPictures(t *testing.T) {
	j, p, w := jpegOf(t, 30, 20), pngOf(t, 8, 4), webpOf(t)
	thumb := append([]byte("\xff\xe1\x00\x0a"), "\xff\xd8\xff\xd9abcd"...) // a segment with an end marker in it
	inside := append(append([]byte("\xff\xd8"), thumb...), j[2:]...)
	cat := func(p []byte, more string) []byte { return append(bytes.Clone(p), more...) }
	huge := bytes.Clone(p)
	copy(huge[16:24], "\x7f\xff\xff\xff\x7f\xff\xff\xff")
	for _, tc := range []struct {
		name          string
		in            []byte
		ext           string
		width, height int
		err           string
	}{
		{"jpeg", j, "", 30, 20, ""},
		{"jpeg with zeros behind", cat(j, "\x00\x00\x00"), "", 30, 20, ""},
		{"jpeg with a trailer behind", cat(j, "MAKER NOTES"), "", 30, 20, ""},
		{"jpeg with a thumbnail", inside, "", 30, 20, ""},
		{"jpeg after a line end", append([]byte("\r\n"), j...), "", 30, 20, ""},
		{"png", p, ".png", 8, 4, ""},
		{"png with a trailer", cat(p, "x"), ".png", 8, 4, ""},
		{"webp", w, ".webp", 1, 1, ""},
		{"lossy webp", lossyWebP, ".webp", 150, 103, ""},
		{"extended webp", extendedWebP, ".webp", 400, 301, ""},
		{"jpeg without its end marker", j[:len(j)-2], "", 0, 0, "the JPEG is cut off after"},
		{"half a jpeg", j[:len(j)/2], "", 0, 0, "the JPEG is cut off after"},
		{"half a jpeg with zeros behind", cat(j[:len(j)/2], "\x00\x00"), "", 0, 0, "the JPEG is cut off after"},
		{"half a jpeg with a thumbnail", inside[:len(inside)/2], "", 0, 0, "the JPEG is cut off after"},
		{"jpeg with bytes between its segments", append([]byte("\xff\xd8\xff\xff\xe1\x00\x02junk"), j[2:]...), "", 30,
			20, ""},
		{"jpeg of another process", append([]byte("\xff\xd8\xff\xc9\x00\x0b\x0c\x00\x05\x00\x07\x01\x01\x11\x00"),
			"\xff\xd9"...), "", 7, 5, ""},
		{"jpeg with a short frame header", []byte("\xff\xd8\xff\xc0\x00\x04\x08\x00\xff\xd9"), "", 0, 0,
			"its frame header is too short"},
		{"jpeg of no height", []byte("\xff\xd8\xff\xc0\x00\x08\x08\x00\x00\x00\x07\x01\xff\xd9"), "", 0, 0, "it has no size"},
		{"a jpeg's two ends", []byte("\xff\xd8\xff\xd9"), "", 0, 0, "the JPEG is damaged"},
		{"a jpeg of nothing", cat([]byte("\xff\xd8\xff"), strings.Repeat("x", 100)+"\xff\xd9"), "", 0, 0,
			"the JPEG is cut off after"},
		{"png cut", p[:len(p)-1], "", 0, 0, "the PNG is cut off after"},
		{"png of impossible size", huge, "", 0, 0, "the PNG is damaged"},
		{"webp cut", w[:len(w)-1], "", 0, 0, "the WebP is cut off after"},
		{"webp of an unknown kind",
			[]byte("RIFF\x16\x00\x00\x00WEBPVPxx\xae\x0c\x00\x00\xb2\x34\x00\x9d\x01\x2a\x96\x00\x67\x00"),
			"", 0, 0, "the WebP is damaged"},
		{"lossy webp without its start code", append(bytes.Clone(lossyWebP[:23]), "1234567"...), "", 0, 0,
			"the WebP is damaged"},
		{"nothing", nil, "", 0, 0, "its image is empty"},
		{"html", []byte(" <!DOCTYPE html><html>"), "", 0, 0,
			"its image is not a JPEG, PNG or WebP: it starts with 3c 21 44 4f 43 54 59 50, which looks like text/html; " +
				"charset=utf-8"},
		{"json", []byte(`{"error":1}`), "", 0, 0, "looks like text/plain"},
		{"gif", gifOf(t), "", 0, 0, "looks like image/gif"},
		{"noise", []byte("\x01\x02"), "", 0, 0, "it starts with 01 02"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := inspect(tc.in)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("got %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil || got.ext != tc.ext || got.width != tc.width || got.height != tc.height ||
				!bytes.Equal(got.data, bytes.TrimLeft(tc.in, "\r\n")) {
				t.Errorf("got %q %dx%d, %v; want %q %dx%d", got.ext, got.width, got.height, err, tc.ext, tc.width, tc.height)
			}
		})
	}
}

func TestInspectRefusesEveryCut(t *testing.T) {
	for name, whole := range map[string][]byte{"jpeg": jpegOf(t, 16, 32), "png": pngOf(t, 4, 4), "webp": webpOf(t)} {
		for n := range whole {
			if _, err := inspect(whole[:n]); err == nil {
				t.Errorf("a %s of %d bytes is taken after %d", name, len(whole), n)
			}
		}
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(lossyWebP)
	f.Add(extendedWebP)
	f.Add(jpegOf(f, 4, 4))
	f.Add(pngOf(f, 4, 4))
	f.Add(webpOf(f))
	f.Add([]byte("\xff\xd8\xff\xe0\xff\xff"))
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, p []byte) {
		got, err := inspect(p)
		if err != nil {
			if !utf8.ValidString(err.Error()) || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Fatalf("not one clean line: %q", err)
			}
			return
		}
		if got.width <= 0 || got.height <= 0 || !bytes.HasSuffix(p, got.data) {
			t.Fatalf("%dx%d", got.width, got.height)
		}
		if c, _, err := image.DecodeConfig(bytes.NewReader(got.data)); err == nil &&
			(c.Width != got.width || c.Height != got.height) {
			t.Fatalf("%dx%d, but image/jpeg reads %dx%d", got.width, got.height, c.Width, c.Height)
		}
	})
}

func TestDecode(t *testing.T) {
	want := jpegOf(t, 16, 16)
	std := base64.StdEncoding.EncodeToString(want)
	raw := strings.TrimRight(std, "=")
	var lines strings.Builder
	for i := 0; i < len(std); i += 76 {
		lines.WriteString(std[i:min(len(std), i+76)] + `\r\n`)
	}
	for name, text := range map[string]string{
		"plain":         std,
		"no padding":    raw,
		"url alphabet":  base64.URLEncoding.EncodeToString(want),
		"raw url":       base64.RawURLEncoding.EncodeToString(want),
		"data url":      "data:image/jpeg;base64," + std,
		"data url, raw": "DATA:image/png;charset=x;base64, " + raw,
		"escapes":       strings.ReplaceAll(std, "/", `\/`),
		"data escaped":  `data:image\/jpeg;base64,` + strings.ReplaceAll(std, "/", `\u002f`),
		"lines":         lines.String(),
		"blanks":        " " + std[:9] + " \\t" + std[9:] + "  ",
	} {
		var d decoder
		got, err := d.picture([]byte(`"` + text + `"`))
		if err != nil || !bytes.Equal(got.data, want) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got.data), err, len(want))
		}
	}
	for name, text := range map[string]string{
		"no string": `17`, "null": `null`, "nothing": ``, "not base64": `"<html>"`, "cut to one character": `"/9j/4"`,
		"padding inside": `"/9==j/4A"`,
	} {
		var d decoder
		if _, err := d.picture([]byte(text)); err == nil {
			t.Errorf("%s: taken as a picture", name)
		}
	}
}

// pluses returns a JPEG whose base64 has a number of "+" that is a multiple of
// four, so that it has a valid length without them as well.
func pluses(t *testing.T) (pic []byte, text string) {
	t.Helper()
	for w := 40; w < 200; w++ {
		pic = jpegOf(t, w, 30)
		text = base64.StdEncoding.EncodeToString(pic)
		if n := strings.Count(text, "+"); n > 0 && n%4 == 0 {
			return pic, text
		}
	}
	t.Fatal("no such picture")
	return nil, ""
}

func TestSpacesForPlusAreRepaired(t *testing.T) {
	pic, text := pluses(t)
	lossy := strings.ReplaceAll(text, "+", " ")
	var d decoder
	for name, text := range map[string]string{
		"all spaces": lossy, "no padding": strings.TrimRight(lossy, "="), "escaped": strings.ReplaceAll(lossy, "/", `\/`),
		"data url": "data:image/jpeg;base64," + lossy,
	} {
		if got, err := d.picture([]byte(`"` + text + `"`)); err != nil || !bytes.Equal(got.data, pic) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got.data), err, len(pic))
		}
	}
	either := "+" // a picture without "+" in its base64, so that spaces after its end are no part of it
	for w := 1; strings.Contains(either, "+"); w++ {
		var b bytes.Buffer
		check(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, w, 1))))
		b.Write(make([]byte, 3-b.Len()%3))
		either = base64.StdEncoding.EncodeToString(b.Bytes())
	}
	damaged := lossy[:len(lossy)/2] + "AAAA" + lossy[len(lossy)/2:]
	for name, text := range map[string]string{
		"damaged": damaged[:len(damaged)-40], "no picture": "AAA AAAA", "a picture either way": either + "    AAAA",
	} {
		if got, err := d.picture([]byte(`"` + text + `"`)); err == nil {
			t.Errorf("%s: taken as %d bytes", name, len(got.data))
		}
	}
}

// The vector code accepts and refuses the same base64 as the standard library, at
// every length and with a mistake at every place, and writes nothing beyond it.
func TestDecodeAgreesWithStandardLibrary(t *testing.T) {
	compare := func(text []byte) {
		t.Helper()
		want := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
		n, err := base64.StdEncoding.Decode(want, text)
		buf := bytes.Repeat([]byte{0xa5}, len(want)+64)
		n2, err2 := simd.StdEncoding.Decode(buf[:len(want):len(want)], text)
		if (err == nil) != (err2 == nil) || err == nil && (n != n2 || !bytes.Equal(want[:n], buf[:n])) {
			t.Fatalf("%q: %d bytes, %v; the standard library says %d, %v", text, n2, err2, n, err)
		}
		if !bytes.Equal(buf[len(want):], bytes.Repeat([]byte{0xa5}, 64)) {
			t.Fatalf("%q: it wrote behind its end", text)
		}
	}
	data := make([]byte, 200)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	for n := range data {
		compare(base64.StdEncoding.AppendEncode(nil, data[:n]))
	}
	good := base64.StdEncoding.AppendEncode(nil, data[:150])
	for at := range good {
		for c := range 256 {
			bad := bytes.Clone(good)
			bad[at] = byte(c)
			compare(bad)
		}
	}
}

func TestDecoderReleasesLargeBuffers(t *testing.T) {
	var d decoder
	image := func(p []byte) []byte { return []byte(`"` + base64.StdEncoding.EncodeToString(p) + `"`) }
	small := jpegOf(t, 8, 8)
	giant := append(bytes.Clone(small), make([]byte, 12<<20)...)
	if got, err := d.picture(image(giant)); err != nil || len(got.data) != len(giant) {
		t.Fatalf("%d bytes, %v", len(got.data), err)
	}
	if _, err := d.picture(image(small)); err != nil || cap(d.out) > maxBuffer {
		t.Errorf("%v, %d bytes stay allocated", err, cap(d.out))
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"/9j/4A==", "_9j_4A", `data:image/jpeg;base64,\/9j\/`, "a b\tc=", "===", "data:,"} {
		f.Add([]byte(s))
	}
	small := jpegOf(f, 8, 8)
	f.Fuzz(func(t *testing.T, p []byte) {
		var d decoder
		want := append(bytes.Clone(small), p...)
		text := base64.StdEncoding.EncodeToString(want)
		for _, in := range []string{
			text, strings.TrimRight(text, "="), base64.URLEncoding.EncodeToString(want), strings.ReplaceAll(text, "/", `\/\n`),
		} {
			if got, err := d.picture([]byte(`"` + in + `"`)); err != nil || !bytes.Equal(got.data, want) {
				t.Fatalf("%q: %q, %v; want %q", in, got.data, err, want)
			}
		}
		if got, err := d.picture(append(append([]byte{'"'}, p...), '"')); err == nil && len(got.data) > len(p) {
			t.Fatalf("%d bytes out of %d characters", len(got.data), len(p))
		}
	})
}
