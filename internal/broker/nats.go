package broker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsConn publishes to NATS JetStream.
type natsConn struct {
	nc *nats.Conn
	js jetstream.JetStream
}

func dialNATS(_ context.Context, a Address, o Options) (conn, error) {
	opts := nats.Options{
		Url: a.server.String(), Secure: a.server.Scheme == "tls", TLSConfig: o.TLS, Name: "rtev", Timeout: timeout,
		AllowReconnect: true, MaxReconnect: -1, ReconnectWait: 500 * time.Millisecond,
		PingInterval: 10 * time.Second, MaxPingsOut: 2,
		ReconnectBufSize:        -1,   // fail at once during an outage; messages wait in Broker, not in the client
		IgnoreDiscoveredServers: true, // credentials stay with the server they were given for
	}
	if a.creds != "" {
		_ = nats.UserCredentials(a.creds)(&opts) // Connect reads the file
	}
	nc, err := opts.Connect()
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired):
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	case err != nil:
		return nil, err
	}
	c := &natsConn{nc: nc}
	c.js, err = jetstream.New(nc, jetstream.WithPublishAsyncTimeout(timeout))
	if subject, fixed := a.subject.Literals(); fixed && err == nil {
		err = c.checkStream(subject)
	}
	return c, err
}

// checkStream returns ErrRefused if the server says that no stream accepts the
// subject. An account without permission to ask gets the error when it publishes.
func (c *natsConn) checkStream(subject string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := c.js.StreamNameBySubject(ctx, subject)
	if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, nats.ErrNoResponders) ||
		errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		return fmt.Errorf("%w: no stream takes the subject %[2]q; create one, such as: "+
			"nats stream add EVENTS --subjects %[2]q (%[3]w)", ErrRefused, subject, err)
	}
	return nil
}

// publish sends m with the hash of its payload as the message id: the same
// event published twice within the stream's duplicate window is stored once
// (NATS: JetStream model deep dive, message deduplication).
func (c *natsConn) publish(m *message) (wait func() error) {
	sum := sha256.Sum256(m.payload)
	future, err := c.js.PublishMsgAsync(&nats.Msg{Subject: m.subject, Data: m.body, Header: nats.Header{
		jetstream.MsgIDHeader: {hex.EncodeToString(sum[:16])},
	}})
	return func() error {
		if err == nil {
			select {
			case <-future.Ok():
				return nil
			case err = <-future.Err():
			}
		}
		api, _ := errors.AsType[*jetstream.APIError](err)
		switch {
		case errors.Is(err, jetstream.ErrNoStreamResponse): // no stream, or its server is away
			if missing := c.checkStream(m.subject); errors.Is(missing, jetstream.ErrStreamNotFound) {
				return missing
			}
		case errors.Is(err, nats.ErrBadSubject):
			return fmt.Errorf("%w: %w", ErrRefused, err)
		case errors.Is(err, nats.ErrMaxPayload),
			api != nil && api.ErrorCode == jetstream.JSErrCodeStreamMessageExceedsMaximum:
			return errTooLarge
		}
		return err
	}
}

func (c *natsConn) close() { c.nc.Close() }
