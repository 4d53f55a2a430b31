package stats

import (
	"math"
	"time"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

// accuracy is the relative error of percentiles. With sketchBins bins, values
// down to a billionth of the largest one stay distinct.
const (
	accuracy   = 0.004
	sketchBins = 2560
)

// farthest limits the values of a distribution, in milliseconds: ten thousand
// years, which is as far as a system_timestamp can be off.
const farthest = 4e14

// dist is a distribution of durations in milliseconds, of bounded size. The zero
// value is ready, and small.
type dist struct {
	sketch        *ddsketch.DDSketch // nil while nothing was added
	low, high     float64            // the bin of the last value: low <= value < high
	last, pending float64            // values of that bin that are not in the sketch yet, each counted as last
	n             uint64
	negative      uint64 // how many are below zero
	min, max, sum float64
}

func (d *dist) add(ms float64) {
	ms = min(max(ms, -farthest), farthest)
	if d.sketch == nil {
		// Its logarithm costs twice as much as the cubic mapping's polynomial, which
		// is wrong where int has 32 bits.
		m, _ := mapping.NewLogarithmicMapping(accuracy) // fails only for an accuracy outside 0..1
		d.sketch = ddsketch.NewDDSketch(m, store.NewCollapsingLowestDenseStore(sketchBins), store.NewCollapsingLowestDenseStore(sketchBins))
		d.min, d.max = ms, ms
	}
	if ms < d.low || ms >= d.high {
		d.flush()
		d.setBin(ms)
	}
	d.last, d.pending = ms, d.pending+1
	d.n++
	d.sum += ms
	d.min, d.max = min(d.min, ms), max(d.max, ms)
	if ms < 0 {
		d.negative++
	}
}

// setBin sets low and high to the bounds of the bin of a value. Where events are
// old, as when a backlog arrives, their delays share a bin, and a comparison
// costs a tenth of the sketch's logarithm: a third of counting an event.
func (d *dist) setBin(ms float64) {
	bins := d.sketch.IndexMapping
	d.low, d.high = ms, ms
	if size := math.Abs(ms); size > bins.MinIndexableValue() {
		i := bins.Index(size)
		d.low, d.high = bins.LowerBound(i), bins.LowerBound(i+1)
		if ms < 0 {
			d.low, d.high = -d.high, -d.low
		}
	}
}

// flush adds the pending values to the sketch.
func (d *dist) flush() {
	if d.pending > 0 {
		_ = d.sketch.AddWithCount(d.last, d.pending) // fails only for values beyond farthest
		d.pending = 0
	}
}

// merge adds all values of o.
func (d *dist) merge(o *dist) {
	d.flush()
	o.flush()
	switch {
	case o.sketch == nil:
		return
	case d.sketch == nil:
		*d = *o
		d.sketch = o.sketch.Copy()
		return
	}
	_ = d.sketch.MergeWith(o.sketch) // fails only for different mappings
	d.n, d.negative, d.sum = d.n+o.n, d.negative+o.negative, d.sum+o.sum
	d.min, d.max = min(d.min, o.min), max(d.max, o.max)
}

// quantile returns the smallest value that at least the share q of all values
// do not exceed (the nearest rank). The distribution must not be empty.
func (d *dist) quantile(q float64) float64 {
	rank := max(0, math.Ceil(q*float64(d.n))-1)
	half := 0.5 // the sketch takes the next whole rank: up, but down among values below zero
	if rank < float64(d.negative) {
		half = -half
	}
	v, _ := d.sketch.GetValueAtQuantile(min(max(0, (rank+half)/max(1, float64(d.n-1))), 1)) // fails only outside 0..1
	return min(max(v, d.min), d.max)
}

// Dist is a distribution of durations in milliseconds. Percentiles are the
// nearest rank, within 0.5 %; everything else is exact.
type Dist struct {
	Count    uint64  `json:"count"`
	Min      float64 `json:"min"`
	P50      float64 `json:"p50"`
	P95      float64 `json:"p95"`
	P99      float64 `json:"p99"`
	Max      float64 `json:"max"`
	Negative uint64  `json:"negative"` // how many are below zero

	sum     float64
	buckets map[float64]uint64 // by upper bound in seconds, cumulative
}

// snapshot returns the distribution for a Snapshot, nil if it is empty. bounds
// are those of the buckets, in seconds and rising.
func (d *dist) snapshot(bounds []float64) *Dist {
	if d.sketch == nil {
		return nil
	}
	d.flush()
	s := &Dist{
		Count: d.n, Negative: d.negative, Min: round(d.min), Max: round(d.max), sum: d.sum,
		P50: round(d.quantile(0.50)), P95: round(d.quantile(0.95)), P99: round(d.quantile(0.99)),
		buckets: map[float64]uint64{},
	}
	for _, b := range bounds {
		s.buckets[b] = 0
	}
	d.sketch.ForEach(func(ms, count float64) bool {
		ms = min(max(ms, d.min), d.max)
		for i := len(bounds) - 1; i >= 0 && ms <= bounds[i]*1000; i-- {
			s.buckets[bounds[i]] += uint64(count)
		}
		return false
	})
	return s
}

// millis returns d in milliseconds.
func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// round rounds x to three decimal places.
func round(x float64) float64 {
	if math.Abs(x) > 1e12 {
		return math.Round(x)
	}
	return math.Round(x*1000) / 1000
}
