// Bench compares rtev with curl, jq and other readers on the same streams and
// prints the page docs/performance.md; scripts/bench.sh calls it. It is a
// module of its own, so that nothing it needs is a dependency of rtev.
//
//	bench PATH-OF-RTEV        the page, to standard output; progress to standard error
//	bench READER URL          one of the other readers, as the page's rows run them
//
// Environment: RUNS (5) rounds, of which the page has the medians; EVENTS
// (1000000) events of the stream of tracks, the other streams in proportion.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1:
		return compare(args[0], number("RUNS", 5), number("EVENTS", 1_000_000))
	case len(args) == 2 && readers[args[0]] != nil:
		return readers[args[0]](args[1])
	}
	return fmt.Errorf("usage: bench PATH-OF-RTEV, or bench READER URL")
}

// number is a positive number from the environment.
func number(name string, unset int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return unset
}
