package cmd

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
)

// payloadFields are fields of payloads, with their meaning, for completions.
var payloadFields = [][2]string{
	{"object_class", "Person, Vehicle, Animal, Face, Unknown"},
	{"area_name", "the area's name"},
	{"area_id", "the area's id"},
	{"tripwire_name", "the tripwire's name"},
	{"tripwire_id", "the tripwire's id"},
	{"crossing_direction", "up or down"},
	{"event_duration_ms", "of -end events"},
	{"event_id", "the event's id"},
	{"tracking_id", "the track's id, in tracks"},
	{"ref_event_id", "the event that a crop or attribute belongs to"},
	{"ref_tracking_id", "the track that something belongs to"},
	{"detection_confidence", "of tracks, 0 to 1"},
	{"confidence", "of crops, 0 to 1"},
	{"is_moving", "of tracks, 0 or 1"},
	{"age_ms", "of tracks"},
	{"location.x", "left edge, 0 to 1"},
	{"location.y", "top edge, 0 to 1"},
	{"location.width", "of the object, 0 to 1"},
	{"location.height", "of the object, 0 to 1"},
	{"events.#", "the number of a track's events"},
	{"targets.#", "the number of people in a crowd"},
	{"name", "of attributes"},
	{"value", "of attributes"},
	{"current_framerate", "of statistics, frames per second"},
	{"source_framerate", "of statistics, frames per second"},
	{"latency", "of statistics"},
	{"input_queue_size", "of statistics"},
	{"dropped_frames_count", "of statistics"},
	{"instance_id", "the instance's id"},
	{"system_timestamp", "the server's clock, ms"},
	{"event_timestamp_ms", "media time, not a clock, ms"},
}

// fieldCompletions completes the last field of what was typed, which starts after
// one of the characters in before.
func fieldCompletions(before string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) (list []string, _ cobra.ShellCompDirective) {
		front := typed[:strings.LastIndexAny(typed, before)+1]
		for _, f := range event.Fields() {
			list = append(list, cobra.CompletionWithDesc(front+f.Name, f.Meaning))
		}
		for _, f := range payloadFields {
			list = append(list, cobra.CompletionWithDesc(front+f[0], f[1]))
		}
		return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// completeServers offers the names of the config file's servers.
func (a *app) completeServers(c *cobra.Command, _ []string, _ string) (list []string, _ cobra.ShellCompDirective) {
	if a.load(c, nil) == nil {
		for _, s := range a.cfg.Servers {
			list = append(list, cobra.CompletionWithDesc(s.Name, "config file"))
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}
