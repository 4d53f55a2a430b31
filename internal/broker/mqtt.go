package broker

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// mqttConn publishes over MQTT 3.1.1 with QoS 1. The client library would wait
// forever after a broker goes away and comes back, so each acknowledgement has
// a time limit, and a new client replaces one that lost its connection.
type mqttConn struct {
	address        Address
	o              Options
	unacknowledged chan publication // in the order of publishing; MQTT acknowledges in the same order
	closing        chan struct{}
	waiting        sync.WaitGroup

	mu     sync.Mutex
	client *mqttClient
}

// mqttClient is a client for one connection.
type mqttClient struct {
	mqtt.Client
	lost func()        // ends the connection
	gone chan struct{} // closed by lost: some tokens of a lost connection never complete
}

// publication is a message whose acknowledgement is outstanding.
type publication struct {
	client *mqttClient
	token  mqtt.Token
	done   func(error)
}

func dialMQTT(ctx context.Context, a Address, o Options) (conn, error) {
	c := &mqttConn{address: a, o: o, unacknowledged: make(chan publication, 2*maxInFlight), closing: make(chan struct{})}
	client, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	c.client = client
	c.waiting.Go(c.wait)
	return c, nil
}

// connect returns a new, connected client.
func (c *mqttConn) connect(ctx context.Context) (*mqttClient, error) {
	gone := make(chan struct{})
	lost := sync.OnceFunc(func() { close(gone) })
	opts := mqtt.NewClientOptions().AddBroker("tcp://" + c.address.host).
		SetClientID("rtev-" + rand.Text()[:12]).SetUsername(c.address.user).SetPassword(c.address.password).
		SetProtocolVersion(4).SetCleanSession(true).SetOrderMatters(false).
		SetAutoReconnect(false).SetConnectRetry(false).
		SetConnectTimeout(connectTimeout).SetWriteTimeout(ackTimeout).
		SetKeepAlive(15 * time.Second).SetPingTimeout(10 * time.Second).
		SetConnectionLostHandler(func(mqtt.Client, error) { lost() }).
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return c.open(ctx) })
	client := &mqttClient{Client: mqtt.NewClient(opts), gone: gone}
	client.lost = func() {
		lost()
		client.Disconnect(0)
	}
	token := client.Connect()
	select {
	case <-token.Done():
	case <-ctx.Done():
		client.lost()
		return nil, ctx.Err()
	}
	err := token.Error()
	if errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword) || errors.Is(err, packets.ErrorRefusedNotAuthorised) {
		return nil, &DeniedError{c.address.String(), "the credentials are not accepted (" + err.Error() + ")"}
	}
	if network, ok := errors.AsType[*net.OpError](err); ok { // without paho's "network Error : "
		err = network
	}
	return client, err
}

// open opens the TCP or TLS connection for MQTT.
func (c *mqttConn) open(ctx context.Context) (net.Conn, error) {
	plain, err := c.o.Dial(ctx, "tcp", c.address.host)
	if err != nil {
		return nil, err
	}
	plain = withQuickAcks(plain)
	if !c.address.secure {
		return plain, nil
	}
	config := c.o.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(c.address.host)
	}
	secure := tls.Client(plain, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, err
	}
	return secure, nil
}

func (c *mqttConn) publish(m *message, done func(error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.client.IsConnectionOpen() {
		ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
		defer cancel()
		client, err := c.connect(ctx)
		if err != nil {
			go done(err)
			return
		}
		c.client = client
	}
	client, token := c.client, make(chan mqtt.Token, 1)
	go func() { token <- client.Publish(m.subject, 1, false, m.body) }() // it may block while the connection ends
	select {
	case t := <-token:
		c.unacknowledged <- publication{client, t, done}
	case <-client.gone:
		go done(errLost)
	}
}

// wait waits for the acknowledgements in the order of publishing.
func (c *mqttConn) wait() {
	for {
		select {
		case <-c.closing:
			return
		case f := <-c.unacknowledged:
			f.done(c.acknowledged(f))
		}
	}
}

func (c *mqttConn) acknowledged(f publication) error {
	limit := time.NewTimer(ackTimeout)
	defer limit.Stop()
	select {
	case <-f.token.Done():
		if f.token.Error() != nil {
			f.client.lost()
			return errLost
		}
		return nil
	case <-f.client.gone:
		return errLost
	case <-limit.C:
		f.client.lost()
		return errTimeout
	case <-c.closing:
		return errClosed
	}
}

func (c *mqttConn) close() {
	close(c.closing)
	c.waiting.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.client.Disconnect(100)
}
