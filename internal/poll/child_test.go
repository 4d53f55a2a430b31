//go:build unix

package poll

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/rtapi"
)

var kills = flag.Int("kills", 20, "how often TestKilledAtAnyInstant kills")

// TestMain also runs the child processes that tests start.
func TestMain(m *testing.M) {
	switch os.Getenv("POLL_CHILD") {
	case "":
		goleak.VerifyTestMain(m)
	case "kill":
		os.Exit(killedChild())
	case "full":
		os.Exit(fullChild())
	case "unwritten":
		os.Exit(unwrittenChild())
	}
	os.Exit(9)
}

// child starts this test binary as one of the processes above.
func child(t *testing.T, kind string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), append(env, "POLL_CHILD="+kind)...)
	cmd.Stderr = os.Stderr
	return cmd
}

// killedChild polls a server with a spool and writes to stdout until it is
// killed. Before each read it writes its progress, "response bytes", to fd 3: all
// bytes before are then in the spool.
func killedChild() int {
	client, err := rtapi.New(rtapi.Options{Server: os.Getenv("POLL_SERVER")})
	if err != nil {
		return 8
	}
	spool, err := OpenSpool(os.Getenv("POLL_SPOOL"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 7
	}
	p := &Poll{Client: &telling{Client: client, to: os.NewFile(3, "progress")}, Instance: gate(),
		Interval: time.Millisecond, Spool: spool, UnwrittenDirs: []string{os.Getenv("POLL_SPOOL") + "-unwritten"}}
	err = p.Run(context.Background(), &lines{out: os.Stdout})
	fmt.Fprintln(os.Stderr, err)
	return 6
}

type telling struct {
	Client
	to io.Writer
	n  int
}

func (c *telling) Drain(ctx context.Context, id string, types []string) (io.ReadCloser, error) {
	body, err := c.Client.Drain(ctx, id, types)
	if body == nil {
		return nil, err
	}
	c.n++
	return &tellingBody{ReadCloser: body, to: c.to, response: c.n}, nil
}

type tellingBody struct {
	io.ReadCloser
	to             io.Writer
	response, read int
}

func (b *tellingBody) Read(p []byte) (int, error) {
	fmt.Fprintln(b.to, b.response, b.read)
	n, err := b.ReadCloser.Read(p)
	b.read += n
	return n, err
}

// feeder is a server that generates responses. Each child has its own path, and
// feeder remembers its responses.
type feeder struct {
	mu    sync.Mutex
	next  int // event
	given map[string][]given
	asked map[string]chan bool // closed with a child's first request
}

type given struct {
	text  string
	first int // event
}

func (f *feeder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who := strings.Split(r.URL.Path, "/")[1]
	f.mu.Lock()
	from := f.next
	f.next += 1 + rand.N(200)
	response := items(from, f.next)
	if len(f.given[who]) == 0 {
		close(f.asked[who])
	}
	f.given[who] = append(f.given[who], given{response, from})
	f.mu.Unlock()
	for len(response) > 0 {
		n := min(len(response), 1+rand.N(8<<10))
		io.WriteString(w, response[:n])
		w.(http.Flusher).Flush()
		response = response[n:]
		if rand.N(4) == 0 {
			time.Sleep(rand.N(2 * time.Millisecond))
		}
	}
}

// TestKilledAtAnyInstant kills a polling process at random instants. Every event
// whose arrival it had reported must be printed by one of the runs.
func TestKilledAtAnyInstant(t *testing.T) {
	feed := &feeder{given: map[string][]given{}, asked: map[string]chan bool{}}
	srv := httptest.NewServer(feed)
	defer srv.Close()
	dir, seen := t.TempDir(), map[string]int{}
	var owed []string
	left := 0
	for round := range *kills {
		out := filepath.Join(t.TempDir(), strconv.Itoa(round))
		owed = append(owed, killOnce(t, feed, srv.URL, dir, out)...)
		left += len(files(t, dir, "2*"))
		text, err := os.ReadFile(out)
		check(t, err)
		for _, line := range completeLines(string(text)) {
			seen[line]++
		}
	}
	for _, line := range drainAll(t, dir, &noticeLog{}) {
		seen[line]++
	}
	missing, twice := 0, 0
	for _, line := range owed {
		if seen[line] == 0 {
			missing++
			t.Logf("missing: %s", line)
		}
		if seen[line] > 1 {
			twice++
		}
	}
	t.Logf("%d kills with %d responses in the spool; %d events of %d drained had arrived, %d came twice", *kills, left,
		len(owed), feed.next, twice)
	if missing > 0 || len(owed) < 10**kills {
		t.Errorf("%d events are missing of %d", missing, len(owed))
	}
}

// killOnce lets a child poll for a while and kills it. It returns the events
// that had reached it.
func killOnce(t *testing.T, feed *feeder, url, dir, out string) (owed []string) {
	t.Helper()
	who := filepath.Base(out)
	stdout, err := os.Create(out)
	check(t, err)
	defer stdout.Close()
	here, there, err := os.Pipe()
	check(t, err)
	defer here.Close()
	cmd := child(t, "kill", "POLL_SERVER="+url+"/"+who, "POLL_SPOOL="+dir)
	cmd.Stdout, cmd.ExtraFiles = stdout, []*os.File{there}
	asked := make(chan bool)
	feed.mu.Lock()
	feed.asked[who] = asked
	feed.mu.Unlock()
	check(t, cmd.Start())
	there.Close()
	progress := make(chan [2]int)
	go func() { // the pipe must not fill up
		var last [2]int
		for sc := bufio.NewScanner(here); sc.Scan(); {
			var now [2]int
			fmt.Sscan(sc.Text(), &now[0], &now[1])
			if slices.Compare(now[:], last[:]) > 0 { // a response may be delivered while the next one arrives
				last = now
			}
		}
		progress <- last
	}()
	<-asked
	time.Sleep(rand.N(60 * time.Millisecond)) // any instant
	_ = cmd.Process.Kill()
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return feed.arrived(who, <-progress)
}

// arrived returns the events that a child had read: all of its responses before
// the last, and the complete ones in the bytes read of the last.
func (f *feeder) arrived(who string, last [2]int) (owed []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range last[0] {
		text := f.given[who][i].text
		if i == last[0]-1 {
			text = text[:last[1]]
		}
		for n := range strings.Count(text, `"dataType"`) {
			if p := payload(f.given[who][i].first + n); strings.Contains(text, item(p)) {
				owed = append(owed, p)
			}
		}
	}
	return owed
}

// limitFiles limits the size of files to the bytes in POLL_LIMIT.
func limitFiles() error {
	limit, err := strconv.Atoi(os.Getenv("POLL_LIMIT"))
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ)
	var most syscall.Rlimit
	setLimit(&most.Cur, limit)
	setLimit(&most.Max, limit)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &most)
}

