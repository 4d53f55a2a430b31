package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
)

// pollRows are readers of one polling answer that holds all events, as a queue
// gives them: each a JSON string in an item of an array.
func pollRows() []row {
	rows := []row{
		{name: "curl -sN URL -o /dev/null", command: "curl -sN ANSWER -o /dev/null"},
		{name: "rtev poll --once", command: "RTEV poll -q --once -o ndjson ANSWER"},
		{name: "rtev poll --once --spool", command: "RTEV poll -q --once -o ndjson --spool TMP ANSWER"},
	}
	if _, err := exec.LookPath("jq"); err == nil {
		rows = append(rows, row{name: "curl \\| jq -c '.[].jsonObject\\|fromjson'", command: "curl -sN ANSWER | jq -c '.[].jsonObject|fromjson'"})
	}
	return rows
}

// answer is a server of one polling answer, which it gives again and again.
type answer struct {
	server *httptest.Server
	url    string
	size   int64
}

// queue puts the payloads of an instance's stream into one polling answer.
func queue(stream, id string) (*answer, error) {
	resp, err := http.Get(stream)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text := []byte("[")
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		item, err := json.Marshal(map[string]string{"dataType": "track", "jsonObject": string(data)})
		if err != nil {
			return nil, err
		}
		text = append(append(text, item...), ',')
	}
	if len(text) == 1 || lines.Err() != nil {
		return nil, fmt.Errorf("%s gave no event: %w", stream, lines.Err())
	}
	text[len(text)-1] = ']'
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text)
	}))
	return &answer{s, s.URL + "/v1/core/instance/" + id + "/consume_events", int64(len(text))}, nil
}
