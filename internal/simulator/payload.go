package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object. It is encoded with sorted names, as real servers
// send them.
type object = map[string]any

// item is one event as the server sends it.
type item struct {
	typ      string
	payload  []byte        // one JSON object
	at       time.Duration // when it is due, counted from the instance's start
	instance string        // of a recorded event; "" if it names none
	stored   object        // the database's row for it, or nil
}

// double returns a number as real servers print it: a float32 widened, with all
// its digits (0.21199999749660492).
func double(f float64) float64 { return float64(float32(f)) }

// marshal returns v as one line of JSON, with < > & as they are. It is only
// called with values that can be encoded.
func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("simulator: payload: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// appendTimed appends a made-up payload with its wall-clock times replaced.
// The two times are neighbours of a fixed width.
func appendTimed(dst, payload []byte, at time.Time) []byte {
	i := len(dst) + bytes.LastIndex(payload, []byte(`"system_datetime":"`))
	dst = append(dst, payload...)
	text := at.UTC().AppendFormat(make([]byte, 0, 80), `"system_datetime":"2006-01-02T15:04:05Z","system_timestamp":`)
	copy(dst[i:], strconv.AppendInt(text, at.UnixMilli(), 10))
	return dst
}

// image returns a picture in base64. A random comment in the file makes it as
// large as a camera's picture, and different from all others.
func image(name string, rng *rand.Rand) string {
	picture, _ := pictures.ReadFile(name) // it is part of the program
	text := fmt.Sprintf("made up by rtev, %016x", rng.Uint64())
	text += strings.Repeat(" ", 24_000+rng.IntN(18_000))
	file := append([]byte(nil), picture[:2]...) // start of image
	file = append(file, 0xFF, 0xFE)             // comment
	file = binary.BigEndian.AppendUint16(file, uint16(len(text)+2))
	file = append(append(file, text...), picture[2:]...)
	return base64.StdEncoding.EncodeToString(file)
}

// uuid returns random bytes in the form of a UUID, as the server's are.
func uuid(rng *rand.Rand) string {
	a, b := rng.Uint64(), rng.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xFFFF, a&0xFFFF, b>>48, b&0xFFFF_FFFF_FFFF)
}

// named returns the UUID for a name. It is the same in every run.
func named(name string) string { return uuid(rand.New(rand.NewPCG(Hash([]byte(name)), 0))) }
