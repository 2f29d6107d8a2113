// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
)

// serviceHours returns the service hours of a version of a customer's contract: those of
// the version in force when it is not known.
func (c *Collector) serviceHours(cu vouch.CustomerID, version int) contract.Calendar {
	versions := of(c.book, cu, (*book.Book).Contracts)
	i := slices.IndexFunc(versions, func(v contract.Version) bool { return v.Number == version })
	if i < 0 {
		i = len(versions) - 1
	}
	if i < 0 {
		return contract.Calendar{}
	}
	return versions[i].Terms.Calendar()
}

// maxListed bounds how many deliveries are listed.
const maxListed = 1000

// deliveries lists the newest messages: query customer ("" for all), channel, and n.
func (c *Collector) deliveries(r *http.Request) (any, error) {
	n := 50
	if s := r.FormValue("n"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 || n > maxListed {
			return nil, badRequest("n is %q, allowed are 1 to %d", s, maxListed)
		}
	}
	channel, ask := r.FormValue("channel"), n
	if channel != "" {
		ask = maxListed
	}
	all, err := c.store.History(r.Context(), vouch.CustomerID(r.FormValue("customer")), ask)
	if err != nil {
		return nil, err
	}
	out := []admin.Delivery{}
	for _, i := range all {
		if (channel == "" || channel == i.Channel) && len(out) < n {
			out = append(out, deliveryOf(i))
		}
	}
	return out, nil
}

func deliveryOf(i store.Intent) admin.Delivery {
	var e notify.Event
	_ = json.Unmarshal(i.Payload, &e) // a message that cannot be read is listed without
	d := admin.Delivery{
		Intent: i.Key, Channel: i.Channel, Customer: i.Customer, Incident: e.Incident, Transition: string(e.Transition),
		Created: i.Created, Attempts: i.Attempts, Done: i.Done, Answer: i.Answer, Error: i.LastErr,
	}
	switch {
	case i.Failed:
		d.State = "given up"
	case i.Done.IsZero():
		d.State, d.Next = "waiting", i.NotUntil
	case i.Attempts == 0:
		d.State = "silenced"
	default:
		d.State = "delivered"
	}
	return d
}

// testChannel sends a marked test over a channel, through the queue that every message
// goes through, and waits for what becomes of it.
func (c *Collector) testChannel(r *http.Request) (any, error) {
	var in admin.NewTest
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(c.opts.Channels, func(ch notify.Channel) bool { return ch.Name == in.Channel }) {
		return nil, wrong{http.StatusNotFound, fmt.Sprintf("there is no channel %q under notify in the collector's file", in.Channel)}
	}
	key, err := c.sendTest(r, in.Channel)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		all, err := c.store.History(r.Context(), "", maxListed)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(all, func(i store.Intent) bool { return i.Key == key }); i >= 0 && (all[i].Failed || !all[i].Done.IsZero()) {
			return deliveryOf(all[i]), nil
		}
		select {
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-tick.C:
		}
	}
}

func (c *Collector) sendTest(r *http.Request, channel string) (key string, err error) {
	now := c.now().UTC()
	i, err := notify.NewTest(now.Format("20060102T150405.000000000Z"), now).ForChannel(channel, now)
	if err != nil {
		return "", err
	}
	if err := c.store.Derive(r.Context(), store.Derivation{Intents: []store.Intent{i}}); err != nil {
		return "", err
	}
	c.notifier.Wake()
	return i.Key, nil
}

// channels says when each channel last proved that it delivers.
func (c *Collector) channels(r context.Context) ([]admin.Channel, error) {
	proven, err := c.store.Delivered(r)
	if err != nil {
		return nil, err
	}
	out := make([]admin.Channel, 0, len(c.opts.Channels))
	for _, ch := range c.opts.Channels {
		a := admin.Channel{Name: ch.Name, Type: string(cmp.Or(ch.Kind, notify.Webhook))}
		if i := slices.IndexFunc(proven, func(d store.Delivery) bool { return d.Channel == ch.Name }); i >= 0 {
			d := proven[i]
			a.Pending, a.Failed = d.Pending, d.Failed
			if !d.Last.IsZero() {
				a.Last = &d.Last
			}
		}
		out = append(out, a)
	}
	return out, nil
}
