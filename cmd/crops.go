package cmd

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/crop"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/poll"
)

const cropsLong = `crops saves the pictures of the stream as files: decoded, checked whole, named
after the event or track they belong to, and never in the place of another file.
The path is printed once the file stands (-o ndjson: a record a file).

Name fields: {instance} {date} {time} {type} {class} {place} {track} {event}
{confidence} {n}. -e names the events whose pictures are wanted; -w sees the
crop's own fields, and those of its event under _ref (_ref.area_name).

With --once the polling queue is drained once, for cron. The other events in it
would be lost: --events-to FILE appends them there.`

const cropsExample = `  rtev crops --demo -d pictures
  rtev crops gate -e event-intrusion -w 'confidence > 0.8' --best
  rtev crops gate --name '{date}/{place}/{time}_{class}.jpg' --meta
  rtev crops gate --once --spool q -d pictures --events-to rest.ndjson
  rtev crops - -d pictures < capture.sse`

type cropsOptions struct {
	reading
	draining
	dir      string
	name     string
	meta     bool
	best     bool
	preview  bool
	utc      bool
	once     bool
	eventsTo string
	retry    bool
	idle     time.Duration
}

func newCrops(a *app) *cobra.Command {
	var o cropsOptions
	c := &cobra.Command{
		Use: "crops [INSTANCE...]", Short: "save crop images as files", Long: cropsLong + exitHelp, Example: cropsExample,
		RunE: func(c *cobra.Command, args []string) error { return a.crops(c, o, args) },
	}
	o.reading.flags(a, c)
	c.Flags().Lookup("count").Usage = "stop after `N` files"
	c.Flags().Lookup("events").Usage = "only pictures of these events: `LIST` of names, globs ('event-*') and !name"
	f := c.Flags()
	f.StringVarP(&o.dir, "dir", "d", ".", "write below `DIR`, made when missing")
	f.StringVar(&o.name, "name", "{instance}/{date}/{time}_{class}_{track}.jpg", "`TEMPLATE` of the file names")
	f.BoolVar(&o.meta, "meta", false, "a .json with the record beside each picture")
	f.BoolVar(&o.best, "best", false, "one picture a track or event: the one of highest confidence")
	f.BoolVar(&o.preview, "preview", false, "show each picture where the terminal can")
	f.BoolVar(&o.utc, "utc", false, "dates and times in UTC instead of the local zone")
	f.BoolVar(&o.once, "once", false, "one drain of the polling queue, then exit")
	f.StringVar(&o.spool, "spool", "", "with --once: keep the drained answer in `DIR` until all of it was saved")
	f.StringVar(&o.eventsTo, "events-to", "", "with --once: append the drained events that are no crops to `FILE`")
	connecting(c, &o.retry, &o.idle)
	c.ValidArgsFunction = a.completeInstances
	return c
}

func (a *app) crops(c *cobra.Command, o cropsOptions, args []string) error {
	s, err := a.begin(c, o.reading)
	if err != nil {
		return err
	}
	name, err := crop.ParseName(o.name)
	if err != nil {
		return err
	}
	encoder, err := s.cropEncoder(o)
	if err != nil {
		return err
	}
	if !o.once && (o.spool != "" || o.eventsTo != "") {
		return usagef("--spool and --events-to go with --once")
	}
	dir, err := crop.Open(o.dir, s.voice.notice)
	if err != nil {
		return err
	}
	so := crop.Options{Name: name, Types: s.types.Match, Where: s.fits, Best: o.best, Meta: o.meta, Settle: o.once, Notify: s.voice.notice}
	so.Location, so.NoSum = o.zone(), s.cfg.Output == "text" && !o.meta
	if s.limit != nil {
		so.Limit = s.limit
	}
	open := func(rest event.Sink) event.Sink {
		so := so
		enc := encoder()
		if text, ok := enc.(*crop.Text); ok && o.preview {
			so.Show = text.Show
		}
		so.To, so.Rest = format.NewWriter(enc, s.out), rest
		return crop.NewSaver(dir, so)
	}
	if o.once {
		err = s.cropsOnce(args, o, open)
	} else {
		err = s.live(args, liveOptions{
			retry: o.retry, idle: o.idle, types: crop.Needs(s.types.Query(), o.best), notify: s.voice.notice,
		}, func() event.Sink { return open(nil) })
	}
	if closed := dir.Close(); err == nil {
		err = closed
	}
	s.voice.info("%s", dir.Summary())
	return s.end(err)
}

// zone is the zone of dates and times; nil is the local one.
func (o *cropsOptions) zone() *time.Location {
	if o.utc {
		return time.UTC
	}
	return nil
}

// cropsOnce drains the queue once. The events in it that are no crops go to
// a file, or are counted and told.
func (s *session) cropsOnce(args []string, o cropsOptions, open func(rest event.Sink) event.Sink) error {
	var left counting
	rest := func() event.Sink { return &left }
	if o.eventsTo != "" {
		f, err := os.OpenFile(o.eventsTo, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
		if err != nil {
			return &event.WriteError{Err: fmt.Errorf("--events-to: %w", err)}
		}
		defer f.Close()
		file := format.NewOutput(f, nil)
		rest = func() event.Sink { return format.NewWriter(format.NewNDJSON(format.NDJSONOptions{}), file) }
	}
	p := poll.Poll{Types: crop.Needs(s.types.Query(), o.best), Once: true, Hold: 32 << 20, Notify: s.voice.notice}
	err := s.drain(args, p, o.draining, func() event.Sink { return open(rest()) })
	if n := left.n.Load(); n > 0 {
		s.voice.warn("%s drained that are no crops, and not kept; --events-to FILE keeps them", plural(int(n), "event"))
	}
	return err
}

// counting is a sink that counts.
type counting struct{ n atomic.Int64 }

func (c *counting) Put(*event.Event) error { c.n.Add(1); return nil }
func (c *counting) Flush() error           { return nil }

// cropColumns are what -o csv prints of a file.
const cropColumns = "time=_time,instance=_instance,type=_ref._type,object_class=_class,place=_place,confidence,file,bytes,width,height,sha256,event_id=_event,tracking_id=_track"

// cropEncoder returns what makes an encoder of the records of saved pictures.
func (s *session) cropEncoder(o cropsOptions) (func() format.Encoder, error) {
	switch s.cfg.Output {
	case "ndjson":
		return func() format.Encoder { return format.NewNDJSON(format.NDJSONOptions{Terminal: s.outTTY}) }, nil
	case "csv":
		columns, err := format.ParseColumns(cropColumns)
		return func() format.Encoder {
			return format.NewCSV(format.CSVOptions{Columns: columns, Terminal: s.outTTY})
		}, err
	case "text":
		text := crop.Text{Terminal: s.outTTY, Location: o.zone()}
		if o.preview && s.outTTY {
			text.Preview = crop.Preview(s.getenv)
		}
		return func() format.Encoder { t := text; return &t }, nil
	}
	return nil, usagef("-o %s is for rtev stats; here it is text, ndjson or csv", s.cfg.Output)
}
