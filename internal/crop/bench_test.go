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

// nowhere is a sink that takes everything.
type nowhere struct{}

func (nowhere) Put(*event.Event) error { return nil }
func (nowhere) Flush() error           { return nil }

// BenchmarkCrops compares saving pictures of 34 KB with writing the same bytes
// to the same files with nothing else. Run it with -benchtime 20000x: each
// one writes into a folder of its own.
func BenchmarkCrops(b *testing.B) {
	p := jpegOf(b, 183, 183)
	p = append(append(p[:len(p)-2:len(p)-2], make([]byte, 34<<10-len(p))...), "\xff\xd9"...)
	const folder = "Gate/2026-06-19"
	b.Run("write", func(b *testing.B) {
		dir := made(b, folder)
		b.SetBytes(int64(len(p)))
		for i := 0; b.Loop(); i++ {
			check(b, os.WriteFile(fmt.Sprintf("%s/%d.jpg", dir, i), p, 0o666))
		}
	})
	b.Run("write-rename", func(b *testing.B) {
		dir := made(b, folder)
		b.SetBytes(int64(len(p)))
		for i := 0; b.Loop(); i++ {
			check(b, os.WriteFile(dir+"/temp", p, 0o666))
			check(b, os.Rename(dir+"/temp", fmt.Sprintf("%s/%d.jpg", dir, i)))
		}
	})
	for name, o := range map[string]Options{"crops": {NoSum: true}, "crops-sum": {}, "crops-meta": {Meta: true}} {
		b.Run(name, func(b *testing.B) {
			d := mustOpen(b, b.TempDir())
			o.Name, o.To, o.Location = mustName(b, "{instance}/{date}/{n}.jpg"), nowhere{}, time.UTC
			s := NewSaver(d, o)
			check(b, s.Put(flowtest.Event(b, "event-intrusion", intrusion)))
			ev := flowtest.Event(b, "crop", cropOf(p, ofBoth))
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				check(b, s.Put(ev))
			}
			check(b, s.Close())
			check(b, d.Close())
		})
	}
}

// BenchmarkUnwanted is what a crop costs that is not saved.
func BenchmarkUnwanted(b *testing.B) {
	d := mustOpen(b, b.TempDir())
	s := NewSaver(d, Options{Name: mustName(b, standard), To: nowhere{}, Where: func(*event.Event) bool { return false }})
	check(b, s.Put(flowtest.Event(b, "event-intrusion", intrusion)))
	ev := flowtest.Event(b, "crop", cropOf(jpegOf(b, 183, 183), ofBoth))
	for b.Loop() {
		check(b, s.Put(ev))
	}
	check(b, s.Close())
	check(b, d.Close())
}

// BenchmarkTracks is what an event costs that crops may refer to.
func BenchmarkTracks(b *testing.B) {
	d := mustOpen(b, b.TempDir())
	s := NewSaver(d, Options{Name: mustName(b, standard), To: nowhere{}})
	var evs []*event.Event
	for i := range 100 {
		evs = append(evs, flowtest.Event(b, "track", fmt.Sprintf(`{"tracking_id":"t%d","object_class":"Person","location":{"x":0.25,"y":0.5}}`, i)))
	}
	for i := 0; b.Loop(); i++ {
		check(b, s.Put(evs[i%len(evs)]))
	}
	check(b, s.Close())
	check(b, d.Close())
}

func made(b *testing.B, folder string) string {
	dir := filepath.Join(b.TempDir(), folder)
	check(b, os.MkdirAll(dir, 0o777))
	return dir
}

func check(b *testing.B, err error) {
	if err != nil {
		b.Helper()
		b.Fatal(err)
	}
}
