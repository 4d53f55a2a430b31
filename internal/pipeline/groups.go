package pipeline

import (
	"fmt"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// ParseCooldown parses the value of --cooldown, D[:FIELDS]. FIELDS are paths or
// computed fields, separated by commas. Events with equal FIELDS are one group;
// events that have none of them pass. Without FIELDS, the updates of a track are
// one group, and so are other events with the same instance, type, place and class.
func ParseCooldown(text string) (*Cooldown, error) {
	duration, list, given := strings.Cut(text, ":")
	period, err := time.ParseDuration(duration)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is not a duration such as 30s, or a duration and fields such as 30s:_place", duration)
	case period < 0:
		return nil, fmt.Errorf("%s: the duration must not be negative", duration)
	case !given:
		return NewCooldown(period, defaultGroup), nil
	}
	var paths []event.Path
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name == "" {
			return nil, fmt.Errorf("%q: a field is empty", text)
		}
		path, err := event.ParsePath(name)
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return NewCooldown(period, func(dst []byte, ev *event.Event) []byte { return appendGroup(dst, ev, paths) }), nil
}

// NewTrackCooldown returns a cooldown for the updates of each track. All other
// events pass.
func NewTrackCooldown(period time.Duration) *Cooldown {
	return NewCooldown(period, func(dst []byte, ev *event.Event) []byte {
		if ev.Type != "track" {
			return dst
		}
		return defaultGroup(dst, ev)
	})
}

var (
	trackFields = []event.Path{event.MustPath("_track")}
	eventFields = []event.Path{event.MustPath("_type"), event.MustPath("_place"), event.MustPath("_class")}
)

// defaultGroup appends the group of an event without FIELDS. Instances may have
// the same name, so the id is used.
func defaultGroup(dst []byte, ev *event.Event) []byte {
	fields := eventFields
	if ev.Type == "track" {
		fields = trackFields
	}
	start := len(dst)
	dst = appendGroup(dst, ev, fields)
	if len(dst) > start && ev.Instance != nil {
		dst = append(append(dst, ev.Instance.Server...), ev.Instance.ID...)
	}
	return dst
}

// appendGroup appends the values at the paths, or nothing if all are missing.
func appendGroup(dst []byte, ev *event.Event, paths []event.Path) []byte {
	start, found := len(dst), false
	for i := range paths {
		value := paths[i].Of(ev).String()
		found = found || value != ""
		dst = append(append(dst, value...), 0)
	}
	if !found {
		return dst[:start]
	}
	return dst
}
