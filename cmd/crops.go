package cmd

import (
	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/crop"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/poll"
)

var errEventsTo = &usageError{
	msg:  "--once empties the polling queue, so it needs --events-to for the events that do not become pictures",
	hint: "--events-to rest.ndjson, or --events-to none to drop them",
}

type cropsOptions struct {
	reading
	connecting
	draining
	dir      string
	name     string
	meta     bool
	best     bool
	preview  bool
	utc      bool
	once     bool
	eventsTo string
}

func newCrops(a *app) *cobra.Command {
	var o cropsOptions
	c := &cobra.Command{
		Use: "crops [INSTANCE...]", Short: "save crop images as files",
		RunE: func(c *cobra.Command, args []string) error { return a.crops(c, o, args) },
	}
	o.reading.flags(c)
	c.Flags().Lookup("count").Usage = "stop after `N` files"
	c.Flags().Lookup("events").Usage = "only pictures of these events: `LIST` of names, globs ('event-*') and !name"
	f := c.Flags()
	f.StringVarP(&o.dir, "dir", "d", ".", "write into `DIR`, created when missing")
	f.StringVar(&o.name, "name", "{instance}/{date}/{time}_{class}_{track}.jpg", "`TEMPLATE` of the file names")
	f.BoolVar(&o.meta, "meta", false, "write a .json with the record beside each picture")
	f.BoolVar(&o.best, "best", false, "one picture per track or event: the one with the highest confidence")
	f.BoolVar(&o.preview, "preview", false, "show each picture, on terminals that can (kitty, iTerm2)")
	f.BoolVar(&o.utc, "utc", false, "dates and times in UTC instead of the local zone")
	f.BoolVar(&o.once, "once", false, "drain the polling queue once, then exit")
	f.StringVar(&o.spool, "spool", "", "with --once: keep each drained response in `DIR` until all of it was saved")
	f.StringVar(&o.eventsTo, "events-to", "", "with --once: append all other events to `FILE`, or drop them (none)")
	o.connecting.flags(c)
	return c
}

func (a *app) crops(c *cobra.Command, o cropsOptions, args []string) error {
	if !o.once && (c.Flags().Changed("spool") || c.Flags().Changed("events-to")) {
		return usagef("--spool and --events-to need --once")
	}
	if o.once && o.eventsTo == "" {
		return errEventsTo
	}
	s, err := a.begin(c, o.reading)
	if err != nil {
		return err
	}
	name, err := crop.ParseName(o.name)
	if err != nil {
		return usagef("%v", err)
	}
	encoder, err := s.cropEncoder(o)
	if err != nil {
		return err
	}
	dir, err := crop.Open(o.dir)
	if err != nil {
		return err
	}
	so := crop.Options{
		Name: name, Location: zone(o.utc), Types: s.matchType, Where: s.fits, Best: o.best, Meta: o.meta,
		NoSum: s.cfg.Output == "text" && !o.meta, FlushWaiting: o.once, Notify: s.notices.Report,
	}
	if s.limit != nil {
		so.Limit = s.limit
	}
	rest := func() event.Sink { return nil }
	if o.once && o.eventsTo != "none" {
		if rest, err = eventsTo(o.eventsTo); err != nil {
			return err
		}
	}
	open := func() event.Sink {
		so := so
		so.To, so.Rest = s.shown(format.NewWriter(encoder(), s.out)), rest()
		return crop.NewSaver(dir, so)
	}
	s.tell("saving pictures of", "in "+o.dir, "picture")
	types := crop.Needs(s.types.Query(), o.best)
	if o.once {
		o.known = dir.Know
		p := poll.Poll{Types: types, Once: true, Hold: 32 << 20, Notify: s.notices.Report}
		err = s.drain(args, p, o.draining, open)
	} else {
		live := liveOptions{connecting: o.connecting, types: types, notify: s.notices.Report, met: dir.Know}
		err = s.live(args, live, open)
	}
	if code, _ := classify(err); code == exitUnexpected || dir.Summary().Saved > 0 { // else the error is enough
		s.notices.Info("%s", dir.Summary())
	}
	return s.end(err)
}

// cropColumns are the columns of -o csv. A width without the backslash is that of the
// box in the frame.
const cropColumns = "time=_time,instance=_instance,type=_ref._type,object_class=_class,place=_place,confidence," +
	`file,bytes,width=\width,height=\height,sha256,event_id=_event,tracking_id=_track`

// cropEncoder returns a function that makes an encoder of the records of saved
// pictures.
func (s *session) cropEncoder(o cropsOptions) (func() format.Encoder, error) {
	if s.parsed.Changed("preview") && s.cfg.Output != "text" {
		return nil, usagef("--preview needs -o text")
	}
	switch s.cfg.Output {
	case "ndjson":
		return func() format.Encoder { return format.NewNDJSON(format.NDJSONOptions{Terminal: s.outTTY}) }, nil
	case "csv":
		columns, err := format.ParseColumns(cropColumns)
		options := format.CSVOptions{Columns: columns, Terminal: s.outTTY}
		return func() format.Encoder { return format.NewCSV(options) }, err
	}
	text := crop.Text{Terminal: s.outTTY, Location: zone(o.utc)}
	if o.preview && s.outTTY {
		text.Preview = crop.Preview(s.getenv)
	}
	if o.preview && text.Preview == crop.NoPreview {
		s.notices.Info("no previews: they need kitty, Ghostty, iTerm2, WezTerm or mintty, outside of tmux and screen")
	}
	return func() format.Encoder { return &text }, nil
}
