package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cost is what one run of a command took, or the medians of several.
type cost struct {
	wall, cpu time.Duration // cpu is user and system time, of children too
	peak      int64         // KiB of the largest process
}

// timed runs a command line of the shell with its output thrown away.
func timed(command string) (cost, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	report, err := os.CreateTemp("", "bench")
	if err != nil {
		return cost{}, err
	}
	defer os.Remove(report.Name())
	defer report.Close()
	// GNU time: what the kernel tells of a child of this process begins with
	// this process's own memory.
	c := exec.CommandContext(ctx, "/usr/bin/time", "-f", "%M", "-o", report.Name(), "sh", "-c", command)
	var complaints strings.Builder
	c.Stderr = &complaints
	start := time.Now()
	if err := c.Run(); err != nil {
		return cost{}, fmt.Errorf("%s: %w: %s", command, err, complaints.String())
	}
	took := cost{wall: time.Since(start), cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime()}
	text, err := os.ReadFile(report.Name())
	if err == nil {
		took.peak, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	}
	return took, err
}

// median is the median of each number.
func median(costs []cost) cost {
	of := func(get func(cost) int64) int64 {
		var all []int64
		for _, c := range costs {
			all = append(all, get(c))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return cost{
		wall: time.Duration(of(func(c cost) int64 { return int64(c.wall) })),
		cpu:  time.Duration(of(func(c cost) int64 { return int64(c.cpu) })),
		peak: of(func(c cost) int64 { return c.peak }),
	}
}

// server is a running rtev simulate.
type server struct {
	process *exec.Cmd
	url     string
	ids     []string // of its instances
}

// serve starts rtev simulate.
func serve(rtev string, args ...string) (*server, error) {
	c := exec.Command(rtev, append([]string{"simulate", "--listen", "127.0.0.1:0"}, args...)...)
	talk, err := c.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	s := &server{process: c}
	line, err := bufio.NewReader(talk).ReadString('\n')
	for _, word := range strings.Fields(line) {
		if strings.HasPrefix(word, "http://") {
			s.url = strings.TrimRight(word, ";")
		}
	}
	if s.url == "" {
		s.stop()
		return nil, fmt.Errorf("rtev simulate said %q: %w", line, errors.Join(err, errors.New("no address")))
	}
	if err := s.list(); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) list() error {
	resp, err := http.Get(s.url + "/v1/core/instances")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var list struct{ Instances []struct{ InstanceID string } }
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return err
	}
	for _, in := range list.Instances {
		s.ids = append(s.ids, in.InstanceID)
	}
	if len(s.ids) == 0 {
		return errors.New("the simulator has no instance")
	}
	return nil
}

// stream is the address of the ith instance's stream.
func (s *server) stream(i int) string {
	return s.url + "/v1/core/instance/" + s.ids[i] + "/consume_events_sse"
}

func (s *server) stop() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// cpuOf is the processor time that a running process has used so far.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, text)
	}
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, errors.Join(err1, err2)
}

// memoryOf is a field of /proc/PID/status in KiB: VmRSS, VmHWM.
func memoryOf(pid int, field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), field+":")
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0, fmt.Errorf("/proc/%d/status has no %s", pid, field)
	}
	return strconv.ParseInt(f[0], 10, 64)
}
