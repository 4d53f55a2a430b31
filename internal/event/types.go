package event

// TypeInfo describes an event type.
type TypeInfo struct{ Name, Meaning string }

// Types returns the types that are documented (docs.cvedia.com, "Reading Events
// with SSE") or seen in practice. Servers may send other types.
func Types() []TypeInfo {
	return []TypeInfo{
		{"track", "where an object is; sent for objects that cause events"},
		{"crop", "a picture (base64) of the object behind an event"},
		{"attribute", "a property of a track, as name and value"},
		{"statistics", "the instance's own frame rates, latency and drops"},
		{"event-intrusion", "an object entered a forbidden area"},
		{"event-intrusion-end", "it left; event_duration_ms says after how long"},
		{"event-line-crossing", "an object crossed a tripwire"},
		{"event-area-enter", "an object entered an area"},
		{"event-area-exit", "an object left an area"},
		{"event-loitering", "an object stays in an area longer than it should"},
		{"event-loitering-end", "it left; event_duration_ms says after how long"},
		{"event-crowd-detection", "more objects in an area than its limit; see targets"},
		{"event-dwelling", "an object stays in an area"},
		{"event-tailgating", "two objects crossed a tripwire too close together"},
		{"event-object-left-removed", "something was left behind or taken away"},
		{"event-armed-person", "a person with a weapon"},
		{"event-armed-person-end", "the armed person is gone"},
		{"event-fallen-person", "a person fell"},
		{"event-fallen-person-end", "the fallen person got up or is gone"},
		{"event-count-changed", "a counter's value changed"},
		{"event-status-changed", "the instance's status changed"},
	}
}
