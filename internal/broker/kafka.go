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
	address Address
	client  *kgo.Client
}

func dialKafka(ctx context.Context, a Address, o Options) (conn, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(a.host), kgo.ClientID("rtev"), kgo.DisableClientMetrics(),
		kgo.ProducerLinger(0), // under load, records that arrive during a request make the next batch
		kgo.MaxBufferedRecords(4 * maxInFlight),
		kgo.ProduceRequestTimeout(ackTimeout),
		kgo.RecordDeliveryTimeout(ackTimeout),
		// Without this the client ignores RecordDeliveryTimeout once a record was sent.
		kgo.AllowIdempotentProduceCancellation(),
	}
	if a.secure {
		opts = append(opts, kgo.DialTLSConfig(o.TLS))
	} else {
		opts = append(opts, kgo.Dialer(o.Dial))
	}
	if a.user != "" {
		opts = append(opts, kgo.SASL(plain.Auth{User: a.user, Pass: a.password}.AsMechanism()))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	c := &kafkaConn{address: a, client: client}
	if err := client.Ping(ctx); err != nil {
		client.CloseAllowingRebalance()
		return nil, c.typed("", err)
	}
	return c, nil
}

func (c *kafkaConn) publish(m *message, done func(error)) {
	r := &kgo.Record{Topic: m.subject, Value: m.body}
	if m.key != "" {
		r.Key = []byte(m.key)
	}
	c.client.Produce(context.Background(), r, func(_ *kgo.Record, err error) { done(c.typed(m.subject, err)) })
}

// typed returns the error of conn.publish for an error of the client.
func (c *kafkaConn) typed(topic string, err error) error {
	denied := func(text string) error { return &DeniedError{c.address.String(), text} }
	switch {
	case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge):
		return errTooLarge
	case errors.Is(err, kerr.SaslAuthenticationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return denied("the credentials are not accepted (" + err.Error() + ")")
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		return denied(fmt.Sprintf("no permission to write to topic %q", topic))
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		missing := fmt.Sprintf("topic %[1]q does not exist; create it, such as: kafka-topics.sh --create --topic %[1]s", topic)
		if c.address.fixed != "" {
			return denied(missing)
		}
		return fmt.Errorf("%w: %s", errRefused, missing)
	case errors.Is(err, kerr.InvalidTopicException):
		return fmt.Errorf("%w: bad topic %q", errRefused, topic)
	}
	return err
}

func (c *kafkaConn) close() { c.client.CloseAllowingRebalance() }
