package format

// level is how much attention an event needs.
type level uint8

const (
	plain level = iota
	faint       // frequent, or says more about another event or the instance
	over        // the end of something
	alarm       // needs attention
)

// kind is how text shows a type of event.
type kind struct {
	level level
	verb  string // what the object did: "entered"; "": the type and its members say it
	at    string // joins the verb to the place: "in"; may be empty
}

// kinds are the types that have words or a level of their own.
var kinds = map[string]*kind{
	"event-intrusion":           {alarm, "entered", ""},
	"event-intrusion-end":       {over, "left", ""},
	"event-line-crossing":       {plain, "crossed", ""},
	"event-area-enter":          {plain, "entered", ""},
	"event-area-exit":           {plain, "left", ""},
	"event-loitering":           {alarm, "loiters", "in"},
	"event-loitering-end":       {over, "left", ""},
	"event-crowd-detection":     {alarm, "crowd", "in"},
	"event-dwelling":            {plain, "stays", "in"},
	"event-tailgating":          {alarm, "followed another", "through"},
	"event-object-left-removed": {alarm, "left or removed", "in"},
	"event-armed-person":        {alarm, "armed", "in"},
	"event-armed-person-end":    {over, "gone", "from"},
	"event-fallen-person":       {alarm, "fell", "in"},
	"event-fallen-person-end":   {over, "up or gone", "from"},
	"track":                     {faint, "seen", "in"},
	"crop":                      {faint, "picture", "in"},
	"best-crop":                 {faint, "picture", "in"},
	"attribute":                 {faint, "", ""},
	"statistics":                {faint, "", ""},
}

// other are the types without words of their own, shown by the members they have.
var other = &kind{plain, "", "at"}

func kindOf(typ string) *kind {
	if k := kinds[typ]; k != nil {
		return k
	}
	return other
}

// IsAlarm reports whether text marks events of a type as an alarm.
func IsAlarm(typ string) bool { return kindOf(typ).level == alarm }
