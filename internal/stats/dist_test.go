package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPercentileAccuracy(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() float64{
		"even":            func() float64 { return r.Float64() * 1000 },
		"exponential":     func() float64 { return r.ExpFloat64() * 40 },
		"lognormal":       func() float64 { return math.Exp(r.NormFloat64()*3 + 3) },
		"clocks apart":    func() float64 { return r.ExpFloat64()*40 - 5000 },
		"around zero":     func() float64 { return r.NormFloat64() * 100 },
		"whole ms":        func() float64 { return float64(r.IntN(20)) },
		"all the same":    func() float64 { return 40 },
		"days and ms":     func() float64 { return []float64{1, 86_400_000}[r.IntN(2)] },
		"years and years": func() float64 { return 1e14 * r.Float64() },
	} {
		for _, n := range []int{1, 2, 3, 10, 99, 100, 1000, 20_000} {
			var d dist
			var all []float64
			for range n {
				x := draw()
				all = append(all, x)
				d.add(x)
			}
			slices.Sort(all)
			s := d.snapshot(nil)
			for q, got := range map[float64]float64{0.50: s.P50, 0.95: s.P95, 0.99: s.P99} {
				want := all[max(0, int(math.Ceil(q*float64(n)))-1)]
				if math.Abs(got-want) > 0.01*math.Abs(want)+0.001 {
					t.Errorf("%s: p%g of %d is %g, want %g", name, q*100, n, got, want)
				}
			}
			if s.Max != round(all[n-1]) || s.Min != round(all[0]) || s.Count != uint64(n) {
				t.Errorf("%s: %+v, want max %g and min %g", name, s, all[n-1], all[0])
			}
		}
	}
}

func TestDistMerge(t *testing.T) {
	var whole, a, b, sum dist
	for i := range 1000 {
		x := float64(i*i%977) - 50
		whole.add(x)
		[]*dist{&a, &b}[i%2].add(x)
	}
	sum.merge(a)
	sum.merge(dist{})
	sum.merge(b)
	got, want := sum.snapshot(delayBounds), whole.snapshot(delayBounds)
	got.sum, want.sum = math.Round(got.sum), math.Round(want.sum)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
	if a.sketch.GetCount() != 500 {
		t.Error("merging changed what was merged")
	}
}
