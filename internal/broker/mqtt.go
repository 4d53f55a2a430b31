package broker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// mqttConn publishes over MQTT 3.1.1 with QoS 1. Its client library could publish
// again after it has reconnected, but then a message that makes the broker end the
// connection would do so for ever. So each connection has a client of its own, and
// the messages of a lost one fail.
type mqttConn struct {
	options *mqtt.ClientOptions
	client  mqtt.Client
	up      context.Context // done when client's connection has ended
	drop    context.CancelFunc
}

func dialMQTT(_ context.Context, a Address, o Options) (conn, error) {
	c := &mqttConn{options: mqtt.NewClientOptions().AddBroker(a.server.String()).SetTLSConfig(o.TLS).
		SetClientID("rtev-" + rand.Text()[:12]).SetProtocolVersion(4).SetCleanSession(true).
		SetOrderMatters(false).SetAutoReconnect(false).SetConnectTimeout(timeout).SetWriteTimeout(timeout).
		SetKeepAlive(15 * time.Second).SetPingTimeout(timeout)}
	return c, c.connect()
}

// connect replaces the client by a new one.
func (c *mqttConn) connect() error {
	up, drop := context.WithCancel(context.Background())
	options := *c.options
	options.SetConnectionLostHandler(func(mqtt.Client, error) { drop() })
	client := mqtt.NewClient(&options)
	context.AfterFunc(up, func() { client.Disconnect(0) })
	c.client, c.up, c.drop = client, up, drop
	token := client.Connect()
	token.Wait()
	err := token.Error()
	if err != nil {
		drop()
	}
	if errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword) || errors.Is(err, packets.ErrorRefusedNotAuthorised) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// publish implements conn. Some tokens of a lost connection never complete.
func (c *mqttConn) publish(m *message) (wait func() error) {
	if c.up.Err() != nil {
		if err := c.connect(); err != nil {
			return func() error { return errors.New(err.Error()) } // refused credentials may be right later
		}
	}
	client, up, drop := c.client, c.up, c.drop
	started := make(chan mqtt.Token, 1)
	go func() { started <- client.Publish(m.subject, 1, false, m.body) }() // it may block while the connection ends
	var token mqtt.Token
	select {
	case token = <-started:
	case <-up.Done():
		return func() error { return errLost }
	}
	return func() error {
		err := errLost
		select {
		case <-token.Done():
			if token.Error() == nil {
				return nil
			}
		case <-up.Done():
		case <-time.After(timeout):
			err = errors.New("no acknowledgement in time")
		}
		drop()
		return err
	}
}

func (c *mqttConn) close() { c.client.Disconnect(100) }
