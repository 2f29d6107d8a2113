// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/internal/retry"
)

const (
	queueLen   = 256    // intents of a channel that wait in memory; further ones wait in the store
	page       = 256    // intents read at a time
	maxPending = 10_000 // undelivered intents whose order is known after a restart
)

// lane is what keeps order: the messages of one incident, or about the unit at one
// device, over one channel.
type lane struct {
	channel  string
	customer vouch.CustomerID
	about    string
}

// laneOf reads from the payload what it is about. A payload of another shape is a lane
// of its own.
func laneOf(i store.Intent) lane {
	var e struct {
		Incident string `json:"incident"`
		Device   string `json:"device"`
	}
	switch err := json.Unmarshal(i.Payload, &e); {
	case err == nil && e.Incident != "":
		return lane{channel: i.Channel, customer: i.Customer, about: e.Incident}
	case err == nil && e.Device != "":
		return lane{channel: i.Channel, customer: i.Customer, about: "device " + e.Device}
	}
	return lane{channel: i.Channel, about: "intent " + i.Key}
}

// dispatcher hands due intents to the senders.
type dispatcher struct {
	queue   Queue
	opts    Options
	wake    <-chan struct{}
	senders map[string]*sender // not changed while Run runs

	mu    sync.Mutex        // guards what follows
	lanes map[lane][]string // keys of the undelivered intents of each lane, oldest first
	taken map[string]bool   // keys that a sender has
	fresh map[string]bool   // keys settled since the queue was last read: what was read of them is out of date
}

func (d *dispatcher) loop(ctx context.Context) {
	tick := time.NewTicker(d.opts.Tick)
	defer tick.Stop()
	known, failing := false, false
	for ctx.Err() == nil {
		var err error
		if !known {
			err = d.learn(ctx)
			known = err == nil
		}
		if err == nil {
			err = d.pass(ctx)
		}
		if (err != nil) != failing && ctx.Err() == nil {
			failing = err != nil
			if failing {
				d.opts.Log.Error("queue of notifications cannot be read", "err", err)
			} else {
				d.opts.Log.Info("queue of notifications can be read again")
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-d.wake:
		}
	}
}

// learn notes the intents of each lane, those that wait for a retry included, so
// that a later one does not overtake an earlier one after a restart.
func (d *dispatcher) learn(ctx context.Context) error {
	all, err := d.queue.Due(ctx, time.Now().Add(10*d.opts.GiveUp), maxPending)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, i := range all {
		d.enter(laneOf(i), i.Key)
	}
	return nil
}

// pass gives every due intent to its sender, or puts it off.
func (d *dispatcher) pass(ctx context.Context) error {
	begun := time.Now()
	for ctx.Err() == nil {
		d.mu.Lock()
		n := page + len(d.taken)
		clear(d.fresh)
		d.mu.Unlock()
		due, err := d.queue.Due(ctx, time.Now(), n)
		if err != nil {
			return err
		}
		for _, i := range due {
			if err := d.place(ctx, i, begun); err != nil {
				return err
			}
		}
		if len(due) < n {
			return nil
		}
	}
	return nil
}

// place gives one due intent to its sender, or puts it off: behind an older one of
// the same incident, because the channel is gone, or because too many wait.
func (d *dispatcher) place(ctx context.Context, i store.Intent, begun time.Time) error {
	l, s := laneOf(i), d.senders[i.Channel]
	d.mu.Lock()
	if d.taken[i.Key] || d.fresh[i.Key] {
		d.mu.Unlock()
		return nil
	}
	d.enter(l, i.Key)
	behind := d.lanes[l][0] != i.Key
	if behind {
		i.LastErr = "waits for " + d.lanes[l][0]
	}
	if s != nil && !behind {
		select {
		case s.work <- job{i, l}:
			d.taken[i.Key] = true
			d.mu.Unlock()
			return nil
		default: // full
		}
	}
	d.mu.Unlock()
	now := time.Now()
	if s == nil {
		i.LastErr = fmt.Sprintf("channel %q is not configured", i.Channel)
		if i.Failed = now.Sub(i.Created) >= d.opts.GiveUp; i.Failed {
			d.release(job{i, l})
		}
	}
	// The longer it has waited, the less often it is looked at, so that a long queue
	// costs little: 1 s at first, 5 min after 20 min. And it must not be due again
	// before this pass has come to the end of the queue, where other channels wait.
	i.NotUntil = now.Add(max(min(max(now.Sub(i.Created)/4, d.opts.Tick), d.opts.RetryMax), 2*now.Sub(begun)))
	return d.queue.Update(ctx, i)
}

// release forgets a job that is settled.
func (d *dispatcher) release(j job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.taken, j.intent.Key)
	d.fresh[j.intent.Key] = true
	if !j.intent.Failed && j.intent.Done.IsZero() {
		return
	}
	rest := slices.DeleteFunc(d.lanes[j.lane], func(key string) bool { return key == j.intent.Key })
	if d.lanes[j.lane] = rest; len(rest) == 0 {
		delete(d.lanes, j.lane)
	}
}

// enter notes an intent at the end of its lane when it is first seen. New intents are
// seen in the order in which they were made, since all are due at first. The caller
// holds mu.
func (d *dispatcher) enter(l lane, key string) {
	if !slices.Contains(d.lanes[l], key) {
		d.lanes[l] = append(d.lanes[l], key)
	}
}

// settle stores what became of an intent, again and again until it is stored: a
// delivery that is not noted would be repeated. When ctx ends it tries once more.
func (d *dispatcher) settle(ctx context.Context, i store.Intent) {
	for wait := d.opts.RetryMin; ; wait = min(2*wait, d.opts.RetryMax) {
		err := d.queue.Update(ctx, i)
		if err == nil || errors.Is(err, store.ErrNotFound) {
			return
		}
		if ctx.Err() != nil {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := d.queue.Update(last, i); err != nil {
				d.opts.Log.Warn("fate of a notification is not stored: it may be repeated", "intent", i.Key, "err", err)
			}
			return
		}
		d.opts.Log.Error("fate of a notification cannot be stored yet", "intent", i.Key, "err", err)
		retry.Pause(ctx, wait)
	}
}

// errStopped says that an attempt was broken off because Run ended.
var errStopped = errors.New("broken off: vouch stopped")
