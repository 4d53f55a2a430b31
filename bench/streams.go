package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// stream is a table of the page: commands that read the same stream.
type stream struct {
	title     string
	mix       string
	instances int
	events    int // of each instance
	rows      []row
	queued    bool // rows read all events in one polling answer, too
}

// row is a command line, in which
//
//	RTEV   is the program      URL    the stream's address
//	BENCH  this program        URLS   those of all instances
//	SERVER the server          N      the events of all instances
//	MATCH  the number of events that fit the row's filter
//	ANSWER the address of one polling answer with all events
//	TMP    a new folder
//	MEMORY a new folder in memory, where there is one
type row struct {
	name    string
	command string
	filter  string
	slow    bool // reads a tenth of the events; what it took counts ten times
}

const (
	curl       = "curl -sN URL -o /dev/null"
	one        = `object_class == "Person"`
	three      = `object_class == "Person" && location.x > 0.3 && location.height < 0.5`
	ndjson     = "RTEV tail -q URL -o ndjson -n N"
	someFields = "_time,_type,_place,object_class,location.x,location.y"
)

// others are the rows that need not be there.
func others() []row {
	rows := []row{{name: "bufio.Scanner and gjson, one field", command: "BENCH scanner URL"},
		{name: "tmaxmax/go-sse and gjson, one field", command: "BENCH gosse URL"}}
	if _, err := exec.LookPath("python3"); err == nil {
		rows = append(rows, row{name: "Python loop (urllib, json), one field", command: "python3 bench/loop.py URL", slow: true})
	}
	if _, err := exec.LookPath("jq"); err == nil {
		rows = append(rows,
			row{name: "curl \\| sed \\| jq, one field", command: `curl -sN URL | sed -n 's/^data: //p' | jq -c 'select(.object_class == "Person")'`, slow: true})
	}
	return rows
}

// streams are the tables for so many events of tracks.
func streams(n int) []stream {
	plain := row{name: "curl -sN URL -o /dev/null", command: curl}
	all := row{name: "rtev ndjson", command: ndjson}
	discard := row{name: "Go client that discards", command: "BENCH discard URL"}
	tracks := []row{plain,
		{name: "curl without -N", command: "curl -s URL -o /dev/null"},
		{name: "plain socket reads of 256 KiB", command: "BENCH sockets URL"},
		discard, all,
		{name: "rtev ndjson, one field", command: "RTEV tail -q URL -o ndjson -n MATCH -w 'FILTER'", filter: one},
		{name: "rtev ndjson, three fields, two nested", command: "RTEV tail -q URL -o ndjson -n MATCH -w 'FILTER'", filter: three},
		{name: "rtev ndjson --columns, six", command: ndjson + " --columns " + someFields},
		{name: "rtev csv", command: "RTEV tail -q URL -o csv -n N"},
		{name: "rtev csv --columns, six", command: "RTEV tail -q URL -o csv -n N --columns " + someFields},
		{name: "rtev text", command: "RTEV tail -q URL -n N --color never"},
		{name: "rtev text in colour", command: "RTEV tail -q URL -n N --color always"},
		{name: "rtev stats", command: "RTEV stats -q URL -n N"},
	}
	mixed := []row{plain, all,
		{name: "rtev ndjson, one field", command: "RTEV tail -q URL -o ndjson -n MATCH -w 'FILTER'", filter: one},
		{name: "rtev ndjson --no-image", command: ndjson + " --no-image"},
		{name: "rtev csv", command: "RTEV tail -q URL -o csv -n N"},
		{name: "rtev text in colour", command: "RTEV tail -q URL -n N --color always"},
		{name: "rtev stats", command: "RTEV stats -q URL -n N"},
		{name: "rtev crops (3 % of the events become files in memory)", command: "RTEV crops -q URL -d MEMORY -n MATCH", filter: `$id == "crop"`},
	}
	many := []row{{name: "100 × curl -sN URL -o /dev/null", command: "for u in URLS; do curl -sN $u -o /dev/null & done; wait"},
		{name: "rtev ndjson", command: "RTEV tail -q -s SERVER -o ndjson -n N"},
		{name: "rtev text in colour", command: "RTEV tail -q -s SERVER -n N --color always"}}
	return []stream{
		{"Tracks", "tracks", 1, n, append(tracks, others()...), false},
		{"Mixed: 3 % crops of 30 to 60 KB", "mixed", 1, n / 5, mixed, false},
		{"Crops only", "crops", 1, n / 50, []row{plain, discard, all, {name: "rtev stats", command: "RTEV stats -q URL -n N"}}, false},
		{"Tracks over 100 connections", "tracks", 100, n / 100, many, false},
		{"Tracks in one polling answer", "tracks", 1, n / 10, pollRows(), true},
	}
}