// fullChild polls once into a spool on a disk with room for so many bytes.
func fullChild() int {
	if limitFiles() != nil {
		return 8
	}
	spool, err := OpenSpool(os.Getenv("POLL_SPOOL"))
	if err != nil {
		return 7
	}
	p := &Poll{Client: responses(items(0, 3000), errors.New("second request")), Instance: gate(), Spool: spool}
	if err := p.Run(context.Background(), &lines{out: os.Stdout}); !says(err, "cannot use the spool") {
		fmt.Fprintln(os.Stderr, err)
		return 6
	}
	return 0
}

// unwrittenChild polls once with a failing output and a limit on the size of
// files.
func unwrittenChild() int {
	if limitFiles() != nil {
		return 8
	}
	p := &Poll{Client: responses(os.Getenv("POLL_RESPONSE")), Instance: gate(),
		UnwrittenDirs: filepath.SplitList(os.Getenv("POLL_DIRS"))}
	err := p.Run(context.Background(), &flowtest.Collect{Err: errFull, At: 1})
	if !errors.Is(err, errLost) {
		return 0
	}
	lost := 0
	_, text, _ := strings.Cut(err.Error(), "lost: ")
	fmt.Sscan(text, &lost)
	return 100 + lost
}

// A full file ends after its last complete line, and the rest goes to the next
// directory.
func TestFullUnwrittenFileEndsWithCompleteLine(t *testing.T) {
	const events = 6
	long := len(payload(0)) + 2*events // of the longest line
	for limit := long; limit < 4*long; limit += 53 {
		for _, dirs := range []int{1, 8} {
			var list []string
			for range dirs {
				list = append(list, t.TempDir())
			}
			cmd := child(t, "unwritten", "POLL_RESPONSE="+items(0, events), "POLL_DIRS="+strings.Join(list, ":"),
				fmt.Sprint("POLL_LIMIT=", limit))
			_ = cmd.Run()
			var saved []string
			for _, dir := range list {
				saved = append(saved, unwrittenLines(t, dir)...)
			}
			lost := max(0, cmd.ProcessState.ExitCode()-100)
			equal(t, fmt.Sprintf("%d bytes, %d folders", limit, dirs), saved, payloads(0, len(saved)))
			if len(saved)+lost != events || dirs == 8 && lost > 0 || len(saved) == 0 {
				t.Errorf("%d bytes, %d folders: %d events saved and %d lost of %d, %v", limit, dirs, len(saved), lost, events,
					cmd.ProcessState)
			}
		}
	}
}

// setLimit sets a limit, whose type differs between systems.
func setLimit[N int64 | uint64](to *N, limit int) { *to = N(limit) }

func TestFullSpool(t *testing.T) {
	for _, limit := range []int{0, 1, 100, 1000, readSize - 1, readSize, readSize + 1, len(items(0, 3000)) - 1} {
		dir := t.TempDir()
		out, err := child(t, "full", "POLL_SPOOL="+dir, fmt.Sprint("POLL_LIMIT=", limit)).Output()
		if err != nil {
			t.Fatalf("%d bytes: %v", limit, err)
		}
		equal(t, fmt.Sprintf("%d bytes", limit), completeLines(string(out)), payloads(0, 3000))
		emptyDir(t, dir)
	}
}
