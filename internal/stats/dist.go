package stats

import (
	"math"
	"time"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

// accuracy of percentiles, relative to the value: with alike half of what is
// promised. With sketchBins of them values from the largest down to a
// billionth of it are told apart.
const (
	accuracy   = 0.004
	sketchBins = 2560
)

// alike is by how much of itself a value may differ from the one before and
// still be counted as the same. At full speed, when delays are long, most are,
// and that costs a tenth of asking the sketch.
const alike = 0.001

// farthest is how many milliseconds a distribution tells apart: ten thousand
// years, which is all that a system_timestamp can be off.
const farthest = 4e14

// dist is a distribution of durations in milliseconds, of bounded size. Zero
// is ready and small.
type dist struct {
	sketch        *ddsketch.DDSketch // nil: nothing added yet
	run           float64            // how many like at are not yet in the sketch
	at, near      float64
	n             uint64
	negative      uint64
	min, max, sum float64
}

func newSketch() (*ddsketch.DDSketch, error) {
	m, err := mapping.NewLogarithmicMapping(accuracy) // the cubic one costs half, and is wrong where int has 32 bits
	if err != nil {
		return nil, err
	}
	return ddsketch.NewDDSketch(m, store.NewCollapsingLowestDenseStore(sketchBins), store.NewCollapsingLowestDenseStore(sketchBins)), nil
}

func (d *dist) add(ms float64) {
	ms = min(max(ms, -farthest), farthest)
	if d.sketch == nil {
		d.sketch, _ = newSketch() // fails for an accuracy outside 0 … 1 only
		d.min, d.max = ms, ms
	}
	if math.Abs(ms-d.at) > d.near {
		d.settle()
		d.at, d.near = ms, alike*math.Abs(ms)
	}
	d.run++
	d.n++
	d.sum += ms
	d.min, d.max = min(d.min, ms), max(d.max, ms)
	if ms < 0 {
		d.negative++
	}
}

// settle puts the run at hand into the sketch.
func (d *dist) settle() {
	if d.run > 0 {
		_ = d.sketch.AddWithCount(d.at, d.run) // fails for what add cuts off only
		d.run = 0
	}
}

// merge adds all of o.
func (d *dist) merge(o *dist) {
	d.settle()
	o.settle()
	switch {
	case o.sketch == nil:
		return
	case d.sketch == nil:
		*d = *o
		d.sketch = o.sketch.Copy()
		return
	}
	_ = d.sketch.MergeWith(o.sketch) // fails for different mappings only
	d.n, d.negative, d.sum = d.n+o.n, d.negative+o.negative, d.sum+o.sum
	d.min, d.max = min(d.min, o.min), max(d.max, o.max)
}

// quantile is the smallest value that at least the share q of all does not
// exceed (the nearest rank). Only for a distribution that holds something.
func (d *dist) quantile(q float64) float64 {
	d.settle()
	rank := max(0, math.Ceil(q*float64(d.n))-1)
	half := 0.5 // the sketch looks for the next whole rank: up, among values below zero down
	if rank < float64(d.negative) {
		half = -half
	}
	v, err := d.sketch.GetValueAtQuantile(min(max(0, (rank+half)/max(1, float64(d.n-1))), 1))
	if err != nil { // for a share outside 0 … 1 only
		return 0
	}
	return min(max(v, d.min), d.max)
}

// Dist is a distribution of durations in milliseconds. Percentiles are the
// nearest rank, within 0.5 %; all else is exact.
type Dist struct {
	Count    uint64  `json:"count"`
	Min      float64 `json:"min"`
	P50      float64 `json:"p50"`
	P95      float64 `json:"p95"`
	P99      float64 `json:"p99"`
	Max      float64 `json:"max"`
	Negative uint64  `json:"negative"` // how many are below zero

	sum     float64
	buckets map[float64]uint64 // how many are at most so many seconds
}

// show is the distribution as told to the outside, nil when it holds nothing.
// bounds are those of the buckets, in seconds and rising.
func (d *dist) show(bounds []float64) *Dist {
	if d.sketch == nil {
		return nil
	}
	d.settle()
	s := &Dist{
		Count: d.n, Negative: d.negative, Min: round(d.min), Max: round(d.max), sum: d.sum,
		P50: round(d.quantile(0.50)), P95: round(d.quantile(0.95)), P99: round(d.quantile(0.99)),
		buckets: make(map[float64]uint64, len(bounds)),
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

// millis is d in milliseconds.
func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// round cuts a number to three digits behind the point.
func round(x float64) float64 {
	if math.Abs(x) > 1e12 {
		return math.Round(x)
	}
	return math.Round(x*1000) / 1000
}
