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
	words func(*Text, *event.Event, *kind)
	verb  string // what the object did: "entered"
	at    string // joins the verb to the place: "in"; may be empty
}

// kinds are the types that have words of their own.
var kinds = map[string]*kind{
	"event-intrusion":           {alarm, (*Text).eventWords, "entered", ""},
	"event-intrusion-end":       {over, (*Text).eventWords, "left", ""},
	"event-line-crossing":       {plain, (*Text).eventWords, "crossed", ""},
	"event-area-enter":          {plain, (*Text).eventWords, "entered", ""},
	"event-area-exit":           {plain, (*Text).eventWords, "left", ""},
	"event-loitering":           {alarm, (*Text).eventWords, "loiters", "in"},
	"event-loitering-end":       {over, (*Text).eventWords, "left", ""},
	"event-crowd-detection":     {alarm, (*Text).eventWords, "crowd", "in"},
	"event-dwelling":            {plain, (*Text).eventWords, "stays", "in"},
	"event-tailgating":          {alarm, (*Text).eventWords, "followed another", "through"},
	"event-object-left-removed": {alarm, (*Text).eventWords, "left or removed", "in"},
	"event-armed-person":        {alarm, (*Text).eventWords, "armed", "in"},
	"event-armed-person-end":    {over, (*Text).eventWords, "gone", "from"},
	"event-fallen-person":       {alarm, (*Text).eventWords, "fell", "in"},
	"event-fallen-person-end":   {over, (*Text).eventWords, "up or gone", "from"},
	"event-count-changed":       {plain, (*Text).eventWords, "count changed", "at"},
	"event-status-changed":      {plain, (*Text).eventWords, "status changed", ""},
	"track":                     {low, (*Text).trackWords, "moves", ""},
	"crop":                      {aside, (*Text).cropWords, "picture", "in"},
	"best-crop":                 {aside, (*Text).cropWords, "picture", "in"},
	"attribute":                 {aside, (*Text).attributeWords, "has", ""},
	"statistics":                {aside, (*Text).statisticsWords, "runs", ""},
}

// Types without words of their own are shown by the members they have.
var (
	other    = &kind{plain, (*Text).eventWords, "", "at"}
	otherEnd = &kind{over, (*Text).eventWords, "ended", "at"}
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

// IsAlarm reports whether text marks events of a type as an alarm.
func IsAlarm(typ string) bool { return kindOf(typ).level == alarm }
