// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
)

// itemDay is the kind of a derived item that holds the verdict of a device over a UTC
// day that is over, so that a restart need not judge a month of samples again.
const itemDay = "verdict-day"

// day is the verdict of one device over one UTC day, with what it was computed under:
// under anything else it is computed again.
type day struct {
	Verdict []contract.Segment
	InForce []contract.Second // of each contract version known: an acceptance may move one
	Leases  []contract.Span
}

// dayItem is a day as it is stored.
type dayItem struct {
	Verdict []segmentItem     `json:"v"`
	InForce []contract.Second `json:"f"`
	Leases  []contract.Span   `json:"l"`
}

// segmentItem is a segment with its states as numbers: contract writes them in words,
// for people, and reads none.
type segmentItem struct {
	From      contract.Second `json:"f"`
	To        contract.Second `json:"t"`
	State     uint8           `json:"s"`
	Degraded  contract.Effect `json:"d"`
	Reason    vouch.Reason    `json:"r,omitempty"`
	Version   int             `json:"v"`
	Witnesses []witnessItem   `json:"w,omitempty"`
}

type witnessItem struct {
	Location vouch.LocationID `json:"l"`
	Custody  vouch.Custody    `json:"c"`
	Votes    bool             `json:"v,omitempty"`
	State    uint8            `json:"s"`
	Degraded contract.Effect  `json:"d"`
	Reason   vouch.Reason     `json:"r,omitempty"`
}

func (d day) marshal() ([]byte, error) {
	item := dayItem{InForce: d.InForce, Leases: d.Leases}
	for _, s := range d.Verdict {
		x := segmentItem{From: s.From, To: s.To, State: uint8(s.State), Degraded: s.Degraded, Reason: s.Reason, Version: s.Version}
		for _, w := range s.Witnesses {
			x.Witnesses = append(x.Witnesses, witnessItem{w.Location, w.Custody, w.Votes, uint8(w.State), w.Degraded, w.Reason})
		}
		item.Verdict = append(item.Verdict, x)
	}
	return json.Marshal(item)
}

func (d *day) unmarshal(raw []byte) error {
	var item dayItem
	if err := json.Unmarshal(raw, &item); err != nil {
		return err
	}
	d.InForce, d.Leases = item.InForce, item.Leases
	for _, x := range item.Verdict {
		s := contract.Segment{
			Span: contract.Span{From: x.From, To: x.To}, State: contract.State(x.State), Degraded: x.Degraded, Reason: x.Reason, Version: x.Version,
		}
		for _, w := range x.Witnesses {
			s.Witnesses = append(s.Witnesses, contract.Witness{
				Location: w.Location, Custody: w.Custody, Votes: w.Votes, State: contract.State(w.State), Degraded: w.Degraded, Reason: w.Reason,
			})
		}
		d.Verdict = append(d.Verdict, s)
	}
	return nil
}

func dayID(k dayKey) string {
	return string(k.device) + "/" + (contract.Second(k.day) * secondsADay).Time().Format(time.DateOnly)
}

// under reports whether the day was computed under versions in force from these
// instants and under these leases.
func (d day) under(inForce []contract.Second, leases []contract.Span) bool {
	return slices.Equal(d.InForce, inForce) && slices.Equal(d.Leases, leases)
}

// inForce returns from when on each version of a customer's contract is in force.
func (f *figures) inForce(c vouch.CustomerID) []contract.Second {
	var out []contract.Second
	for _, v := range f.book.contracts(c) {
		out = append(out, v.InForce)
	}
	return out
}

// storedDay returns a day that was computed before, by this process or an earlier one.
// What cannot be read is computed again.
func (f *figures) storedDay(ctx context.Context, k dayKey) (day, bool) {
	item, err := f.data.Item(ctx, k.customer, itemDay, dayID(k))
	if err != nil {
		return day{}, false
	}
	var d day
	if err := d.unmarshal(item.Data); err != nil {
		return day{}, false
	}
	return d, true
}

// keepDay stores a day, unless samples came for it since gen.
func (f *figures) keepDay(ctx context.Context, k dayKey, d day, gen int) error {
	raw, err := d.marshal()
	if err != nil {
		return fmt.Errorf("encode the verdict of %s of %s: %w", k.device, k.customer, err)
	}
	f.keep.Lock()
	defer f.keep.Unlock()
	f.mu.Lock()
	now := f.gen[k.deviceKey]
	f.mu.Unlock()
	if now != gen {
		return nil
	}
	return f.data.Derive(ctx, store.Derivation{Items: []store.Item{{Customer: k.customer, Kind: itemDay, ID: dayID(k), Data: raw}}})
}

