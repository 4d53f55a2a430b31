package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// latency prints how long after the server's write an event is on a reader's
// standard output.
func (p *page) latency() error {
	fmt.Fprintln(os.Stderr, "latency")
	sim, err := serve(p.rtev, "--instances", "1")
	if err != nil {
		return err
	}
	defer sim.stop()
	p.print("## Delay\n")
	p.print("One event a millisecond for five seconds, from before the server's write to behind the read of the reader's output.\n")
	p.print("| reader | median | p99 | longest |")
	p.print("|---|--:|--:|--:|")
	for _, reader := range [][2]string{{"curl -sN URL", "exec curl -sN URL"}, {"rtev ndjson", "exec RTEV tail -q -s SERVER -o ndjson"},
		{"rtev csv, one column", "exec RTEV tail -q -s SERVER -o csv -c mark --no-header"}} {
		all, err := delays(sim, p.rtev, reader[1])
		if err != nil {
			return err
		}
		at := func(part float64) time.Duration { return all[int(part*float64(len(all)-1))].Round(time.Microsecond) }
		p.print("| %s | %s | %s | %s |", reader[0], at(0.5), at(0.99), at(1))
	}
	p.print("")
	return nil
}

// ticker is a stream of an event a millisecond, each with the time in it. All
// other requests go to a simulator.
func ticker(to *url.URL) http.Handler {
	proxy := httputil.NewSingleHostReverseProxy(to)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/consume_events_sse") {
			proxy.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		out := http.NewResponseController(w)
		for tick := time.NewTicker(time.Millisecond); r.Context().Err() == nil; <-tick.C {
			fmt.Fprintf(w, "event: track\ndata: {\"$id\":\"track\",\"filler\":%q,\"mark\":%d}\n\n", strings.Repeat("x", 400), time.Now().UnixNano())
			if out.Flush() != nil {
				return
			}
		}
	})
}

