package format

import (
	"strings"

	"github.com/rtev/rtev/internal/event"
)

// level is how much an event asks for a look.
type level uint8

const (
	plain level = iota
	low         // many, and of interest only beside others
	aside       // tells more about another event, or about the instance
	over        // what began has ended
	alarm       // somebody should look
)

// kind is how a type of event is told.
type kind struct {
	level level
	verb  string // what the object did: "entered"
	at    string // what joins the verb to the place: "in"; may be empty
	say   func(*Text, *event.Event, *kind)
	owns  [2]key // the first and the last member that only such events have
}

// kinds are the types that have words of their own.
var kinds = map[string]*kind{
	"event-intrusion":           {level: alarm, verb: "entered", say: (*Text).happened},
	"event-intrusion-end":       {level: over, verb: "left", say: (*Text).happened},
	"event-line-crossing":       {verb: "crossed", say: (*Text).happened},
	"event-area-enter":          {verb: "entered", say: (*Text).happened},
	"event-area-exit":           {verb: "left", say: (*Text).happened},
	"event-loitering":           {level: alarm, verb: "loiters", at: "in", say: (*Text).happened},
	"event-loitering-end":       {level: over, verb: "left", say: (*Text).happened},
	"event-crowd-detection":     {level: alarm, verb: "crowd", at: "in", say: (*Text).happened},
	"event-dwelling":            {verb: "stays", at: "in", say: (*Text).happened},
	"event-tailgating":          {level: alarm, verb: "followed another", at: "through", say: (*Text).happened},
	"event-object-left-removed": {level: alarm, verb: "left or removed", at: "in", say: (*Text).happened},
	"event-armed-person":        {level: alarm, verb: "armed", at: "in", say: (*Text).happened},
	"event-armed-person-end":    {level: over, verb: "gone", at: "from", say: (*Text).happened},
	"event-fallen-person":       {level: alarm, verb: "fell", at: "in", say: (*Text).happened},
	"event-fallen-person-end":   {level: over, verb: "up or gone", at: "from", say: (*Text).happened},
	"event-count-changed":       {verb: "count changed", at: "at", say: (*Text).happened},
	"event-status-changed":      {verb: "status changed", say: (*Text).happened},
	"track":                     {level: low, say: (*Text).moved, owns: [2]key{moving, age}},
	"crop":                      {level: aside, say: (*Text).pictured},
	"best-crop":                 {level: aside, say: (*Text).pictured},
	"attribute":                 {level: aside, say: (*Text).attributed, owns: [2]key{attrName, attrValue}},
	"statistics":                {level: aside, say: (*Text).ran, owns: [2]key{fps, health}},
}

// How types are told that have no words of their own: by the fields they have.
var (
	other    = &kind{at: "at", say: (*Text).happened}
	otherEnd = &kind{level: over, verb: "ended", at: "at", say: (*Text).happened}
)

func kindOf(typ string) *kind {
	if k := kinds[typ]; k != nil {
		return k
	}
	if strings.HasPrefix(typ, "event-") && strings.HasSuffix(typ, "-end") {
		return otherEnd
	}
	return other
}

// tells tells whether the kind shows such a member by itself.
func (k *kind) tells(member key) bool {
	return member != unknown && (member < attrName || k.owns[0] <= member && member <= k.owns[1])
}
