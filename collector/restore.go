// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
)

// restore brings a device back to where it was settled: at start, and when late data
// came for time before it. Samples come from the outcome table, the state of rule 8
// from the newest stored fold that is old enough. j.mu is held.
func (j *judge) restore(ctx context.Context, d *watched, before contract.Second) error {
	settled, fold, err := j.storedFold(ctx, d, before)
	if err != nil {
		return err
	}
	d.settled, d.fold, d.rewind = settled, fold, 0
	keep := d.heard
	d.heard = map[vouch.AgentID]heard{}
	now := contract.Floor(j.now())
	err = eachChunk(ctx, j.data, d.customer, string(d.ID), contract.Span{From: settled - j.book.lookback(d.customer), To: now + 3600}, func(agent vouch.AgentID, f found) {
		h := d.heard[agent]
		if h == nil {
			h = heard{}
			d.heard[agent] = h
		}
		h.track(f).add(f, false)
	})
	if err != nil {
		return err
	}
	// What heartbeats told is in no table.
	for agent, h := range keep {
		for _, t := range h {
			for i, s := range t.samples {
				if t.tentative[i] && d.heard[agent] != nil && d.heard[agent][t.name] != nil {
					d.heard[agent][t.name].insert(s)
				}
			}
		}
	}
	return j.restoreSelves(ctx, d.customer, settled)
}

// insert puts a tentative sample back.
func (t *track) insert(s contract.Sample) {
	i, have := slices.BinarySearchFunc(t.samples, s.Start, func(x contract.Sample, at contract.Milli) int { return cmp.Compare(x.Start, at) })
	if !have {
		t.samples = slices.Insert(t.samples, i, s)
		t.tentative = slices.Insert(t.tentative, i, true)
	}
}

// restoreSelves makes sure that the reference samples reach back far enough.
func (j *judge) restoreSelves(ctx context.Context, c vouch.CustomerID, settled contract.Second) error {
	from := settled - j.book.lookback(c)
	to := contract.Floor(j.now()) + 3600
	if at, ok := j.selvesFrom[c]; ok {
		if at <= from {
			return nil
		}
		to = at // what follows is here already
	}
	j.selvesFrom[c] = from
	return eachChunk(ctx, j.data, c, selfSubject, contract.Span{From: from, To: to}, func(agent vouch.AgentID, f found) {
		k := agentKey{c, agent}
		if j.selves[k] == nil {
			j.selves[k] = heard{}
		}
		j.selves[k].track(f).add(f, false)
	})
}

// eachChunk decodes the outcomes of a subject whose hours touch span.
func eachChunk(ctx context.Context, data store.Derived, c vouch.CustomerID, subject string, span contract.Span, yield func(vouch.AgentID, found)) error {
	chunks, err := data.Chunks(ctx, c, subject, int64(max(span.From, 0))/3600, int64(span.To)/3600+1)
	if err != nil {
		return fmt.Errorf("read outcomes of %s of %s: %w", subject, c, err)
	}
	for _, k := range chunks {
		if err := eachFound(k.Data, func(f found) { yield(k.Agent, f) }); err != nil {
			return fmt.Errorf("outcomes of %s of %s by %s: %w", subject, c, k.Agent, err)
		}
	}
	return nil
}
