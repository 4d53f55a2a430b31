package flowtest

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// encode is an encoder that calls a function.
type encode struct {
	head string
	line func(dst []byte, ev *event.Event) []byte
}

func (e encode) AppendHeader(dst []byte) []byte                 { return append(dst, e.head...) }
func (e encode) AppendEvent(dst []byte, ev *event.Event) []byte { return e.line(dst, ev) }

func quoted(dst []byte, ev *event.Event) []byte { return fmt.Appendf(dst, "%+q\n", ev.Payload) }

func raw(dst []byte, ev *event.Event) []byte { return append(append(dst, ev.Payload...), '\n') }

func TestCorrectEncoderPasses(t *testing.T) {
	Encoder(t, func() LineEncoder { return encode{"payload\n", raw} }, Bytes{Raw: true})
	Encoder(t, func() LineEncoder {
		return encode{"", func(dst []byte, ev *event.Event) []byte {
			return append(jsonraw.AppendQuoted(append(dst, "\x1b[31m"...), "xxxxxxx"[:len(ev.Payload)%7]), "\x1b[0m\n"...)
		}}
	}, Bytes{Color: true})
}

func TestEncoderRulesFindMistakes(t *testing.T) {
	var earlier []byte // bytes that an encoder must not use
	for says, bad := range map[string]encode{
		"the header is one line or nothing": {"a\nb\n", quoted},
		"an event is one line, with one line end, at its end": {"",
			func(dst []byte, ev *event.Event) []byte { return append(dst, ev.Payload...) }},
		"what is shown is UTF-8 without control or bidi characters": {"", raw},
		"a line is appended, and the bytes before it stay the same": {"",
			func(dst []byte, ev *event.Event) []byte { return quoted(nil, ev) }},
		"nothing is allocated for an event once buffers have grown": {"", quoted},
		"no byte of an event is used after the call": {"", func(dst []byte, ev *event.Event) []byte {
			dst = fmt.Appendf(dst, "%q\n", earlier)
			earlier = ev.Payload
			return dst
		}},
	} {
		found := false
		for _, rule := range encoderRules {
			earlier = nil
			err := rule.check(t, func() LineEncoder { return bad }, Bytes{})
			if rule.says == says {
				found = true
				if err == nil {
					t.Errorf("not detected: %s", says)
				}
			}
		}
		if !found {
			t.Errorf("no such rule: %s", says)
		}
	}
	if len(encoderRules) != 6 {
		t.Error("a rule has no mistake")
	}
}

// give is a source that waits after its last event. Each field makes it break a
// rule.
type give struct {
	payloads []string
	extra    bool // one event too many
	noFlush  bool
	wrap     bool // wraps the sink's errors
	goOn     bool // keeps putting after a failure
	silent   bool // returns nil when cancelled
	deaf     bool // keeps waiting when cancelled
	end      bool // ends instead of waiting
}

func (g give) Run(ctx context.Context, to event.Sink) error {
	if g.extra {
		g.payloads = append(g.payloads, `{"$id":"track"}`)
	}
	var late error // of Put
	for _, p := range g.payloads {
		if ctx.Err() != nil && !g.deaf {
			return ctx.Err()
		}
		ev, err := event.New("", []byte(p), &event.Instance{ID: "i1"})
		if err != nil {
			return err
		}
		if err := to.Put(ev); err != nil {
			late = err
		}
		if late != nil && !g.goOn {
			return g.failed(late)
		}
	}
	if late != nil || g.end {
		return late
	}
	if !g.noFlush {
		if err := to.Flush(); err != nil {
			return g.failed(err)
		}
	}
	if g.deaf {
		time.Sleep(2 * time.Second)
	}
	<-ctx.Done()
	if g.silent {
		return nil
	}
	return ctx.Err()
}

func (g give) failed(err error) error {
	if g.wrap {
		return fmt.Errorf("output: %w", err)
	}
	return err
}

func TestCorrectSourcePasses(t *testing.T) {
	Source(t, func(_ *testing.T, payloads []string) event.Source { return give{payloads: payloads} })
	Source(t, func(_ *testing.T, payloads []string) event.Source { return give{payloads: payloads, end: true} })
}

func TestSourceRulesFindMistakes(t *testing.T) {
	bad := map[string]give{
		"it puts exactly the events, with type and instance":                  {extra: true},
		"it flushes before it waits":                                          {noFlush: true},
		"an error of Put comes back unchanged, and nothing is put after it":   {wrap: true},
		"an error of Flush comes back unchanged, and nothing is put after it": {wrap: true},
		"ErrStop comes back unchanged, and nothing is put after it":           {goOn: true},
		"once its ctx is done a waiting source returns ctx.Err() at once":     {silent: true},
		"once its ctx is done a source that puts events ends at once":         {deaf: true},
		"a ctx that is done from the start ends it at once":                   {deaf: true},
	}
	for _, rule := range sourceRules {
		g, ok := bad[rule.says]
		if !ok {
			t.Errorf("no mistake for the rule: %s", rule.says)
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			err := rule.check(t, func(_ *testing.T, payloads []string) event.Source {
				g.payloads = payloads
				return g
			})
			if err == nil {
				t.Errorf("not detected: %s", rule.says)
			}
		})
	}
}
