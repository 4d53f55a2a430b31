package crop

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// anyType and anyCrop want all crops.
func anyType(string) bool       { return true }
func anyCrop(*event.Event) bool { return true }

// BenchmarkCrops compares saving pictures of 34 KB with writing the same bytes
// to the same files. Run it with -benchtime 20000x: each row writes into a
// folder of its own.
func BenchmarkCrops(b *testing.B) {
	p := jpegOf(b, 183, 183)
	p = append(append(p[:len(p)-2:len(p)-2], make([]byte, 34<<10-len(p))...), "\xff\xd9"...)
	top := b.TempDir()
	b.Run("write", func(b *testing.B) {
		dir := folderOf(b, top)
		b.SetBytes(int64(len(p)))
		for i := 1; b.Loop(); i++ {
			check(b, os.WriteFile(fmt.Sprintf("%s/%d.jpg", dir, i), p, 0o666))
		}
	})
	b.Run("write-rename", func(b *testing.B) {
		dir := folderOf(b, top)
		b.SetBytes(int64(len(p)))
		for i := 1; b.Loop(); i++ {
			check(b, os.WriteFile(dir+"/temp", p, 0o666))
			check(b, os.Rename(dir+"/temp", fmt.Sprintf("%s/%d.jpg", dir, i)))
		}
	})
	for _, row := range []struct {
		name string
		o    Options
	}{{"crops", Options{NoSum: true}}, {"crops-sum", Options{}}, {"crops-meta", Options{Meta: true}}} {
		b.Run(row.name, func(b *testing.B) {
			d := mustOpen(b, filepath.Dir(filepath.Dir(folderOf(b, top))))
			o := row.o
			o.Name, o.To, o.Location = mustName(b, "{instance}/{date}/{n}.jpg"), nowhere{}, time.UTC
			o.Types, o.Where = anyType, anyCrop
			s := NewSaver(d, o)
			check(b, s.Put(flowtest.Event(b, "event-intrusion", intrusion)))
			ev := flowtest.Event(b, "crop", cropOf(p, ofBoth))
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				check(b, s.Put(ev))
			}
			b.StopTimer()
			check(b, s.Close())
		})
	}
}

// folderOf makes a folder like those of crops. After the benchmark its files are
// emptied, so that the next one does not wait for the disk, but not removed: a
// file system may be slow for minutes after files were removed.
func folderOf(b *testing.B, top string) string {
	dir, err := os.MkdirTemp(top, "")
	check(b, err)
	dir = filepath.Join(dir, "Gate", "2026-06-19")
	check(b, os.MkdirAll(dir, 0o777))
	b.Cleanup(func() {
		files, err := os.ReadDir(dir)
		check(b, err)
		for _, f := range files {
			check(b, os.Truncate(filepath.Join(dir, f.Name()), 0))
		}
	})
	return dir
}
