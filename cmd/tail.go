package cmd

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
)

const tailLong = `tail follows the live events of one or more instances. When a connection ends, it
reconnects and says for how long events were missed.

INSTANCE is a display name in any case, a glob over names ('gate*'), a UUID, a
name from the configuration file, a URL pasted from a browser, or - for recorded
events on standard input: output of tail -o ndjson, a stream saved by curl -N, or
polling responses. Without INSTANCE: the default of the configuration file, else
every running instance.

Text on a terminal shows a track every 5 s; +N counts its updates in between.
--cooldown D does that for every event: others of the same instance, type,
place and class, or of the same track, are dropped for D. With fields, as in
--cooldown 30s:_place, events in which these are equal belong together.`

const tailExample = `  rtev tail --demo                                try it without a server
  rtev tail -s nvr1                               every running instance
  rtev tail 'gate*' dock -e 'event-*'             two names, events only
  rtev tail gate -w '_class == Person' -o ndjson | jq .
  rtev tail gate -e intrusion --exec ./alarm.sh   run a command for each event
  rtev tail gate -o csv --for 10m > ten-minutes.csv
  rtev tail - < recorded.ndjson`

type tailOptions struct {
	reading
	connecting
	printing
	publishing
	bell bool
	gaps bool
}

func newTail(a *app) *cobra.Command {
	var o tailOptions
	c := &cobra.Command{
		Use: "tail [INSTANCE...]", Short: "follow live events", Long: tailLong, Example: tailExample,
		RunE: func(c *cobra.Command, args []string) error { return a.tail(c, o, args) },
	}
	o.reading.flags(a, c)
	o.printing.flags(c)
	o.publishing.flags(c)
	cooling(c)
	c.Flags().BoolVar(&o.bell, "bell", false, "ring the terminal's bell for alarms")
	o.connecting.flags(c)
	c.Flags().BoolVar(&o.gaps, "backfill", false, "after a reconnect, print the missed events that the server has stored")
	c.Flags().Lookup("since").Usage = "first print the events stored since `TIME` (10m, 2h, 3d, 15:04, RFC 3339, Unix s or ms); with -: only those since then"
	return c
}

func (a *app) tail(c *cobra.Command, o tailOptions, args []string) error {
	s, err := a.begin(c, o.reading)
	if err != nil {
		return err
	}
	if err := s.parseCooldown(c, o.template == "" && o.onStdout()); err != nil {
		return s.end(err)
	}
	open, closed, err := s.output(c, o.printing, o.publishing, true)
	if err != nil {
		return s.end(err)
	}
	if o.gaps && slices.Equal(args, []string{"-"}) {
		return s.end(usagef("--backfill has no effect on recorded events (-)"))
	}
	if o.bell {
		s.ring = s.bell()
	}
	types := s.types.Query()
	if s.onScreen() && slices.Contains(types, "crop") {
		types = nil // crops are joined with what they show
	}
	s.tell("following", "", "event")
	filters := func(to event.Sink) event.Sink { return s.matched(s.cooled(s.limited(s.shown(to)))) }
	return s.end(closed(s.live(args, liveOptions{
		connecting: o.connecting, types: types, notify: s.notices.report, since: s.since, gaps: o.gaps,
	}, func() event.Sink { return s.joined(filters, open()) })))
}
