// Command bench reads a stream of RT Server the way other programs do, so that
// scripts/bench.sh can compare their cost with rtev's. It is a module of its
// own: its libraries are not rtev's.
//
//	bench scanner|go-sse URL
package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/tidwall/gjson"
	"github.com/tmaxmax/go-sse"
)

func main() {
	readers := map[string]func(io.Reader, *bufio.Writer) error{"scanner": scan, "go-sse": goSSE}
	if len(os.Args) != 3 || readers[os.Args[1]] == nil {
		log.Fatal("usage: bench scanner|go-sse URL")
	}
	resp, err := http.Get(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	err = readers[os.Args[1]](resp.Body, out)
	if err := errors.Join(err, out.Flush(), resp.Body.Close()); err != nil {
		log.Fatal(err)
	}
}

// scan prints the events of persons. It reads lines with a bufio.Scanner, does
// not validate the JSON, and looks one field up with gjson.
func scan(body io.Reader, out *bufio.Writer) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 256<<10), 64<<20)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if ok && gjson.GetBytes(data, "object_class").Str == "Person" {
			_, _ = out.Write(data) // main checks the error of Flush
			_ = out.WriteByte('\n')
		}
	}
	return lines.Err()
}

// goSSE does the same with github.com/tmaxmax/go-sse.
func goSSE(body io.Reader, out *bufio.Writer) error {
	for ev, err := range sse.Read(body, &sse.ReadConfig{MaxEventSize: 64 << 20}) {
		if err != nil {
			return err
		}
		if gjson.Get(ev.Data, "object_class").Str == "Person" {
			_, _ = out.WriteString(ev.Data)
			_ = out.WriteByte('\n')
		}
	}
	return nil
}
