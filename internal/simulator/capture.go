package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// capture is a recording.
type capture struct {
	items       []item
	start, last time.Duration // wall clock of the first item; time of the latest one since then
}

// parseCapture reads SSE (saved with curl), NDJSON, polling responses, or the
// framing of older servers. It returns nil if data is empty.
func parseCapture(data []byte) (*capture, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(data) == 0 {
		return nil, nil
	}
	c := &capture{}
	var err error
	if first := bytes.TrimSpace(data); len(first) > 0 && (first[0] == '{' || first[0] == '[') {
		err = c.addJSON(data)
	} else {
		c.addSSE(data)
	}
	if err == nil && len(c.items) == 0 {
		err = errors.New("the recording has no event")
	}
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	return c, nil
}

// addSSE adds records of "event:" and "data:" lines. Data that is not JSON is
// replayed unchanged.
func (c *capture) addSSE(data []byte) {
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	for record := range bytes.SplitSeq(data, []byte("\n\n")) {
		var typ string
		var lines [][]byte
		for line := range bytes.SplitSeq(record, []byte("\n")) {
			field, value, _ := bytes.Cut(line, []byte(":"))
			value = bytes.TrimPrefix(value, []byte(" "))
			switch string(field) {
			case "event":
				typ = string(value)
			case "data":
				lines = append(lines, value)
			}
		}
		if lines != nil {
			c.add(typ, bytes.Join(lines, []byte("\n")))
		}
	}
}

// addJSON adds a sequence of payloads, wrapped payloads, and arrays of them.
func (c *capture) addJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var value json.RawMessage
		err := dec.Decode(&value)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("byte %d: %w", dec.InputOffset(), err)
		}
		var elements []json.RawMessage
		if json.Unmarshal(value, &elements) != nil {
			elements = []json.RawMessage{value}
		}
		for _, e := range elements {
			c.add("", e)
		}
	}
}

// add adds one payload without its wrapper. The type is the framing's, else the
// wrapper's, else the payload's. The time never decreases; a payload without one is
// due together with the previous one.
func (c *capture) add(typ string, payload []byte) {
	var head struct {
		DataType, JSONObject, Type, Object string
		ID                                 string `json:"$id"`
		Instance                           string `json:"instance_id"`
		Time                               int64  `json:"system_timestamp"`
	}
	_ = json.Unmarshal(payload, &head) // what is missing stays empty
	if inner := head.JSONObject + head.Object; head.ID == "" && inner != "" {
		if typ == "" {
			typ = head.DataType + head.Type
		}
		c.add(typ, []byte(inner))
		return
	}
	if typ == "" {
		typ = head.ID
	}
	at := time.Duration(head.Time) * time.Millisecond
	if c.start == 0 {
		c.start = at
	}
	if at > 0 {
		c.last = max(c.last, at-c.start)
	}
	c.items = append(c.items, item{typ: typ, payload: payload, at: c.last, instance: head.Instance})
}

// of returns the events that name the instance or none.
func (c *capture) of(id string) []item {
	others := func(it item) bool { return it.instance != id && it.instance != "" }
	return slices.DeleteFunc(slices.Clone(c.items), others)
}

// instances returns the instances that the capture names.
func (c *capture) instances() (list []Instance) {
	seen := map[string]bool{"": true}
	for _, it := range c.items {
		if !seen[it.instance] {
			seen[it.instance] = true
			list = append(list, Instance{ID: it.instance, Name: "Recorded " + strconv.Itoa(len(list)+1), Group: "replay"})
		}
	}
	if list == nil {
		list = []Instance{{Name: "Recorded 1", Group: "replay"}}
	}
	return list
}
