package broker

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsConn publishes to NATS JetStream.
type natsConn struct {
	address Address
	nc      *nats.Conn
	js      jetstream.JetStream

	mu      sync.Mutex
	waiting map[*nats.Msg]func(error)
}

// natsDialer is a nats.CustomDialer that uses Options.Dial. It remembers the
// error of the first connection, because the client library replaces it by one
// without a reason.
type natsDialer struct {
	o     Options
	first error
}

// Dial opens a connection within connectTimeout.
func (d *natsDialer) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	c, err := d.o.Dial(ctx, network, address)
	d.first = cmp.Or(d.first, err)
	return c, err
}

func dialNATS(ctx context.Context, a Address, o Options) (conn, error) {
	dialer := &natsDialer{o: o}
	opts := nats.Options{
		Url: "nats://" + a.host, Name: "rtev", Secure: a.secure, TLSConfig: o.TLS, CustomDialer: dialer,
		Timeout: connectTimeout, AllowReconnect: true, MaxReconnect: -1, ReconnectWait: 500 * time.Millisecond,
		PingInterval: 10 * time.Second, MaxPingsOut: 2,
		ReconnectBufSize:        -1,   // fail at once during an outage; messages wait in Broker, not in the client
		IgnoreDiscoveredServers: true, // credentials stay with the server they were given for
	}
	switch {
	case a.creds != "":
		if err := nats.UserCredentials(a.creds)(&opts); err != nil {
			return nil, &AddressError{"creds: " + err.Error()}
		}
	case a.password == "":
		opts.Token = a.user
	default:
		opts.User, opts.Password = a.user, a.password
	}
	nc, err := opts.Connect()
	if err != nil {
		if errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) {
			return nil, &DeniedError{a.String(), "the credentials are not accepted (" + err.Error() + ")"}
		}
		if errors.Is(err, nats.ErrNoServers) {
			err = cmp.Or(dialer.first, err)
		}
		return nil, err
	}
	c := &natsConn{address: a, nc: nc, waiting: map[*nats.Msg]func(error){}}
	c.js, err = jetstream.New(nc,
		jetstream.WithPublishAsyncMaxPending(4*maxInFlight),
		jetstream.WithPublishAsyncTimeout(ackTimeout),
		jetstream.WithPublishAsyncAckHandler(func(_ jetstream.JetStream, m *nats.Msg, _ *jetstream.PubAck) { c.finish(m, nil) }),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg, err error) { c.finish(m, err) }))
	if err == nil && a.fixed != "" {
		err = c.checkStream(ctx, a.fixed)
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	return c, nil
}

// checkStream returns a *DeniedError if the server says that no stream accepts
// the subject. An account without permission to ask gets the error when it
// publishes.
func (c *natsConn) checkStream(ctx context.Context, subject string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := c.js.StreamNameBySubject(ctx, subject)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return &DeniedError{c.address.String(), fmt.Sprintf(
			"no stream takes the subject %[1]q; create one, such as: nats stream add EVENTS --subjects %[1]q", subject)}
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount),
		errors.Is(err, nats.ErrNoResponders):
		return &DeniedError{c.address.String(), "JetStream is not enabled; start the server with -js"}
	}
	return nil
}

// publish sends m with the hash of its payload as the message id: the same
// event published twice within the stream's duplicate window is stored once
// (NATS: JetStream model deep dive, message deduplication).
func (c *natsConn) publish(m *message, done func(error)) {
	sum := sha256.Sum256(m.payload)
	msg := &nats.Msg{Subject: m.subject, Data: m.body, Header: nats.Header{
		jetstream.MsgIDHeader: {hex.EncodeToString(sum[:16])},
	}}
	c.mu.Lock()
	c.waiting[msg] = done
	c.mu.Unlock()
	if _, err := c.js.PublishMsgAsync(msg); err != nil {
		c.finish(msg, err)
	}
}

// finish calls the done function of a message once.
func (c *natsConn) finish(msg *nats.Msg, err error) {
	c.mu.Lock()
	done := c.waiting[msg]
	delete(c.waiting, msg)
	c.mu.Unlock()
	var api *jetstream.APIError
	switch {
	case done == nil:
	case errors.Is(err, jetstream.ErrNoStreamResponse):
		go func() { done(c.noStream(msg.Subject, err)) }() // noStream waits for the server; do not block the client's goroutine
	case errors.Is(err, nats.ErrMaxPayload),
		errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamMessageExceedsMaximum:
		done(errTooLarge)
	case errors.Is(err, nats.ErrBadSubject):
		done(fmt.Errorf("%w: bad subject %q", errRefused, msg.Subject))
	default:
		done(err)
	}
}

// noStream returns the error for a subject without a response: either there is
// no stream for it, or the stream's server is away.
func (c *natsConn) noStream(subject string, err error) error {
	var denied *DeniedError
	if missing := c.checkStream(context.Background(), subject); errors.As(missing, &denied) {
		if c.address.fixed != "" {
			return denied
		}
		return fmt.Errorf("%w: %s", errRefused, denied.Text)
	}
	return err
}

func (c *natsConn) close() { c.nc.Close() }
