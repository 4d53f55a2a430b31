package rtapi

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	var b Backoff
	for range 100 {
		b.Reset()
		for _, ms := range []int{250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000} {
			longest := time.Duration(ms) * time.Millisecond
			shortest := longest * 3 / 4
			if ms == 250 {
				shortest = 0
			}
			if d := b.Next(); d < shortest || d > longest {
				t.Fatalf("wait %v, want %v to %v", d, shortest, longest)
			}
		}
	}
}

func TestBackoffBounds(t *testing.T) {
	var b Backoff
	for range 1000 {
		b.Reset()
		if d := b.Next(); d < 0 || d >= 250*time.Millisecond {
			t.Fatalf("first wait %v", d)
		}
		if d := b.Next(); d <= 375*time.Millisecond || d > 500*time.Millisecond {
			t.Fatalf("second wait %v", d)
		}
		if d := b.AtLeast(time.Minute); d < time.Minute || d >= 75*time.Second {
			t.Fatalf("wait %v although the server asked for a minute", d)
		}
		if d := b.AtLeast(time.Millisecond); d <= 1500*time.Millisecond || d > 2*time.Second {
			t.Fatalf("fourth wait %v", d)
		}
	}
	for range 200 {
		if d := b.Next(); d > 30*time.Second {
			t.Fatalf("wait %v", d)
		}
	}
}
