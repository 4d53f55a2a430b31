package simulator

import (
	"encoding/hex"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
)

// Instance is one simulated analytics instance.
type Instance struct {
	ID       string    // UUID; made from Name where empty
	Name     string    // display name
	Group    string    // group as the server lists it
	Areas    [2]string // a forbidden area, and one that is only watched
	Tripwire string    // a line in front of both
	State    string    // "running" (also ""), "loaded" or "registered"
	Faults   []Fault   // in addition to the server's own
}

// Fleet returns n instances: the three of the demonstration, then numbered
// cameras. The same names have the same ids in every run.
func Fleet(n int) []Instance {
	fleet := []Instance{
		{Name: "Gate", ID: "899c89f9-90c3-c633-8586-8f09b005ebed", Group: "site-north", Areas: [2]string{"Gate lane", "Visitor path"}, Tripwire: "Gate A"},
		{Name: "Dock", Group: "site-north", Areas: [2]string{"Loading dock", "Ramp"}, Tripwire: "Dock door"},
		{Name: "Car park", Group: "site-south", Areas: [2]string{"Pay station", "Row 1"}, Tripwire: "Barrier"},
	}
	for i := len(fleet); i < n; i++ {
		no := strconv.Itoa(i + 1)
		fleet = append(fleet, Instance{
			Name: "Camera " + no, Group: "fleet", Tripwire: "Line " + no,
			Areas: [2]string{"Zone " + no, "Passage " + no},
		})
	}
	return fleet[:max(n, 0)]
}

// place is where a scene happens. Coordinates are fractions of the frame; an
// object is where its feet are.
type place struct {
	instance  string
	forbidden zone
	watched   zone
	wire      wire
}

type zone struct {
	id, name       string
	x0, y0, x1, y1 float64
}

func (z *zone) holds(x, y float64) bool { return x >= z.x0 && x < z.x1 && y >= z.y0 && y < z.y1 }

// wire is a horizontal line over the whole frame.
type wire struct {
	id, name string
	y        float64
}

// newPlace lays out an instance's areas. Every instance has the same geometry:
// the far end of the frame is at the top, the tripwire crosses it, and behind
// it the forbidden area lies on the left, the watched one on the right.
func newPlace(in Instance) *place {
	ids := named("place " + in.ID)
	return &place{
		instance:  in.ID,
		forbidden: zone{uuid(ids), in.Areas[0], 0.22, 0.42, 0.64, 0.94},
		watched:   zone{uuid(ids), in.Areas[1], 0.68, 0.42, 0.97, 0.94},
		wire:      wire{uuid(ids), in.Tripwire, 0.30},
	}
}

// named returns the random numbers that belong to a name.
func named(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(h.Sum64(), 0))
}

// uuid is sixteen bytes in the form of a UUID, as the server makes them.
func uuid(rng *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