// delays reads 5,000 events through a command and returns their delays, sorted.
func delays(sim *server, rtev, command string) ([]time.Duration, error) {
	to, err := url.Parse(sim.url)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	web := &http.Server{Handler: ticker(to)}
	go web.Serve(l)
	defer web.Close()
	here := &server{url: "http://" + l.Addr().String(), ids: sim.ids}
	c := exec.Command("sh", "-c", strings.NewReplacer("RTEV", rtev, "URL", here.stream(0), "SERVER", here.url).Replace(command))
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	var all []time.Duration
	lines := bufio.NewScanner(out)
	for n := 0; n < 6000 && lines.Scan(); {
		text := lines.Text()
		if i := strings.Index(text, `"mark":`); i >= 0 {
			text = strings.TrimRight(text[i+len(`"mark":`):], "}")
		}
		if mark, err := strconv.ParseInt(text, 10, 64); err == nil {
			if n++; n > 1000 { // it is warm
				all = append(all, time.Duration(time.Now().UnixNano()-mark))
			}
		}
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	if len(all) == 0 {
		return nil, fmt.Errorf("%s printed no event", command)
	}
	slices.Sort(all)
	return all, nil
}

// rates prints what a stream of a certain rate costs while it lasts.
func (p *page) rates() error {
	p.print("## CPU at a rate\n")
	p.print("Part of one core over five seconds, output thrown away, and the memory at their end.\n")
	p.print("| connections × events/s | rtev ndjson | memory | rtev text in colour | memory | one curl each | memory |")
	p.print("|---|--:|--:|--:|--:|--:|--:|")
	for _, load := range []struct{ instances, rate int }{{1, 1000}, {10, 100}, {100, 10}, {100, 100}, {1000, 10}} {
		fmt.Fprintf(os.Stderr, "%d x %d a second\n", load.instances, load.rate)
		sim, err := serve(p.rtev, "--instances", strconv.Itoa(load.instances), "--rate", strconv.Itoa(load.rate), "--mix", "")
		if err != nil {
			return err
		}
		line := fmt.Sprintf("| %d × %d |", load.instances, load.rate)
		for _, command := range [][]string{{p.rtev, "tail", "-q", "-s", sim.url, "-o", "ndjson"}, {p.rtev, "tail", "-q", "-s", sim.url, "--color", "always"}} {
			used, memory, err := watch([][]string{command})
			if err != nil {
				sim.stop()
				return err
			}
			line += fmt.Sprintf(" %.1f %% | %.0f MiB |", used, memory)
		}
		if load.instances > 100 {
			line += " | |"
		} else {
			var curls [][]string
			for i := range sim.ids {
				curls = append(curls, []string{"curl", "-sN", sim.stream(i), "-o", "/dev/null"})
			}
			used, memory, err := watch(curls)
			if err != nil {
				sim.stop()
				return err
			}
			line += fmt.Sprintf(" %.1f %% | %.0f MiB |", used, memory)
		}
		sim.stop()
		p.print("%s", line)
	}
	p.print("")
	return nil
}

// settle is how long readers run before their CPU time is counted, and span
// how long it is.
const (
	settle = 2 * time.Second
	span   = 5 * time.Second
)

// watch runs commands side by side and returns the CPU that all of them use,
// in percent of one core, and their memory in MiB.
func watch(commands [][]string) (percent, mib float64, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	var all []*exec.Cmd
	defer func() {
		cancel()
		for _, c := range all {
			_ = c.Wait()
		}
	}()
	for _, command := range commands {
		c := exec.CommandContext(ctx, command[0], command[1:]...)
		if err := c.Start(); err != nil {
			return 0, 0, err
		}
		all = append(all, c)
	}
	sum := func() (total time.Duration, err error) {
		for _, c := range all {
			used, err := cpuOf(c.Process.Pid)
			if err != nil {
				return 0, err
			}
			total += used
		}
		return total, nil
	}
	time.Sleep(settle)
	before, err := sum()
	if err != nil {
		return 0, 0, err
	}
	time.Sleep(span)
	after, err := sum()
	if err != nil {
		return 0, 0, err
	}
	for _, c := range all {
		kib, err := memoryOf(c.Process.Pid, "VmRSS")
		if err != nil {
			return 0, 0, err
		}
		mib += float64(kib) / 1024
	}
	return 100 * (after - before).Seconds() / span.Seconds(), mib, nil
}

// idle prints what a thousand silent connections cost.
func (p *page) idle() error {
	fmt.Fprintln(os.Stderr, "1000 idle connections")
	sim, err := serve(p.rtev, "--instances", "1000", "--rate", "0.001")
	if err != nil {
		return err
	}
	defer sim.stop()
	used, memory, err := watch([][]string{{p.rtev, "tail", "-q", "-s", sim.url, "-o", "ndjson"}})
	if err != nil {
		return err
	}
	p.print("1,000 idle connections: %.2f %% of a core, %.0f MiB.\n", used, memory)
	return nil
}

// start prints how long the program takes to start, and its size.
func (p *page) start() error {
	p.print("## Start and size\n")
	p.print("| command | wall | CPU | peak memory |")
	p.print("|---|--:|--:|--:|")
	for _, args := range []string{p.rtev + " --version", p.rtev + " tail --help", "curl --version"} {
		var costs []cost
		for range 4 * p.runs {
			c, err := timed("exec " + args)
			if err != nil {
				return err
			}
			costs = append(costs, c)
		}
		c := median(costs)
		name := strings.Replace(args, p.rtev, "rtev", 1)
		p.print("| %s | %.1f ms | %.1f ms | %.1f MiB |", name, 1000*c.wall.Seconds(), 1000*c.cpu.Seconds(), float64(c.peak)/1024)
	}
	info, err := os.Stat(p.rtev)
	if err != nil {
		return err
	}
	p.print("\nThe wall time includes 1 to 2 ms for the shell and for time(1). The program has %.1f MB.", float64(info.Size())/1e6)
	return nil
}
