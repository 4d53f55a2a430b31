package simulator

import (
	"embed"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
)

//go:embed pictures/*.jpg
var pictures embed.FS

// look is what an actor looks like: its picture and what attributes say.
type look struct {
	class      string
	file       []byte // a JPEG file of one or two KB
	attributes [][2]string
}

// looks returns the looks that there are.
func looks() []*look {
	list := []*look{
		{class: "Person", attributes: [][2]string{{"upper_color", "blue"}}},
		{class: "Person", attributes: [][2]string{{"upper_color", "red"}}},
		{class: "Person", attributes: [][2]string{{"upper_color", "green"}}},
		{class: "Vehicle", attributes: [][2]string{{"vehicle_color", "white"}, {"vehicle_class", "car"}}},
		{class: "Vehicle", attributes: [][2]string{{"vehicle_color", "yellow"}, {"vehicle_class", "truck"}}},
		{class: "Animal", attributes: [][2]string{{"color", "brown"}}},
	}
	names := []string{"person-blue", "person-red", "person-green", "car-white", "truck-yellow", "dog-brown"}
	for i, l := range list {
		var err error
		if l.file, err = pictures.ReadFile("pictures/" + names[i] + ".jpg"); err != nil {
			panic("simulator: " + err.Error()) // the files are part of the program
		}
	}
	return list
}

// image returns the picture in base64. A comment in the file makes it as large
// as a camera's picture, and unlike any other.
func (l *look) image(rng *rand.Rand, large bool) string {
	size := 4_000 + rng.IntN(11_000)
	if large {
		size = 24_000 + rng.IntN(18_000)
	}
	text := fmt.Sprintf("made up by rtev, %016x", rng.Uint64())
	text += strings.Repeat(" ", size-len(text))
	file := append([]byte(nil), l.file[:2]...) // start of image
	file = append(file, 0xFF, 0xFE)            // comment
	file = binary.BigEndian.AppendUint16(file, uint16(len(text)+2))
	file = append(append(file, text...), l.file[2:]...)
	return base64.StdEncoding.EncodeToString(file)
}
