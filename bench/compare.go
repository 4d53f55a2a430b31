package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// page is docs/performance.md in the making.
type page struct {
	rtev string
	runs int
	out  *bufio.Writer
}

func (p *page) print(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

// compare runs everything and prints the page.
func compare(rtev string, runs, events int) error {
	p := &page{rtev: rtev, runs: runs, out: bufio.NewWriter(os.Stdout)}
	p.print("Measured on %s with %d cores, %s, %s. Medians of %d rounds; a round runs every row of a table once, so that what else the machine does falls on all of them.\n",
		machine(), runtime.NumCPU(), runtime.Version(), strings.TrimSpace(firstLine("curl", "--version")), runs)
	for _, s := range streams(events) {
		if err := p.table(s); err != nil {
			return err
		}
	}
	for _, part := range []func() error{func() error { return p.crops(events / 50) }, p.latency, p.rates, p.idle, p.start} {
		if err := part(); err != nil {
			return err
		}
	}
	return p.out.Flush()
}

// machine is the processor's name.
func machine() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok && err == nil {
			return strings.Trim(name, "\t :\n")
		}
	}
	return runtime.GOARCH
}

func firstLine(command string, args ...string) string {
	out, err := exec.Command(command, args...).Output()
	if err != nil {
		return command + ": " + err.Error()
	}
	line, _, _ := strings.Cut(string(out), "\n")
	f := strings.Fields(line)
	return strings.Join(f[:min(2, len(f))], " ")
}

// table measures a stream and prints its table.
func (p *page) table(s stream) error {
	b, err := s.prepare(p.rtev)
	if err != nil {
		return err
	}
	defer b.stop()
	costs := make([][]cost, len(s.rows))
	for round := range p.runs {
		fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", s.title, round+1, p.runs)
		for i, r := range s.rows {
			c, err := b.run(r)
			if err != nil {
				return err
			}
			costs[i] = append(costs[i], c)
		}
	}
	p.print("## %s\n", s.title)
	p.print("%d events, %.0f MB.\n", b.events, float64(b.bytes)/1e6)
	p.print("| reader | wall | ÷ curl | CPU | ÷ curl | peak memory | ÷ curl | events/s | MB/s |")
	p.print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	base := median(costs[0])
	for i, r := range s.rows {
		c := median(costs[i])
		seconds := c.wall.Seconds()
		name := r.name
		if r.slow {
			name += " ¹"
		}
		p.print("| %s | %.2f s | %.2f | %.2f s | %.2f | %.1f MiB | %.1f | %.0f k | %.0f |", name, seconds, ratio(c.wall, base.wall),
			c.cpu.Seconds(), ratio(c.cpu, base.cpu), float64(c.peak)/1024, float64(c.peak)/float64(base.peak),
			float64(b.events)/seconds/1000, float64(b.bytes)/seconds/1e6)
	}
	p.print("")
	if b.tenth != nil {
		p.print("¹ read a tenth of the events; its times are ten times what it took.\n")
	}
	return nil
}

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }
