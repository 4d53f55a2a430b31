package cmd

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
)

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
		Use: "tail [INSTANCE...]", Short: "follow live events",
		RunE: func(c *cobra.Command, args []string) error { return a.tail(c, o, args) },
	}
	o.reading.flags(c)
	o.printing.flags(c)
	o.publishing.flags(c)
	cooling(c)
	c.Flags().BoolVar(&o.bell, "bell", false, "ring the terminal's bell for alarms")
	o.connecting.flags(c)
	c.Flags().BoolVar(&o.gaps, "backfill", false, "after a reconnect, print the missed events that the server has stored")
	c.Flags().Lookup("since").Usage = "first stored events since `TIME`: 10m, 2h, 3d, 15:04, RFC 3339 or Unix; with -: " +
		"only those since then"
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
	filters := func(to event.Sink) event.Sink { return s.matched(s.cooldown.Sink(s.limited(s.shown(to)))) }
	return s.end(closed(s.live(args, liveOptions{
		connecting: o.connecting, types: types, notify: s.notices.Report, since: s.since, gaps: o.gaps,
	}, func() event.Sink { return s.joined(filters, open()) })))
}
