package cmd

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rtev/rtev/internal/crop"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/poll"
)

const cropsLong = `crops saves the pictures of the stream as files. Each picture is decoded and
checked, named after the event or track it belongs to, and never overwrites a
file. The path is printed once the file is complete (-o ndjson: a record per
file).

Name fields: {instance} {id} {date} {time} {type} {class} {place} {track}
{event} {confidence} {n}. -e selects the events whose pictures are saved; -w
sees the fields of the crop, and those of its event as _ref (_ref.area_name).

With --once rtev drains the polling queue once, for cron. That removes the other
events from the server too, so --events-to must say where they go: a FILE, to
which every event that did not become a picture is appended as ndjson, or none.`

const cropsExample = `  rtev crops --demo -d pictures
  rtev crops gate -e event-intrusion -w 'confidence > 0.8' --best
  rtev crops gate --name '{date}/{place}/{time}_{class}.jpg' --meta
  rtev crops gate --once --spool q -d pictures --events-to rest.ndjson
  rtev crops - -d pictures < capture.sse`

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
		Use: "crops [INSTANCE...]", Short: "save crop images as files", Long: cropsLong, Example: cropsExample,
		RunE: func(c *cobra.Command, args []string) error { return a.crops(c, o, args) },
	}
	o.reading.flags(a, c)
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
	f.StringVar(&o.eventsTo, "events-to", "", "with --once: append events that did not become a picture to `FILE`, or drop them (none)")
	o.connecting.flags(c)
	return c
}

func (a *app) crops(c *cobra.Command, o cropsOptions, args []string) error {
	if err := o.check(c.Flags()); err != nil {
		return err
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
	so := crop.Options{Name: name, Types: s.matchType, Where: s.fits, Best: o.best, Meta: o.meta, FlushWaiting: o.once, Notify: s.notices.report}
	so.Location, so.NoSum = zone(o.utc), s.cfg.Output == "text" && !o.meta
	if s.limit != nil {
		so.Limit = s.limit
	}
	open := func(rest event.Sink) event.Sink {
		so := so
		so.To, so.Rest = s.shown(format.NewWriter(encoder(), s.out)), rest
		return crop.NewSaver(dir, so)
	}
	s.tell("saving pictures of", "in "+o.dir, "picture")
	if o.once {
		o.known = dir.Know
		err = s.cropsOnce(args, o, open)
	} else {
		err = s.live(args, liveOptions{
			connecting: o.connecting, types: crop.Needs(s.types.Query(), o.best), notify: s.notices.report, met: dir.Know,
		}, func() event.Sink { return open(nil) })
	}
	sum := dir.Summary()
	if code, _ := classify(err); code == exitUnexpected || sum != (crop.Summary{}) { // else the error says it all
		s.notices.info("%s", sum)
	}
	return s.end(err)
}

// check reports flags that have no effect, or that are missing, without others.
func (o *cropsOptions) check(f *pflag.FlagSet) error {
	switch {
	case !o.once && (f.Changed("spool") || f.Changed("events-to")):
		return usagef("--spool and --events-to need --once")
	case o.once && o.eventsTo == "":
		return &usageError{
			msg:  "--once empties the polling queue, so it needs --events-to for the events that do not become pictures",
			hint: "--events-to rest.ndjson, or --events-to none to drop them",
		}
	}
	return nil
}

// cropsOnce drains the queue once. Events that do not become a picture go where
// --events-to says.
func (s *session) cropsOnce(args []string, o cropsOptions, open func(rest event.Sink) event.Sink) error {
	var rest event.Sink
	if o.eventsTo != "none" {
		file, err := openEventsFile(o.eventsTo)
		if err != nil {
			return err
		}
		rest = file
	}
	p := poll.Poll{Types: crop.Needs(s.types.Query(), o.best), Once: true, Hold: 32 << 20, Notify: s.notices.report}
	return s.drain(args, p, o.draining, func() event.Sink { return open(rest) })
}

// cropColumns are the columns of -o csv.
const cropColumns = "time=_time,instance=_instance,type=_ref._type,object_class=_class,place=_place,confidence,file,bytes,width,height,sha256,event_id=_event,tracking_id=_track"

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
		return func() format.Encoder {
			return format.NewCSV(format.CSVOptions{Columns: columns, Terminal: s.outTTY})
		}, err
	}
	text := crop.Text{Terminal: s.outTTY, Location: zone(o.utc)}
	if o.preview {
		text.Preview = s.previewProtocol(s.notices.info)
	}
	return func() format.Encoder { return &text }, nil
}

// previewProtocol returns how the terminal shows pictures. If it shows none, it
// passes info the reason.
func (a *app) previewProtocol(info func(format string, args ...any)) crop.Protocol {
	if !a.outTTY {
		info("standard output is not a terminal; --preview shows nothing")
		return crop.NoPreview
	}
	p := crop.Preview(a.getenv)
	if p == crop.NoPreview {
		info("this terminal shows no pictures; --preview needs kitty, Ghostty, iTerm2, WezTerm or mintty, outside of tmux and screen")
	}
	return p
}
