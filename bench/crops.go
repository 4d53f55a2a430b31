package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// slowPart is the part of the pictures that the slow row gets.
const slowPart = 100

// saving is a row of the table of crops: a way to put a stream of them on disk.
type saving struct {
	name string
	part int // reads one picture in so many; its times count so often
	run  func(url, server, dir string, n int) (cost, error)
}

// crops prints the table of n pictures that become files.
func (p *page) crops(n int) error {
	all, err := serve(p.rtev, "--rate", "max", "--mix", "crops", "--instances", "1", "--count", strconv.Itoa(n))
	if err != nil {
		return err
	}
	defer all.stop()
	few, err := serve(p.rtev, "--rate", "max", "--mix", "crops", "--instances", "1", "--count", strconv.Itoa(n/slowPart))
	if err != nil {
		return err
	}
	defer few.stop()
	top, err := newDisk()
	if err != nil {
		return err
	}
	defer os.RemoveAll(top)
	files, bytes, err := p.saved(all, top, n)
	if err != nil {
		return err
	}
	rows := p.savings(files)
	costs := make([][]cost, len(rows))
	for round := range p.runs {
		fmt.Fprintf(os.Stderr, "Crops to disk: round %d of %d\n", round+1, p.runs)
		for i, r := range rows {
			s := all
			if r.part > 1 {
				s = few
			}
			c, err := r.once(s, top, n)
			if err != nil {
				return err
			}
			costs[i] = append(costs[i], c)
		}
	}
	p.print("## Crops to disk\n")
	p.print("%d pictures of %.0f KB on average, %.0f MB, written to %s without syncing; each row to files of the same names, but the last.\n",
		n, float64(bytes)/float64(n)/1e3, float64(bytes)/1e6, fileSystem(top))
	p.print("| way | wall | ÷ writing | CPU | ÷ writing | files/s | MB/s |\n|---|--:|--:|--:|--:|--:|--:|")
	base := median(costs[0])
	for i, r := range rows {
		c := median(costs[i])
		p.print("| %s | %.2f s | %.2f | %.2f s | %.2f | %.0f | %.0f |", r.name, c.wall.Seconds(), ratio(c.wall, base.wall),
			c.cpu.Seconds(), ratio(c.cpu, base.cpu), float64(n)/c.wall.Seconds(), float64(bytes)/c.wall.Seconds()/1e6)
	}
	p.print("\n¹ read a hundredth of the pictures; its times are a hundred times what it took.\n")
	return nil
}

// savings are the rows; files are what the first one writes.
func (p *page) savings(files map[string][]byte) []saving {
	command := func(line string) func(url, server, dir string, n int) (cost, error) {
		return func(url, server, dir string, n int) (cost, error) {
			return timed(strings.NewReplacer("RTEV", p.rtev, "URL", url, "SERVER", server, "TMP", dir, " -n N", " -n "+strconv.Itoa(n)).Replace(line))
		}
	}
	rows := []saving{
		{"writing the same bytes to the same files with nothing else", 1, func(_, _, dir string, _ int) (cost, error) { return write(files, dir) }},
		{"curl -sN URL -o /dev/null: the same stream and no files", 1, command(curl)},
		{"rtev crops", 1, command("RTEV crops -q -s SERVER -d TMP -n N")},
		{"rtev crops --meta, with sha256", 1, command("RTEV crops -q -s SERVER -d TMP -n N --meta")},
	}
	if _, err := exec.LookPath("jq"); err == nil {
		rows = append(rows, saving{"curl \\| sed \\| jq -r .image, base64 -d a file ¹", slowPart,
			command(`curl -sN URL | sed -n 's/^data: //p' | jq -r .image | while read -r i; do n=$((n+1)); printf %s "$i" | base64 -d >TMP/$n.jpg; done`)})
	}
	return rows
}

// once runs a row, into a folder of its own. Its files are emptied then, so
// that the next row does not wait for the disk to take them, and left there:
// where files were removed, making new ones may be slow for minutes.
func (r saving) once(s *server, top string, n int) (cost, error) {
	dir, err := os.MkdirTemp(top, "")
	if err != nil {
		return cost{}, err
	}
	c, err := r.run(s.stream(0), s.url, dir, n/r.part)
	if err != nil {
		return c, err
	}
	c.wall, c.cpu = c.wall*time.Duration(r.part), c.cpu*time.Duration(r.part)
	return c, each(dir, func(path string) error { return os.Truncate(path, 0) })
}

// newDisk makes a folder whose folders start where nothing was of late: ext4
// spreads those of a folder with the attribute T, other file systems lack it.
func newDisk() (string, error) {
	top, err := os.MkdirTemp("", "bench")
	if err == nil {
		_ = exec.Command("chattr", "+T", top).Run()
	}
	return top, err
}

// saved lets rtev save the pictures, and returns them by their names from the
// folder. Those of the same bytes share them.
func (p *page) saved(s *server, top string, n int) (files map[string][]byte, bytes int64, err error) {
	dir, err := os.MkdirTemp(top, "")
	if err != nil {
		return nil, 0, err
	}
	if out, err := exec.Command(p.rtev, "crops", "-q", "-s", s.url, "-d", dir, "-n", strconv.Itoa(n)).CombinedOutput(); err != nil {
		return nil, 0, fmt.Errorf("rtev crops: %w: %s", err, out[:min(len(out), 300)])
	}
	files = map[string][]byte{}
	same := map[string][]byte{}
	err = each(dir, func(path string) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if same[string(data)] == nil {
			same[string(data)] = data
		}
		files[strings.TrimPrefix(path, dir)] = same[string(data)]
		bytes += int64(len(data))
		return os.Truncate(path, 0)
	})
	if err == nil && len(files) != n {
		err = fmt.Errorf("rtev crops made %d files of %d pictures", len(files), n)
	}
	return files, bytes, err
}

// write writes files below dir, whose folders are made beforehand.
func write(files map[string][]byte, dir string) (cost, error) {
	var names []string
	for name := range files {
		if err := os.MkdirAll(filepath.Dir(dir+name), 0o777); err != nil {
			return cost{}, err
		}
		names = append(names, name)
	}
	slices.Sort(names) // by time, as the others do
	start, before := time.Now(), used()
	for _, name := range names {
		if err := os.WriteFile(dir+name, files[name], 0o666); err != nil {
			return cost{}, err
		}
	}
	return cost{wall: time.Since(start), cpu: used() - before}, nil
}

// used is the processor time of this process.
func used() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// each calls do for every file below dir.
func each(dir string, do func(path string) error) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return do(path)
	})
}

// fileSystem is the type of what dir stands on.
func fileSystem(dir string) string {
	out, err := exec.Command("df", "--output=fstype", dir).Output()
	if f := strings.Fields(string(out)); err == nil && len(f) == 2 {
		return f[1]
	}
	return "a file system"
}
