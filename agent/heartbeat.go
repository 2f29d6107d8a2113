// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

const (
	heartbeatTimeout = 5 * time.Second
	mostAgo          = 10 * 365 * 24 * time.Hour // that a collector can have been running
	soonestHeartbeat = time.Second               // between two heartbeats because of events
)

// heartbeats tells the collector, for each customer, how everything stands now. It
// has a connection of its own, so that no backlog of batches delays it. One that is
// lost is only counted: the next says it all again.
type heartbeats struct {
	author   author
	spool    *spool
	outcomes *outcomes
	client   *client
	offset   *clockOffset
	assigner *assigner
	counts   *counters

	plan    atomic.Pointer[heartbeatPlan]
	changed chan struct{}   // capacity 1: the plan changed
	works   chan<- struct{} // told when heartbeats work again
	contact *contact
}

// heartbeatPlan is what the assignment says of heartbeats.
type heartbeatPlan struct {
	location  vouch.LocationID
	customers []vouch.CustomerID
	interval  time.Duration
}

func (h *heartbeats) assign(p heartbeatPlan) {
	h.plan.Store(&p)
	poke(h.changed)
}

// Run sends heartbeats until ctx ends: those of all customers at the interval, those
// of a customer with news at once, though at most one a second.
func (h *heartbeats) Run(ctx context.Context) error {
	var all, news time.Time // when they were sent last
	wanted := false
	for {
		p := h.plan.Load()
		if p == nil {
			select {
			case <-ctx.Done():
				return nil
			case <-h.changed:
			}
			continue
		}
		next := all.Add(p.interval)
		if wanted {
			next = earlier(next, news.Add(soonestHeartbeat))
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-h.changed:
			timer.Stop()
		case <-h.outcomes.wake:
			timer.Stop()
			wanted = true
		case <-timer.C:
			now := time.Now()
			customers := h.outcomes.news()
			if !now.Before(all.Add(p.interval)) {
				customers, all = p.customers, now
			}
			news, wanted = now, false
			h.send(ctx, *p, customers)
		}
	}
}

// send makes and sends the heartbeats of customers, in as many requests as needed.
func (h *heartbeats) send(ctx context.Context, p heartbeatPlan, customers []vouch.CustomerID) {
	var notes [][]byte
	size := 0
	var err error
	post := func() {
		if len(notes) > 0 && err == nil {
			err = h.post(ctx, p, notes)
		}
		notes, size = nil, 0
	}
	for _, c := range customers {
		sealed, e := h.seal(p, c)
		if e != nil {
			err = e
		}
		for _, n := range sealed {
			if len(notes) == wire.MaxNotes || size+len(n) > uploadBytes {
				post()
			}
			notes, size = append(notes, n), size+len(n)
		}
	}
	post()
	switch {
	case ctx.Err() != nil:
	case err != nil:
		h.counts.heartbeatErrs.Add(1)
		h.contact.took(beating, err, time.Now())
	case len(customers) > 0:
		if h.contact.took(beating, nil, time.Now()) {
			select {
			case h.works <- struct{}{}:
			default:
			}
		}
	}
}

// seal makes the heartbeat of a customer: one note, or several with a part of the
// lines each where they do not fit in one.
func (h *heartbeats) seal(p heartbeatPlan, customer vouch.CustomerID) ([][]byte, error) {
	header := evidence.HeartbeatHeader{
		Identity: evidence.Identity{Agent: h.author.agent, Location: p.location, Customer: customer},
		Boot:     h.author.boot,
		At:       stamp(h.author.now()),
		Clock:    h.author.clock(0),
		Heads:    h.spool.standing(customer),
	}
	lines := h.outcomes.lines(customer, header.At)
	var notes [][]byte
	for first := true; first || len(lines) > 0; first = false {
		part := lines
		if len(part) > maxBody {
			part = lines[:bytes.LastIndexByte(lines[:maxBody], '\n')+1]
		}
		lines = lines[len(part):]
		b, err := evidence.SealHeartbeat(header, part, h.author.signer)
		if err != nil {
			return notes, err
		}
		notes = append(notes, b.Raw)
	}
	return notes, nil
}

// post sends heartbeats and takes in what the answer says beside: the assignment in
// force and the collector's clock.
func (h *heartbeats) post(ctx context.Context, p heartbeatPlan, notes [][]byte) error {
	ctx, cancel := context.WithTimeout(ctx, min(heartbeatTimeout, max(p.interval, soonestHeartbeat)))
	defer cancel()
	var answer wire.HeartbeatAnswer
	sent, received, err := h.client.post(ctx, wire.PathHeartbeats, notes, &answer)
	if err != nil {
		return fmt.Errorf("send heartbeat: %w", err)
	}
	if len(answer.Results) != len(notes) {
		return fmt.Errorf("send heartbeat: the collector answered %d results for %d notes", len(answer.Results), len(notes))
	}
	if answer.ServerTime != 0 {
		h.offset.observe(sent, received, time.UnixMilli(answer.ServerTime), time.Millisecond)
	}
	if ago := answer.AnchoredAgo; 0 < ago && ago < mostAgo.Milliseconds() {
		h.spool.anchor(sent.Add(-time.Duration(ago) * time.Millisecond))
	}
	h.assigner.inForce(answer.Assignment)
	for _, r := range answer.Results {
		if !r.Status.Acknowledged() {
			return fmt.Errorf("send heartbeat: the collector refused it: %s", clip(r.Reason))
		}
	}
	h.counts.heartbeats.Add(uint64(len(notes)))
	return nil
}
