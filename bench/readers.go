package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"

	"github.com/tidwall/gjson"
	"github.com/tmaxmax/go-sse"
)

// readers are other ways to read a stream, written as one would write them in
// a hurry, with large buffers.
var readers = map[string]func(url string) error{
	"sockets": sockets,
	"discard": discard,
	"scanner": scanner,
	"gosse":   goSSE,
}

// sockets reads the bytes and does nothing else: the limit.
func sockets(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", u.RequestURI(), u.Host)
	for buf := make([]byte, 256<<10); ; {
		n, err := conn.Read(buf)
		if n >= 5 && bytes.HasSuffix(buf[:n], []byte("0\r\n\r\n")) || err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func open(address string) (io.ReadCloser, error) {
	client := http.Client{Transport: &http.Transport{ReadBufferSize: 256 << 10}}
	resp, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// discard is net/http and no look at the bytes.
func discard(address string) error {
	body, err := open(address)
	if err != nil {
		return err
	}
	defer body.Close()
	for buf := make([]byte, 256<<10); ; {
		if _, err := body.Read(buf); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// scanner is a bufio.Scanner over the lines with gjson for one field, and the
// events that fit printed. It checks nothing.
func scanner(address string) error {
	body, err := open(address)
	if err != nil {
		return err
	}
	defer body.Close()
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 256<<10), 64<<20)
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if ok && gjson.GetBytes(data, "object_class").Str == "Person" {
			out.Write(data)
			out.WriteByte('\n')
		}
	}
	return errors.Join(lines.Err(), out.Flush())
}

// goSSE is the same with the library github.com/tmaxmax/go-sse.
func goSSE(address string) error {
	body, err := open(address)
	if err != nil {
		return err
	}
	defer body.Close()
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	for ev, err := range sse.Read(body, &sse.ReadConfig{MaxEventSize: 64 << 20}) {
		if err != nil {
			return err
		}
		if gjson.Get(ev.Data, "object_class").Str == "Person" {
			out.WriteString(ev.Data)
			out.WriteByte('\n')
		}
	}
	return out.Flush()
}
