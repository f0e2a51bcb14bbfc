// Package events tells others what happens to objects, as S3 notifies queues, topics and functions: each destination is a
// webhook of the configuration, and all messages are kept for those who look at them later.
package events

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/ring"
)

// Destination is what buckets may name as a queue, a topic or a function.
type Destination struct {
	ARN string `json:"arn"`
	// Webhook is the URL that messages are posted to; without one they are in the control API only.
	Webhook string `json:"webhook,omitempty"`
}

// Message is one that a destination is sent.
type Message struct {
	// Sequence counts messages from 1 on.
	Sequence    uint64  `json:"sequence" doc:"Number of the message, from 1 on."`
	Destination string  `json:"destination" doc:"ARN of the destination."`
	Body        Content `json:"body" doc:"What is posted to the destination's webhook."`
}

// How messages are kept and delivered. A destination that is slower than its messages come misses those that its queue has no
// room for, and those that failed as often as this.
const (
	kept     = 10_000
	queued   = 1000
	attempts = 5
	timeout  = 10 * time.Second
)

// firstPause is how long the second attempt waits; each after it waits twice as long as the one before.
const firstPause = 200 * time.Millisecond

// Bus sends messages to destinations. It is safe for concurrent use.
type Bus struct {
	ring   *ring.Ring[Message]
	queues map[string]chan Content // nil for a destination without webhook
	client *http.Client
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// Start returns a bus to destinations. The caller must Close it.
func Start(destinations []Destination) *Bus {
	ctx, stop := context.WithCancel(context.Background())
	b := &Bus{
		ring: ring.New[Message](kept), queues: map[string]chan Content{}, stop: stop,
		client: &http.Client{
			Timeout: timeout, Transport: &http.Transport{}, // which knows of no proxy
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	for _, d := range destinations {
		b.queues[d.ARN] = nil
		if d.Webhook != "" {
			queue := make(chan Content, queued)
			b.queues[d.ARN] = queue
			b.done.Go(func() { b.deliver(ctx, d, queue) })
		}
	}
	return b
}

// Close ends all deliveries. A nil bus has none.
func (b *Bus) Close() {
	if b == nil {
		return
	}
	b.stop()
	b.done.Wait()
	b.client.CloseIdleConnections()
}

// Knows says whether there is a destination.
func (b *Bus) Knows(arn string) bool {
	_, found := b.queues[arn]
	return found
}

// Send keeps a message and queues it for its destination, without waiting for anything.
func (b *Bus) Send(arn string, body Content) {
	b.ring.Add(func(sequence uint64) Message { return Message{sequence, arn, body} })
	queue := b.queues[arn]
	if queue == nil {
		return
	}
	select {
	case queue <- body:
	default:
		slog.Warn("A notification is lost: its destination is too slow", "arn", arn)
	}
}

// Messages returns the last messages after a number, oldest first, and no more than limit unless that is 0.
func (b *Bus) Messages(after uint64, limit uint64) []Message {
	all := b.ring.Items(after, func(Message) bool { return true })
	if limit > 0 && uint64(len(all)) > limit {
		return all[:limit]
	}
	return all
}

// Follow yields the messages after a number, and then each new one as it comes, until the context is done.
func (b *Bus) Follow(ctx context.Context, after uint64) iter.Seq[Message] {
	return b.ring.Follow(ctx, after, func(Message) bool { return true })
}

// Clear forgets all messages, and those that wait to be delivered.
func (b *Bus) Clear() {
	b.ring.Clear()
	for _, queue := range b.queues {
		for len(queue) > 0 {
			select {
			case <-queue:
			default: // somebody else took the last
			}
		}
	}
}

// deliver posts the messages of a queue in their order.
func (b *Bus) deliver(ctx context.Context, d Destination, queue <-chan Content) {
	for {
		select {
		case body := <-queue:
			if err := b.try(ctx, d.Webhook, body); err != nil && ctx.Err() == nil {
				slog.Warn("A notification is lost", "arn", d.ARN, "attempts", attempts, "err", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (b *Bus) try(ctx context.Context, webhook string, body Content) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding the message: %w", err)
	}
	pause := firstPause
	for attempt := 1; ; attempt++ {
		if err = b.post(ctx, webhook, data); err == nil || attempt == attempts {
			return err
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *Bus) post(ctx context.Context, webhook string, data []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, webhook, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := b.client.Do(request)
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		return failed.Err // without the URL, which may hold a secret
	}
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, 1<<16) // so that the connection can be used again
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook answered %s", response.Status)
	}
	return nil
}
