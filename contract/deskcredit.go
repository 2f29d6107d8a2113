// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"math/big"
)

// Proposal is what an incident's overruns are due, and what stands in the way. It
// proposes: people grant.
type Proposal struct {
	Items []CreditItem
	Cents int64    // of all items together, after the caps of the year
	Due   bool     // nothing stands in the way
	Why   []string // what does, and which cap bit, in sentences
	// ClaimBy is when the time to claim is over; 0 where no claim is needed or nothing
	// was overrun.
	ClaimBy Second
}

// CreditItem is the credit of one overrun, in cents rounded down.
type CreditItem struct {
	Kind  ClockKind
	Days  int64
	Base  int64 // the sum that the share per day is taken of
	Cents int64 // after the cap for one overrun
}

// escalate finds the tier: one more for each overrun, and for a fix that the customer
// finds insufficient where that counts.
func (d *desk) escalate() {
	e := d.terms.Support.Escalation
	grounds := len(d.out.Overruns)
	if _, ok := d.first(EventInsufficient, nil); ok && e.Insufficient {
		grounds++
	}
	d.out.Tier = 1 + grounds
	if e.By == EscalateCustomer {
		asked := 0
		for _, x := range d.events {
			if x.Kind == EventEscalated {
				asked++
			}
		}
		if asked > grounds {
			d.flag("the customer escalated more often than a target was overrun")
		}
		d.out.Tier = 1 + min(asked, grounds)
	}
	if e.Tiers > 0 {
		d.out.Tier = min(d.out.Tier, e.Tiers)
	}
}

// credit proposes what the overruns are due.
func (d *desk) credit() {
	r := d.terms.Support.Credit
	p := &d.out.Credit
	if r.PerDay == 0 || len(d.out.Overruns) == 0 {
		return
	}
	for _, t := range d.out.Timers {
		if t.Exceeded == 0 || t.Kind == ClockReaction && !r.Reaction || t.Kind != ClockReaction && !r.Resolution {
			continue
		}
		item := CreditItem{Kind: t.Kind, Days: t.Days, Base: d.fee(r.Base, t.Deadline)}
		item.Cents = share(item.Base, t.Days, r.PerDay)
		if most := share(d.fee(r.CapBase, t.Deadline), 1, r.Cap); r.Cap > 0 && item.Cents > most {
			item.Cents = most
			p.Why = append(p.Why, fmt.Sprintf("the %s overrun is capped at %d cents", t.Kind, most))
		}
		p.Items = append(p.Items, item)
		p.Cents += item.Cents
	}
	if len(p.Items) == 0 {
		return
	}
	d.yearCaps()
	p.Due = d.attributed()
	p.Due = d.claimed() && p.Due
}

// yearCaps lowers the credit to what the caps leave of the twelve months up to the
// first overrun.
func (d *desk) yearCaps() {
	r, p := d.terms.Support.Credit, &d.out.Credit
	last := d.out.Overruns[0].At
	n := d.terms.Zone.date(last)
	first := d.terms.Zone.midnight(addMonths(n, -12) + 1)
	var granted int64
	for _, g := range d.file.Granted {
		if first <= g.At && g.At <= last {
			granted += g.Cents
		}
	}
	for _, c := range r.YearCaps {
		most := c.Cents
		if c.Share > 0 {
			var sum int64
			for m := 1; m <= 12; m++ {
				sum += d.month(addMonths(n, -m)).Invoiced
			}
			most = share(sum, 1, c.Share)
		}
		if left := max(most-granted, 0); p.Cents > left {
			p.Cents = left
			p.Why = append(p.Why, fmt.Sprintf("%s: %d cents of %d are left", c.Name, left, most))
		}
	}
}

// attributed reports whether the overrun is the provider's doing, where that matters.
func (d *desk) attributed() bool {
	if !d.terms.Support.Credit.Attributed {
		return true
	}
	blamed, ours := false, true
	for _, e := range d.events {
		if e.Kind == EventAttributed {
			blamed, ours = true, ours && e.To == "provider"
		}
	}
	switch {
	case !blamed:
		d.out.Credit.Why = append(d.out.Credit.Why, "not yet attributed")
	case !ours:
		d.out.Credit.Why = append(d.out.Credit.Why, "not solely the provider's doing")
	}
	return blamed && ours
}

// claimed reports whether the credit was claimed in time and form, where it must be.
func (d *desk) claimed() bool {
	r, p := d.terms.Support.Credit, &d.out.Credit
	if !r.Claim.Set() {
		return true
	}
	p.ClaimBy = r.Claim.Expires(d.out.Overruns[0].At, d.office)
	right := func(e Event) bool { return r.Form == "" || e.Form == r.Form }
	at, ok := d.firstAt(EventClaimed, right)
	_, any := d.first(EventClaimed, nil)
	switch {
	case ok && at < p.ClaimBy:
		return true
	case ok:
		p.Why = append(p.Why, "claimed too late: forfeited")
	case any:
		p.Why = append(p.Why, "not claimed by "+r.Form)
	case d.file.Now >= p.ClaimBy:
		p.Why = append(p.Why, "not claimed in time: forfeited")
	default:
		p.Why = append(p.Why, "not claimed yet; until "+d.terms.Zone.Format(p.ClaimBy))
	}
	return false
}

// fee returns the sum of the month that a share is taken of.
func (d *desk) fee(m FeeMonth, overrun Second) int64 {
	n := d.terms.Zone.date(overrun)
	if m != MonthOverrun {
		n = addMonths(n, -1)
	}
	i := d.month(n)
	if d.terms.Support.Credit.Paid {
		return min(i.Invoiced, i.Paid)
	}
	return i.Invoiced
}

// month returns what was invoiced for the month of a date.
func (d *desk) month(n int64) Invoice {
	day := dateOf(n)
	var out Invoice
	for _, i := range d.file.Invoices {
		if i.Month.Year == day.Year && i.Month.Month == day.Month {
			out.Invoiced += i.Invoiced
			out.Paid += i.Paid
		}
	}
	return out
}

// share returns n times a share of a sum, rounded down; at most what 64 bits hold.
func share(sum, n int64, s Share) int64 {
	x := new(big.Int).Mul(big.NewInt(sum), big.NewInt(n))
	x.Mul(x, big.NewInt(int64(s))).Quo(x, big.NewInt(100*percentOne))
	if !x.IsInt64() {
		return 1<<63 - 1
	}
	return x.Int64()
}
