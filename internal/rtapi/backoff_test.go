package rtapi

import (
	"fmt"
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	ms := func(d ...int) (all []time.Duration) {
		for _, d := range d {
			all = append(all, time.Duration(d)*time.Millisecond)
		}
		return all
	}
	for _, tc := range []struct {
		name string
		b    Backoff
		want []time.Duration
	}{
		{"none shorter", Backoff{Rand: func() float64 { return 0 }}, ms(0, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000)},
		{"in the middle", Backoff{Rand: func() float64 { return 0.5 }}, ms(125, 437, 875, 1750, 3500, 7000, 14000, 26250, 26250)},
	} {
		for range 2 {
			var got []time.Duration
			for range tc.want {
				got = append(got, tc.b.Next().Truncate(time.Millisecond))
			}
			if fmt.Sprint(got) != fmt.Sprint(tc.want) {
				t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
			}
			tc.b.Reset()
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
