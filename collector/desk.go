// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// desk takes what people decide on pages: the same functions as the socket's, with an
// account as the author.
type desk struct{ view }

// as is a context in which the viewer's account is the author.
func as(ctx context.Context, v web.Viewer) context.Context {
	return context.WithValue(ctx, authorKey{}, v.Account)
}

// onPage turns what a person can mend into what a page says of it.
func onPage(err error) error {
	var w wrong
	switch {
	case !errors.As(err, &w):
		return err
	case w.status == http.StatusNotFound:
		return fmt.Errorf("%s: %w", w.message, web.ErrNotFound)
	}
	return web.Refusal{Status: w.status, English: w.message}
}

// Places implements [web.Desk].
func (d desk) Places(_ context.Context, who web.Viewer) (web.Places, error) {
	out := web.Places{AsOf: d.asOf(who.Customer)}
	for _, cu := range d.base.Load().Customers {
		if who.May(cu.ID) {
			out.Customers = append(out.Customers, cu)
		}
	}
	return out, nil
}

// Weigh implements [web.Desk]: it decides by the contract as if the maintenance had
// been announced now.
func (d desk) Weigh(_ context.Context, who web.Viewer, w web.NewWork) (web.Weighed, error) {
	if _, known := d.base.Load().customers[w.Customer]; !known || !who.May(w.Customer) {
		return web.Weighed{}, web.ErrNotFound
	}
	out := web.Weighed{AsOf: d.asOf(w.Customer), Contract: d.contractName(w.Customer)}
	if w.From.IsZero() {
		return out, nil
	}
	if _, err := d.findScope(w.Customer, w.Site, w.Device); err != nil {
		return out, onPage(err)
	}
	if err := checkTimes("maintenance", w.From, w.To); err != nil {
		return out, onPage(err)
	}
	const id = "this one" // no maintenance is called so
	now := d.now()
	span := contract.Span{From: contract.Ceil(w.From), To: contract.Ceil(w.To)}
	hours := d.terms(w.Customer).Calendar().Spans(span)
	out.Notice, out.Whole, out.InWindow = w.From.Sub(now), secs(int64(span.To-span.From)), inHours([]contract.Span{span}, hours)
	ids := d.base.Load().scopeOf(w.Customer, w.Site, w.Device)
	decisions := map[vouch.DeviceID][]contract.Decision{}
	d.book.read(w.Customer, func(l *book.Book) {
		for _, x := range ids {
			e := contract.Exclusion{ID: id, Kind: contract.Maintenance, Reason: w.Reason, Span: span, AnnouncedAt: contract.Ceil(now), RecordedAt: contract.Ceil(now)}
			decisions[x] = l.Scope(x, contract.Floor(now)).Decide(append(l.Exclusions(x), e))
		}
	})
	for _, e := range effectsOf(id, ids, decisions) {
		k := web.Weight{Devices: e.Devices, Why: e.Why, Notes: e.Notes}
		for _, s := range e.Counts {
			k.Counts += inHours([]contract.Span{spanIn(s)}, hours)
		}
		for _, s := range e.Refused {
			k.Lost += inHours([]contract.Span{spanIn(s.Span)}, hours)
		}
		out.Effects = append(out.Effects, k)
	}
	return out, nil
}

func spanIn(s admin.Span) contract.Span {
	return contract.Span{From: contract.Ceil(s.From), To: contract.Ceil(s.To)}
}

func inHours(spans, hours []contract.Span) web.Seconds {
	return secs(contract.Total(contract.Intersect(spans, hours)))
}

// Announce implements [web.Desk].
func (d desk) Announce(ctx context.Context, who web.Viewer, w web.NewWork) (string, error) {
	if !who.Can(web.ActMaintenance) || !who.May(w.Customer) {
		return "", web.ErrForbidden
	}
	out, err := d.announce(as(ctx, who), admin.NewMaintenance{Customer: w.Customer, Site: w.Site, Device: w.Device, From: w.From, To: w.To, Reason: w.Reason})
	return out.ID, onPage(err)
}