// night judges the days that are over and have not been judged, of every device, from
// the closing of begin until ctx ends: a statement of a thousand devices then adds days
// up and reads no samples. It starts with the month before the running one. A day that
// samples of late made forgotten is judged again when it is asked for.
func (f *figures) night(ctx context.Context, begin <-chan struct{}, log *slog.Logger) error {
	const again = 10 * time.Minute
	select {
	case <-ctx.Done():
		return nil
	case <-begin:
	}
	now := f.now().UTC()
	next := int64(contract.Floor(time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC)) / secondsADay)
	for {
		var err error
		if next, err = f.judgeDays(ctx, next); err != nil && ctx.Err() == nil {
			log.Warn("judging a day that is over failed and is tried again", "in", again, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(again):
		}
	}
}

// judgeDays judges the days from next on that are over, and returns the first that is not.
func (f *figures) judgeDays(ctx context.Context, next int64) (int64, error) {
	for d := range book.Days(contract.Span{From: contract.Second(next) * secondsADay, To: contract.Floor(f.now())}, contract.Floor(f.now())) {
		if !d.Over {
			break
		}
		if err := f.judgeDay(ctx, d); err != nil {
			return next, err
		}
		next++
	}
	return next, nil
}

// judgeDay sees to it that a day that is over is judged for every device that was
// measured by then.
func (f *figures) judgeDay(ctx context.Context, d book.Day) error {
	for _, cu := range f.base.Load().Customers {
		inForce := f.inForce(cu.ID)
		for _, id := range f.base.Load().scopeOf(cu.ID, "", "") {
			p := f.base.Load().devices[deviceKey{cu.ID, id}]
			if f.book.measuredSince(p, d.Span.To) >= d.Span.To {
				continue
			}
			if _, err := f.day(ctx, p, d, inForce, f.book.leases(p)); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// touched returns the days that are over and that samples bear on: each its own and
// those after it while it is still looked back at. References speak for what else the
// batch says; for every device of the customer where it says nothing else.
func (f *figures) touched(c vouch.CustomerID, samples []vouch.Sample) []dayKey {
	now := contract.Floor(f.now())
	until := of(f.book, c, (*book.Book).IssuedUntil)
	if slices.ContainsFunc(samples, func(s vouch.Sample) bool { return contract.Floor(s.Start) < until }) {
		f.changed()
	}
	over := func(s vouch.Sample) bool { return (contract.Floor(s.Start)/secondsADay+1)*secondsADay <= now }
	if !slices.ContainsFunc(samples, over) {
		return nil // as nearly always
	}
	back := f.book.lookback(c)
	seen := map[dayKey]bool{}
	var out []dayKey
	add := func(d vouch.DeviceID, at contract.Second) {
		for n := int64(at / secondsADay); contract.Second(n)*secondsADay <= at+back && contract.Second(n+1)*secondsADay <= now; n++ {
			if k := (dayKey{deviceKey{c, d}, n}); !seen[k] {
				seen[k] = true
				out = append(out, k)
			}
		}
	}
	measured := map[vouch.DeviceID]bool{}
	for _, s := range samples {
		if s.Device != "" {
			measured[s.Device] = true
			add(s.Device, contract.Floor(s.Start))
		}
	}
	if len(measured) == 0 {
		for key := range f.base.Load().devices {
			if key.customer == c {
				measured[key.device] = true
			}
		}
	}
	for _, s := range samples {
		if s.Device == "" {
			for d := range measured {
				add(d, contract.Floor(s.Start))
			}
		}
	}
	return out
}

// deriving stores samples together with the end of what was remembered of the days that
// they bear on. A day computed from before them is neither stored nor remembered after.
func (f *figures) deriving(ctx context.Context, d store.Derivation, days []dayKey) error {
	if len(days) == 0 {
		return f.data.Derive(ctx, d)
	}
	for _, k := range days {
		d.Items = append(d.Items, store.Item{Customer: k.customer, Kind: itemDay, ID: dayID(k)}) // nil deletes
	}
	f.keep.Lock()
	defer f.keep.Unlock()
	err := f.data.Derive(ctx, d)
	f.forget(days)
	return err
}
