package stats

import (
	"math"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

// dist is a distribution of durations in milliseconds, of bounded size. The zero
// value is empty.
type dist struct {
	sketch *ddsketch.DDSketchWithExactSummaryStatistics
}

// bins are the bins of a distribution: 256 for each power of two, each named by
// its smallest value, so percentiles are within 0.4 %, and those of whole numbers
// up to 512 exact. The index is the start of a float64's bits: a logarithm would
// take a third of the time of counting an event.
type bins struct{ mapping.IndexMapping }

// binShift leaves the sign, the exponent and eight bits of the fraction.
const binShift = 52 - 8

// maxBins is the size of a sketch: values down to a hundred millionth of the
// largest one stay distinct.
const maxBins = 27 << 8

// Index returns the bin of a value above 0.
func (bins) Index(value float64) int { return int(math.Float64bits(value) >> binShift) }

// LowerBound returns the smallest value of a bin.
func (bins) LowerBound(i int) float64 { return math.Float64frombits(uint64(i) << binShift) }

// Value returns the value that a bin stands for.
func (b bins) Value(i int) float64 { return b.LowerBound(i) }

// Equals reports whether the bins are the same: there is one kind.
func (bins) Equals(mapping.IndexMapping) bool { return true }

func newSketch() *ddsketch.DDSketchWithExactSummaryStatistics {
	limits, _ := mapping.NewLogarithmicMapping(0.004) // fails only for an accuracy outside 0..1
	return ddsketch.NewDDSketchWithExactSummaryStatistics(bins{limits}, func() store.Store {
		return store.NewCollapsingLowestDenseStore(maxBins)
	})
}

func (d *dist) add(ms float64) {
	if d.sketch == nil {
		d.sketch = newSketch()
	}
	_ = d.sketch.Add(ms) // fails only for values that no duration has
}

// merge adds all values of o.
func (d *dist) merge(o dist) {
	if o.sketch == nil {
		return
	}
	if d.sketch == nil {
		d.sketch = newSketch()
	}
	_ = d.sketch.MergeWith(o.sketch) // fails only for different bins
}

// quantile returns the smallest value that at least the share q of all values
// do not exceed (the nearest rank). The distribution must not be empty.
func (d *dist) quantile(q float64) float64 {
	n := d.sketch.GetCount()
	rank := max(0, math.Ceil(q*n)-1)
	half := 0.5 // the sketch takes the next whole rank: up, but down among values below zero
	if rank < d.sketch.GetNegativeValueStore().TotalCount() {
		half = -half
	}
	v, _ := d.sketch.GetValueAtQuantile(min(max(0, (rank+half)/max(1, n-1)), 1)) // fails only outside 0..1
	return round(v)
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
	least, _ := d.sketch.GetMinValue() // fails only if it is empty
	most, _ := d.sketch.GetMaxValue()
	s := &Dist{
		Count: uint64(d.sketch.GetCount()), Negative: uint64(d.sketch.GetNegativeValueStore().TotalCount()),
		Min: round(least), Max: round(most), sum: d.sketch.GetSum(),
		P50: d.quantile(0.50), P95: d.quantile(0.95), P99: d.quantile(0.99), buckets: map[float64]uint64{},
	}
	for _, b := range bounds {
		s.buckets[b] = 0
	}
	d.sketch.ForEach(func(ms, count float64) bool {
		ms = min(max(ms, least), most)
		for i := len(bounds) - 1; i >= 0 && ms <= bounds[i]*1000; i-- {
			s.buckets[bounds[i]] += uint64(count)
		}
		return false
	})
	return s
}

// round rounds x to three decimal places.
func round(x float64) float64 {
	if math.Abs(x) > 1e12 {
		return math.Round(x)
	}
	return math.Round(x*1000) / 1000
}