// CancelWork implements [web.Desk].
func (d desk) CancelWork(ctx context.Context, who web.Viewer, cu vouch.CustomerID, id string) error {
	if !who.Can(web.ActMaintenance) || !who.May(cu) {
		return web.ErrForbidden
	}
	if cu == "" {
		return web.ErrNotFound
	}
	_, err := d.cancel(as(ctx, who), cu, id)
	return onPage(err)
}

// Rule implements [web.Desk].
func (d desk) Rule(ctx context.Context, who web.Viewer, cu vouch.CustomerID, id string, approve bool, reason string) error {
	if !who.Can(web.ActExclusion) || !who.May(cu) {
		return web.ErrForbidden
	}
	if cu == "" {
		return web.ErrNotFound
	}
	if err := checkReason(reason, "why"); err != nil {
		return web.Refusal{Status: http.StatusUnprocessableEntity, English: fmt.Sprintf("say in 1 to %d bytes of plain text why you decide so: the customer reads it", maxReason)}
	}
	kind := evidence.KindExclusionRejected
	if approve {
		kind = evidence.KindExclusionApproved
	}
	_, err := d.ruleOn(as(ctx, who), admin.Ruling{Customer: cu, ID: id, Reason: reason}, kind)
	return onPage(err)
}

// Claims implements [web.Desk].
func (d desk) Claims(ctx context.Context, who web.Viewer) (web.Claims, error) {
	out := web.Claims{AsOf: d.asOf(who.Customer)}
	names, err := d.names(ctx, who)
	if err != nil {
		return out, err
	}
	for _, cu := range d.base.Load().Customers {
		if !who.May(cu.ID) {
			continue
		}
		for _, k := range d.claimsOf(cu.ID) {
			out.Items = append(out.Items, d.claim(cu, k, names))
		}
	}
	slices.SortStableFunc(out.Items, func(a, b web.Claim) int { return b.RecordedAt.Compare(a.RecordedAt) })
	return out, nil
}

func (d desk) claim(cu vouch.Customer, k admin.Claim, names func(string) string) web.Claim {
	ids := d.base.Load().scopeOf(cu.ID, k.Site, k.Device)
	x := web.Claim{
		ID: k.ID, Customer: cu.ID, CustomerName: cu.Name, Scope: d.scopeWords(admin.Maintenance{Customer: cu.ID, Site: k.Site, Device: k.Device}, len(ids)),
		Kind: k.Kind, From: k.From, To: k.To, Reason: k.Reason, Evidence: k.Evidence, RecordedAt: k.RecordedAt, Author: names(k.Author), RulingReason: k.RulingReason,
	}
	ruled := func(word, by string, at time.Time) { x.Ruling, x.RuledBy, x.RuledAt = word, names(by), &at }
	switch {
	case k.CorrectedBy != "":
		x.Ruling = "corrected by " + k.CorrectedBy
	case k.RejectedBy != "":
		ruled("refused", k.RejectedBy, k.RejectedAt)
	case k.ApprovedBy != "" && !d.oneEye(k):
		ruled("approved", k.ApprovedBy, k.ApprovedAt)
	}
	for _, e := range k.Effects {
		var counts web.Seconds
		for _, s := range e.Counts {
			counts += web.Seconds(s.To.Sub(s.From))
		}
		x.Counts = max(x.Counts, counts)
		if why := string(e.Why); why != "" && !slices.Contains(x.Why, why) {
			x.Why = append(x.Why, why)
		}
	}
	return x
}

// oneEye reports whether an approval is still missing that of a second person.
func (d desk) oneEye(k admin.Claim) bool {
	return slices.ContainsFunc(k.Effects, func(e admin.Effect) bool { return e.Why == contract.WhyFourEyes })
}

// names returns what authors are called before a viewer: whoever reads everything knows
// the login names of accounts, a customer the IDs.
func (d desk) names(ctx context.Context, who web.Viewer) (func(string) string, error) {
	login := map[string]string{}
	if who.Role != web.RoleCustomer {
		list, err := d.store.ListAccounts(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			login[a.ID] = a.Login
		}
	}
	return func(id string) string {
		if name := login[id]; name != "" {
			return name
		}
		return id
	}, nil
}
