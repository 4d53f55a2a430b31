package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
)

// kafkaConn publishes to Kafka with acknowledgement by all in-sync replicas.
type kafkaConn struct {
	life   context.Context
	client *kgo.Client
}

func dialKafka(life context.Context, a Address, o Options) (conn, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(a.server.Host), kgo.ClientID("rtev"), kgo.DisableClientMetrics(),
		kgo.ProducerLinger(0), // under load, records that arrive during a request make the next batch
		kgo.RecordDeliveryTimeout(timeout),
		// Without this the client ignores RecordDeliveryTimeout once a record was sent.
		kgo.AllowIdempotentProduceCancellation(),
	}
	if a.server.Scheme == "kafkas" {
		opts = append(opts, kgo.DialTLSConfig(o.TLS))
	}
	if password, ok := a.server.User.Password(); ok {
		opts = append(opts, kgo.SASL(plain.Auth{User: a.server.User.Username(), Pass: password}.AsMechanism()))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(life, timeout)
	defer cancel()
	return &kafkaConn{life, client}, typed(client.Ping(limited))
}

func (c *kafkaConn) publish(m *message) (wait func() error) {
	r := &kgo.Record{Topic: m.subject, Key: m.key, Value: m.body}
	done := make(chan error, 1)
	c.client.Produce(c.life, r, func(_ *kgo.Record, err error) { done <- err })
	return func() error { return typed(<-done) }
}

// typed returns the error of conn.publish for an error of the client.
func typed(err error) error {
	switch {
	case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge):
		return errTooLarge
	case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.InvalidTopicException),
		errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed),
		errors.Is(err, kerr.SaslAuthenticationFailed):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

func (c *kafkaConn) close() { c.client.CloseAllowingRebalance() }
