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

// look is the appearance of an actor: its picture and attributes.
type look struct {
	name       string // of its file
	class      string
	file       []byte // a JPEG file of one or two KB
	attributes [][2]string
}

// looks returns all looks.
func looks() []*look {
	list := []*look{
		{name: "person-blue", class: "Person", attributes: [][2]string{{"upper_color", "blue"}}},
		{name: "person-red", class: "Person", attributes: [][2]string{{"upper_color", "red"}}},
		{name: "person-green", class: "Person", attributes: [][2]string{{"upper_color", "green"}}},
		{name: "car-white", class: "Vehicle", attributes: [][2]string{{"vehicle_color", "white"}, {"vehicle_class", "car"}}},
		{name: "truck-yellow", class: "Vehicle", attributes: [][2]string{{"vehicle_color", "yellow"}, {"vehicle_class", "truck"}}},
		{name: "dog-brown", class: "Animal", attributes: [][2]string{{"color", "brown"}}},
	}
	for _, l := range list {
		l.file, _ = pictures.ReadFile("pictures/" + l.name + ".jpg") // it is part of the program
	}
	return list
}

// image returns the picture in base64. A random comment in the file makes it as
// large as a camera's picture, and different from all others.
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
