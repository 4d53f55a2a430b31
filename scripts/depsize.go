//go:build ignore

// Depsize prints what each required module adds to the binary, in KiB: the code
// and data of its packages, and of all packages (the standard library's too)
// that are in the binary only because of it.
//
//	go run scripts/depsize.go
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

type pkg struct {
	ImportPath string
	Imports    []string
	ImportMap  map[string]string
	Module     *struct {
		Path, Version string
		Main          bool
		Indirect      bool
	}
}

func run(name string, args ...string) []byte {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		log.Fatalf("%s %v: %v", name, args, err)
	}
	return out
}

func packages() map[string]pkg {
	pkgs := map[string]pkg{}
	for d := json.NewDecoder(bytes.NewReader(run("go", "list", "-deps", "-json=ImportPath,Imports,ImportMap,Module", "."))); d.More(); {
		var p pkg
		if err := d.Decode(&p); err != nil {
			log.Fatal(err)
		}
		pkgs[p.ImportPath] = p
	}
	return pkgs
}

// sizes adds up the symbols of each package ("pkg/path.Name", "pkg/path.(*T).M")
// that take place in the file: zeroed memory, which stands last, does not.
func sizes(binary string, pkgs map[string]pkg) map[string]int {
	sum := map[string]int{}
	for line := range strings.Lines(string(run("go", "tool", "nm", "-size", "-n", binary))) {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		if f[3] == "runtime.bss" || f[3] == "runtime.noptrbss" {
			break
		}
		if size, err := strconv.Atoi(f[1]); err == nil {
			sum[owner(strings.Join(f[3:], " "), pkgs)] += size
		}
	}
	return sum
}

// owner returns the package of a symbol, "" where it is of none that is known.
func owner(symbol string, pkgs map[string]pkg) string {
	name := strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(symbol, "type:"), "*"), "%2e", ".")
	for i := strings.LastIndexByte(strings.SplitN(name, "[", 2)[0], '/') + 1; i < len(name); i++ {
		if name[i] != '.' {
			continue
		}
		if _, ok := pkgs[name[:i]]; ok {
			return name[:i]
		}
	}
	return ""
}

// without returns the packages that are reached from path, not going through module.
func without(module, path string, pkgs map[string]pkg, seen map[string]bool) map[string]bool {
	p := pkgs[path]
	if seen[path] || p.Module != nil && p.Module.Path == module {
		return seen
	}
	seen[path] = true
	for _, i := range p.Imports {
		if to, ok := p.ImportMap[i]; ok {
			i = to
		}
		without(module, i, pkgs, seen)
	}
	return seen
}

func main() {
	dir, err := os.MkdirTemp("", "depsize")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "rtev")
	run("go", "build", "-trimpath", "-o", binary, ".")
	pkgs := packages()
	sum := sizes(binary, pkgs)
	modules := map[string]bool{}
	for _, p := range pkgs {
		if p.Module != nil && !p.Module.Main {
			modules[p.Module.Path] = p.Module.Indirect
		}
	}
	var lines []string
	for m, indirect := range modules {
		own, alone := 0, 0
		kept := without(m, "github.com/rtev/rtev", pkgs, map[string]bool{})
		for path, p := range pkgs {
			if p.Module != nil && p.Module.Path == m {
				own += sum[path]
			}
			if !kept[path] {
				alone += sum[path]
			}
		}
		lines = append(lines, fmt.Sprintf("%6d KiB own, %6d KiB with what it alone brings, indirect %-5v %s", own>>10, alone>>10, indirect, m))
	}
	sort.Sort(sort.Reverse(sort.StringSlice(lines)))
	total := 0
	for _, s := range sum {
		total += s
	}
	fmt.Println(strings.Join(lines, "\n"))
	fmt.Printf("%6d KiB of code and data are attributed to packages in all\n", total>>10)
}
