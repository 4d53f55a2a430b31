package crop

import (
	"bytes"
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

func mustOpen(t testing.TB, path string) *Dir {
	t.Helper()
	d, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// tree is every file below dir with "/" between its parts, and its content.
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
	if err != nil {
		t.Fatal(err)
	}
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
	return &file{picture: picture{data: []byte(data)}, name: mustName(t, template), facts: facts{ev: mustEvent(t, "crop", `{}`)}}
}

func TestTwentyFilesOfOneName(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.jpg"), []byte("older"), 0o666); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"x.jpg": "older"}
	for run := range 2 { // the second does not know the first one's numbers
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
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := tree(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMetaNeverTakesAnotherFilesPlace(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.json"), []byte("older"), 0o666); err != nil {
		t.Fatal(err)
	}
	d := mustOpen(t, dir)
	for _, ext := range []string{"", ".png"} {
		f := someFile(t, "x.jpg", "picture"+ext)
		f.ext, f.meta = ext, func(path string) []byte { return []byte("of " + filepath.Base(path)) }
		if _, err := d.save(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"x.json": "older", "x_2.json": "of x_2.jpg", "x_2.jpg": "picture", "x_3.json": "of x_3.png", "x_3.png": "picture.png"}
	if got := tree(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Where there are no files without a name (plain), the other way keeps the same
// promises.
func TestBothKindsOfDraft(t *testing.T) {
	for _, plain := range []bool{false, true} {
		dir := t.TempDir()
		d := mustOpen(t, dir)
		in, err := d.folder("a")
		if err != nil {
			t.Fatal(err)
		}
		in.plain = plain
		if err := os.WriteFile(filepath.Join(dir, "a", "x.jpg"), []byte("older"), 0o666); err != nil {
			t.Fatal(err)
		}
		f := someFile(t, "a/x.jpg", "picture")
		f.at = time.UnixMilli(1781889224027)
		f.meta = func(path string) []byte { return []byte("of " + filepath.Base(path)) }
		path, err := d.save(f)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || !info.ModTime().Equal(f.at) || runtime.GOOS != "windows" && info.Mode()&0o600 != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"a/x.jpg": "older", "a/x_2.jpg": "picture", "a/x_2.json": "of x_2.jpg"}
		if got := tree(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("plain %v: got %v, want %v", plain, got, want)
		}
	}
}

// On file systems without links a name is reserved first.
func TestWithoutLinksNothingIsOverwrittenEither(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := errors.Join(root.WriteFile("there", []byte("older"), 0o666), root.WriteFile("temp", []byte("new"), 0o666)); err != nil {
		t.Fatal(err)
	}
	if taken, err := reserve(root, "temp", "there"); !taken || err != nil {
		t.Errorf("taken %v, %v", taken, err)
	}
	if taken, err := reserve(root, "temp", "free"); taken || err != nil {
		t.Errorf("taken %v, %v", taken, err)
	}
	if _, err := reserve(root, "no such temp", "left"); err == nil {
		t.Error("made of nothing")
	}
	want := map[string]string{"there": "older", "free": "new"}
	if got := tree(t, root.Name()); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRunsInOneFolderLoseNothing(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for run := range 4 {
		all.Go(func() {
			d, err := Open(dir, nil)
			if err != nil {
				t.Error(err)
				return
			}
			for i := range 50 {
				if _, err := d.save(someFile(t, fmt.Sprintf("f%d/x.jpg", i%3), fmt.Sprintf("%d-%d", run, i))); err != nil {
					t.Error(err)
				}
			}
			if err := d.Close(); err != nil {
				t.Error(err)
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

func TestTimeOfAFileIsTheCrops(t *testing.T) {
	dir := t.TempDir()
	d := mustOpen(t, dir)
	f := someFile(t, "x.jpg", "data")
	f.at = time.UnixMilli(1781889224027)
	path, err := d.save(f)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || !info.ModTime().Equal(f.at) {
		t.Errorf("%v, %v; want %v", info.ModTime(), err, f.at)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAFolderThatGoesAwayIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	d := mustOpen(t, dir)
	var want []string
	for i, away := range []func() error{
		func() error { return os.RemoveAll(filepath.Join(dir, "a")) },
		func() error { return os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "moved")) },
		func() error { return nil },
	} {
		path, err := d.save(someFile(t, "a/b/{n}.jpg", "x"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("picture %d is not where it is said to be: %v", i, err)
		}
		if err := away(); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	want = []string{"a/b/3.jpg", "moved/b/2.jpg"}
	if got := names(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestManyFolders(t *testing.T) {
	dir := t.TempDir()
	d := mustOpen(t, dir)
	for range 3 * maxFolders {
		if _, err := d.save(someFile(t, "{n}/x.jpg", "x")); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.folders) > maxFolders {
		t.Errorf("%d folders are open", len(d.folders))
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(names(t, dir)); n != 3*maxFolders {
		t.Errorf("%d files", n)
	}
}

func TestNoFileLeavesTheFolderThroughALink(t *testing.T) {
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
		t.Errorf("%v stand outside", got)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := Open(filepath.Join(file, "below"), nil)
	var failed *event.WriteError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "pictures cannot be written to") {
		t.Errorf("got %v", err)
	}
}

// leave ends d as a killed run does, with temporary files in folder.
func leave(t *testing.T, d *Dir, folder string) {
	t.Helper()
	in, err := d.folder(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(writeFile(in.root, d.mark.temp(), []byte("half")), writeFile(in.root, d.mark.temp()+".json", nil)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.forget(), d.mark.file.Close(), d.mark.lock.Close(), d.root.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAKilledRunLeftIsRemoved(t *testing.T) {
	dir := t.TempDir()
	one, two := mustOpen(t, dir), mustOpen(t, dir)
	leave(t, one, "a/b")
	leave(t, two, ".")
	for _, name := range []string{".rtev-mine.tmp", "a/.rtev-0123.tmp", "a/b/x.jpg"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(names(t, dir)); n != 9 {
		t.Fatalf("%d files before", n)
	}
	d := mustOpen(t, dir)
	want := []string{".rtev-" + d.mark.id + ".run", ".rtev-mine.tmp", "a/.rtev-0123.tmp", "a/b/x.jpg"}
	slices.Sort(want)
	if got := names(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestALivingRunsFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	d := mustOpen(t, dir)
	in, err := d.folder("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFile(in.root, d.mark.temp(), []byte("half")); err != nil {
		t.Fatal(err)
	}
	other := mustOpen(t, dir)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{".rtev-" + d.mark.id + ".run", "a/" + d.mark.temp()}
	if got := names(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTheMarkNamesTheFolderInUse(t *testing.T) {
	dir := t.TempDir()
	d := mustOpen(t, dir)
	for _, folder := range []string{"a/much/longer/name", "b", "."} {
		if _, err := d.folder(folder); err != nil {
			t.Fatal(err)
		}
		if got, err := d.mark.read(); err != nil || got != folder {
			t.Errorf("got %q, %v; want %q", got, err, folder)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSummaryLine(t *testing.T) {
	for want, s := range map[string]Summary{
		"0 pictures saved, 0 B":                         {},
		"1 picture saved, 34.8 KB":                      {Saved: 1, Bytes: 34816},
		"2 pictures saved, 1.5 GB; 1 was not a picture": {2, 1_500_000_000, 1, 0},
		"3 pictures saved, 2.0 MB; 4 were not a picture; 5 waited for an event that never came": {3, 2e6, 4, 5},
	} {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNothingIsHalfWritten(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := writeFile(root, "x", bytes.Repeat([]byte("x"), 1000)); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(root, "x", []byte("y")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if data, err := root.ReadFile("x"); err != nil || len(data) != 1000 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}
