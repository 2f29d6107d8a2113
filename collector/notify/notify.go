// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package notify delivers what happens to incidents: to webhooks, by mail, to Alertmanager,
// to PagerDuty and to service desks. Every transition of an incident is one intent per
// channel, stored under a unique key in the transaction that records the transition; a
// [Notifier] delivers the intents, at least once each, in order within an incident, and
// says in the store what became of them.
//
// A delivery is repeated only when its answer was lost, and then the receiver can tell:
// by the header Vouch-Intent of a webhook, the labels of an alert, PagerDuty's dedup_key,
// the key in a ticket. Who cannot refuse what he has, a mail server and the notes of a
// ticket, gets one repeat at most. [Verify] tells a webhook that a message is genuine.
//
// The package decides nothing about incidents and stores nothing itself.
package notify

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
)

// Queue is the queue of intents, as [store.Intents] describes it.
type Queue interface {
	Due(ctx context.Context, now time.Time, n int) ([]store.Intent, error)
	Update(ctx context.Context, i store.Intent) error
}

// Options of a notifier. The zero value of each field means its default.
type Options struct {
	Tick     time.Duration // look for due intents this often; 1 s
	Timeout  time.Duration // of one attempt; 10 s
	RetryMin time.Duration // wait after the first failed attempt, doubled after each; 1 s
	RetryMax time.Duration // longest wait, and longest that a receiver may ask for; 5 min
	GiveUp   time.Duration // age at which a failed attempt was the last; 24 h
	Parallel int           // attempts at the same time and channel; 4
	Log      *slog.Logger  // state changes; nil means none
}

func (o Options) defaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.Tick, time.Second)
	def(&o.Timeout, 10*time.Second)
	def(&o.RetryMin, time.Second)
	def(&o.RetryMax, 5*time.Minute)
	def(&o.GiveUp, 24*time.Hour)
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Notifier delivers the intents of some channels. Make it with [New].
type Notifier struct {
	queue    Queue
	channels []Channel
	opts     Options
	wake     chan struct{} // capacity 1: a second wake-up before the first is seen adds nothing
}

// New makes a notifier. Nothing happens before [Notifier.Run].
func New(queue Queue, channels []Channel, opts Options) *Notifier {
	return &Notifier{queue: queue, channels: channels, opts: opts.defaults(), wake: make(chan struct{}, 1)}
}

// Wake tells the notifier that there may be new intents. It never blocks and may be
// called from any goroutine, after the commit.
func (n *Notifier) Wake() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Run delivers intents until ctx ends; then it returns nil, and nothing of it is
// left running. It returns an error at once for a channel that cannot be used.
// Errors of the store are waited out.
func (n *Notifier) Run(ctx context.Context) error {
	d := &dispatcher{
		queue: n.queue, opts: n.opts, wake: n.wake,
		lanes: map[lane][]string{}, taken: map[string]bool{}, fresh: map[string]bool{}, senders: map[string]*sender{},
	}
	for _, c := range n.channels {
		s, err := newSender(c, d)
		if err != nil {
			return err
		}
		if d.senders[c.Name] != nil {
			return fmt.Errorf("channel %q stands twice", c.Name)
		}
		d.senders[c.Name] = s
	}
	var wg sync.WaitGroup
	for _, s := range d.senders {
		for range d.opts.Parallel {
			wg.Go(func() { s.run(ctx) })
		}
		defer s.way.close()
	}
	defer wg.Wait()
	d.loop(ctx)
	return nil
}