// bed is what a stream's rows are run against.
type bed struct {
	rtev, self string
	whole      *server
	tenth      *server // nil where no row is slow
	events     int
	bytes      int64 // of the bodies, without the framing of HTTP
	match      map[string]int
	answer     *answer // nil where no row reads one
}

// prepare starts the servers of a stream.
func (s stream) prepare(rtev string) (*bed, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b := &bed{rtev: rtev, self: self, events: s.events * s.instances, match: map[string]int{}}
	if b.whole, err = s.serve(rtev, s.events); err != nil {
		return nil, err
	}
	for _, r := range s.rows {
		if r.slow && b.tenth == nil {
			b.tenth, err = s.serve(rtev, s.events/10)
		}
		if err == nil && r.filter != "" && b.match[r.filter] == 0 {
			err = b.count(r.filter)
		}
		if err != nil {
			b.stop()
			return nil, err
		}
	}
	size, err := shell("curl -sN " + b.whole.stream(0) + " | wc -c")
	b.bytes = int64(size) * int64(s.instances)
	if err == nil && s.queued {
		if b.answer, err = queue(b.whole.stream(0), b.whole.ids[0]); err == nil {
			b.bytes = b.answer.size
		}
	}
	return b, err
}

func (s stream) serve(rtev string, events int) (*server, error) {
	return serve(rtev, "--rate", "max", "--count", strconv.Itoa(events), "--mix", s.mix, "--instances", strconv.Itoa(s.instances))
}

func (b *bed) stop() {
	b.whole.stop()
	if b.tenth != nil {
		b.tenth.stop()
	}
	if b.answer != nil {
		b.answer.server.Close()
	}
}

// count counts the events that fit a filter.
func (b *bed) count(filter string) (err error) {
	b.match[filter], err = shell(fmt.Sprintf("curl -sN %s | %s tail - -q -o ndjson -w '%s' | wc -l", b.whole.stream(0), b.rtev, filter))
	if err == nil && b.match[filter] == 0 {
		err = fmt.Errorf("no event fits %s", filter)
	}
	return err
}

// shell returns the number that a command line prints.
func shell(command string) (int, error) {
	out, err := exec.Command("sh", "-c", command).Output()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", command, err)
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// run runs a row once.
func (b *bed) run(r row) (cost, error) {
	s := b.whole
	if r.slow {
		s = b.tenth
	}
	dir, err := r.folder()
	if err != nil {
		return cost{}, err
	}
	defer os.RemoveAll(dir)
	urls := ""
	for i := range s.ids {
		urls += s.stream(i) + " "
	}
	answer := ""
	if b.answer != nil {
		answer = b.answer.url
	}
	c, err := timed(strings.NewReplacer("ANSWER", answer, "RTEV", b.rtev, "BENCH", b.self, "URLS", urls, "URL", s.stream(0), "SERVER", s.url,
		"TMP", dir, "MEMORY", dir, "FILTER", r.filter, "MATCH", strconv.Itoa(b.match[r.filter]), " -n N", " -n "+strconv.Itoa(b.events)).Replace(r.command))
	if r.slow {
		c.wall, c.cpu = 10*c.wall, 10*c.cpu
	}
	return c, err
}

// folder makes the row's new folder, "" where it needs none.
func (r row) folder() (string, error) {
	const memory = "/dev/shm"
	switch {
	case strings.Contains(r.command, "TMP"):
		return os.MkdirTemp("", "bench")
	case strings.Contains(r.command, "MEMORY"):
		if at, err := os.Stat(memory); err == nil && at.IsDir() {
			return os.MkdirTemp(memory, "bench")
		}
		return os.MkdirTemp("", "bench")
	}
	return "", nil
}
