package crop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// check ends the test if err is not nil.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustOpen(t testing.TB, path string) *Dir {
	t.Helper()
	d, err := Open(path)
	check(t, err)
	return d
}

// tree returns the content of every file below dir, by its path with "/".
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		all[filepath.ToSlash(rel)] = string(data)
		return err
	})
	check(t, err)
	return all
}

func names(t testing.TB, dir string) []string {
	var all []string
	for name := range tree(t, dir) {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func someFile(t testing.TB, template, data string) *file {
	return &file{picture: picture{data: []byte(data)}, name: mustName(t, template),
		facts: facts{ev: mustEvent(t, "crop", `{}`)}}
}

func TestSaveNumbersEqualNames(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "x.jpg"), []byte("older"), 0o666))
	want := map[string]string{"x.jpg": "older"}
	for run := range 2 { // the second run has not remembered the numbers of the first
		d := mustOpen(t, dir)
		for i := range 10 {
			data := fmt.Sprint(run, i)
			path, err := d.save(someFile(t, "x.jpg", data))
			name := fmt.Sprintf("x_%d.jpg", run*10+i+2)
			if err != nil || path != filepath.Join(dir, name) {
				t.Fatalf("%s, %v; want %s", path, err, name)
			}
			want[name] = data
		}
	}
	if got := tree(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMetaOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "x.json"), []byte("older"), 0o666))
	d := mustOpen(t, dir)
	for _, ext := range []string{"", ".png"} {
		f := someFile(t, "x.jpg", "picture"+ext)
		f.ext, f.meta = ext, func(path string) []byte { return []byte("of " + filepath.Base(path)) }
		if _, err := d.save(f); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{
		"x.json": "older", "x_2.json": "of x_2.jpg", "x_2.jpg": "picture", "x_3.json": "of x_3.png",
		"x_3.png": "picture.png",
	}
	if got := tree(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSaveSetsTimeAndPermissions(t *testing.T) {
	dir := t.TempDir()
	d := mustOpen(t, dir)
	f := someFile(t, "a/x.jpg", "picture")
	f.at = time.UnixMilli(1781889224027)
	f.meta = func(path string) []byte { return []byte("of " + filepath.Base(path)) }
	path, err := d.save(f)
	check(t, err)
	info, err := os.Stat(path)
	if err != nil || !info.ModTime().Equal(f.at) || runtime.GOOS != "windows" && info.Mode()&0o600 != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	want := map[string]string{"a/x.jpg": "picture", "a/x.json": "of x.jpg"}
	if got := tree(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Without links, a name is reserved by an empty file.
func TestReserveOverwritesNothing(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	check(t, err)
	defer root.Close()
	if err := errors.Join(root.WriteFile("there", []byte("older"), 0o666),
		root.WriteFile("temp", []byte("new"), 0o666)); err != nil {
		t.Fatal(err)
	}
	if err := reserve(root, "temp", "there"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("there: %v", err)
	}
	if err := reserve(root, "temp", "free"); err != nil {
		t.Errorf("free: %v", err)
	}
	if err := reserve(root, "no such temp", "left"); err == nil {
		t.Error("made of nothing")
	}
	want := map[string]string{"there": "older", "free": "new"}
	if got := tree(t, root.Name()); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDirsInOneFolderLoseNothing(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for run := range 4 {
		all.Go(func() {
			d, err := Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			for i := range 50 {
				if _, err := d.save(someFile(t, fmt.Sprintf("f%d/x.jpg", i%3), fmt.Sprintf("%d-%d", run, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for _, data := range tree(t, dir) {
		seen[data] = true
	}
	if len(seen) != 200 || len(names(t, dir)) != 200 {
		t.Errorf("%d files with %d different pictures, want 200", len(names(t, dir)), len(seen))
	}
}

// A folder that is moved or removed during the run is made again, and the
// picture is at the path that save returns.
func TestSaveMakesLostFoldersAgain(t *testing.T) {
	for _, lost := range []string{".", "a", "a/b"} {
		for name, lose := range map[string]func(string) error{
			"removed": os.RemoveAll,
			"moved":   func(path string) error { return os.Rename(path, path+"-moved") },
		} {
			t.Run(name+" "+lost, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "pictures")
				d := mustOpen(t, dir)
				for i := range 3 {
					path, err := d.save(someFile(t, "a/b/{n}.jpg", "x"))
					check(t, err)
					if _, err := os.Stat(path); err != nil {
						t.Errorf("picture %d is not at its path: %v", i, err)
					}
					if i == 0 {
						check(t, lose(filepath.Join(dir, lost)))
					}
				}
				var left []string
				for _, n := range names(t, dir) {
					if !strings.Contains(n, "-moved") {
						left = append(left, n)
					}
				}
				if got := strings.Join(left, " "); got != "a/b/2.jpg a/b/3.jpg" {
					t.Errorf("got %v", got)
				}
			})
		}
	}
}

func TestInstancesNeverShareAFolder(t *testing.T) {
	gates := []*event.Instance{
		{ID: "11111111-a", Name: "Gate"}, {ID: "22222222-b", Name: "gate"}, {ID: "33333333-c", Name: "Gate!"},
	}
	for _, first := range []int{0, 1, 2} { // known in this order, whatever comes first
		d := mustOpen(t, t.TempDir())
		for _, in := range gates {
			d.Know(in)
		}
		for i := range gates {
			f := someFile(t, "{instance}/{id}.jpg", "x")
			f.ev.Instance = gates[(first+i)%len(gates)]
			if _, err := d.save(f); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(names(t, d.path), " "); got != "Gate-33333333/33333333-c.jpg Gate/11111111-a.jpg "+
			"gate-22222222/22222222-b.jpg" {
			t.Errorf("got %s", got)
		}
	}
}

func TestSaveFollowsNoLinkOutOfDir(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "out")); err != nil {
		t.Skip(err)
	}
	d := mustOpen(t, dir)
	_, err := d.save(someFile(t, "out/x.jpg", "x"))
	var failed *event.WriteError
	if !errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
	if got := names(t, outside); len(got) > 0 {
		t.Errorf("%v are outside", got)
	}
}

func TestOpenFailure(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(file, nil, 0o666))
	_, err := Open(filepath.Join(file, "below"))
	var failed *event.WriteError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "cannot write pictures to") {
		t.Errorf("got %v", err)
	}
}

func TestOpenRemovesStaleTemporaryFiles(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	stale := []string{".rtev-0123.tmp", "a/.rtev-0123.tmp", "a/b/.rtev-0123.json.tmp"}
	kept := []string{".rtev-notes", "a/old.tmp", "a/b/x.jpg"}
	for _, name := range append(append([]string{}, stale...), kept...) {
		writeOld(t, filepath.Join(dir, name), 2*time.Hour)
	}
	writeOld(t, filepath.Join(dir, "a/.rtev-4567.tmp"), 30*time.Minute) // another run may be writing it
	writeOld(t, filepath.Join(outside, ".rtev-0123.tmp"), 2*time.Hour)
	if err := os.Symlink(outside, filepath.Join(dir, "out")); err != nil {
		t.Log(err)
	}
	if _, err := Open(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "out")); err != nil {
		t.Log(err)
	}
	want := append(kept, "a/.rtev-4567.tmp")
	slices.Sort(want)
	if got := names(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(names(t, outside)) != 1 {
		t.Error("a link was followed")
	}
}

func writeOld(t *testing.T, path string, age time.Duration) {
	t.Helper()
	at := time.Now().Add(-age)
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, nil, 0o666), os.Chtimes(path, at, at))
	check(t, err)
}

func TestSummaryLine(t *testing.T) {
	for want, s := range map[string]Summary{
		"0 pictures saved, 0 B":                                         {},
		"1 picture saved, 34.8 kB":                                      {Saved: 1, Bytes: 34816},
		"2 pictures saved, 1.5 GB; 1 crop without a whole picture":      {2, 1_500_000_000, 1},
		"1,203 pictures saved, 2.0 MB; 4 crops without a whole picture": {1203, 2e6, 4},
	} {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
