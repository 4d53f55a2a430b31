package format

import (
	"strings"

	"github.com/rtev/rtev/internal/event"
)

// level is how much attention an event needs.
type level uint8

const (
	plain level = iota
	low         // frequent, and of interest only next to others
	aside       // says more about another event, or about the instance
	over        // the end of something
	alarm       // somebody should look
)

// kind is how text shows a type of event.
type kind struct {
	level level
	verb  string // what the object did: "entered"
	at    string // joins the verb to the place: "in"; may be empty
	say   func(*Text, *event.Event, *kind)
	owns  [2]key // the first and the last member that only such events have
}

// kinds are the types that have words of their own.
var kinds = map[string]*kind{
	"event-intrusion":           {level: alarm, verb: "entered", say: (*Text).sayEvent},
	"event-intrusion-end":       {level: over, verb: "left", say: (*Text).sayEvent},
	"event-line-crossing":       {verb: "crossed", say: (*Text).sayEvent},
	"event-area-enter":          {verb: "entered", say: (*Text).sayEvent},
	"event-area-exit":           {verb: "left", say: (*Text).sayEvent},
	"event-loitering":           {level: alarm, verb: "loiters", at: "in", say: (*Text).sayEvent},
	"event-loitering-end":       {level: over, verb: "left", say: (*Text).sayEvent},
	"event-crowd-detection":     {level: alarm, verb: "crowd", at: "in", say: (*Text).sayEvent},
	"event-dwelling":            {verb: "stays", at: "in", say: (*Text).sayEvent},
	"event-tailgating":          {level: alarm, verb: "followed another", at: "through", say: (*Text).sayEvent},
	"event-object-left-removed": {level: alarm, verb: "left or removed", at: "in", say: (*Text).sayEvent},
	"event-armed-person":        {level: alarm, verb: "armed", at: "in", say: (*Text).sayEvent},
	"event-armed-person-end":    {level: over, verb: "gone", at: "from", say: (*Text).sayEvent},
	"event-fallen-person":       {level: alarm, verb: "fell", at: "in", say: (*Text).sayEvent},
	"event-fallen-person-end":   {level: over, verb: "up or gone", at: "from", say: (*Text).sayEvent},
	"event-count-changed":       {verb: "count changed", at: "at", say: (*Text).sayEvent},
	"event-status-changed":      {verb: "status changed", say: (*Text).sayEvent},
	"track":                     {level: low, say: (*Text).sayTrack, owns: [2]key{moving, age}},
	"crop":                      {level: aside, verb: "picture", say: (*Text).sayCrop},
	"best-crop":                 {level: aside, verb: "picture", say: (*Text).sayCrop},
	"attribute":                 {level: aside, verb: "=", say: (*Text).sayAttribute, owns: [2]key{attrName, attrValue}},
	"statistics":                {level: aside, verb: "fps", say: (*Text).sayStatistics, owns: [2]key{fps, health}},
}

// Types without words of their own are shown by the fields they have.
var (
	other    = &kind{at: "at", say: (*Text).sayEvent}
	otherEnd = &kind{level: over, verb: "ended", at: "at", say: (*Text).sayEvent}
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

// shows reports whether the phrases of the kind show a member, or hide it on
// purpose.
func (k *kind) shows(member key) bool {
	return member != unknown && (member < attrName || k.owns[0] <= member && member <= k.owns[1])
}
