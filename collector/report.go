// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/report"
	"github.com/vouch-sla/vouch/statement"
)

// billing is what credit is taken of: it stands in no ledger, and is said with the
// command.
type billing struct {
	invoices []contract.Invoice
	granted  []contract.Grant
}

// reportInput computes what the reports about incidents are made of. Each incident is
// handled as it stood at the end of the period, so that the report of a month that is
// over stays what it was.
func (c *Collector) reportInput(ctx context.Context, cu vouch.CustomerID, period contract.Span, bill billing) (report.Input, error) {
	s, err := c.statement(ctx, cu, period)
	if err != nil {
		return report.Input{}, err
	}
	now := min(contract.Floor(c.now()), period.To)
	versions := c.book.contracts(cu)
	in := report.Input{Statement: s, Terms: contract.TermsAt(versions, now-1)}
	known := slices.Clone(c.book.known(cu))
	slices.SortStableFunc(known, func(a, b incident.Incident) int { return cmp.Compare(a.From(), b.From()) })
	for _, i := range known {
		if i.Status == incident.Withdrawn || i.From() >= period.To {
			continue
		}
		file := c.file(i).File(now)
		file.Invoices, file.Granted = bill.invoices, slices.Clone(bill.granted)
		x := report.Case{ID: string(i.ID), Devices: i.Devices(), From: i.From(), Handling: file.Handle()}
		to, ended := i.To()
		if x.To, x.Open = to, !ended || to >= now; x.Open {
			x.To = 0
		}
		if p := x.Handling.Credit; p.Due && p.Cents > 0 { // what is proposed now counts for the caps of the next
			bill.granted = append(bill.granted, contract.Grant{At: x.Handling.Overruns[0].At, Cents: p.Cents})
		}
		in.Cases = append(in.Cases, x)
	}
	return in, nil
}

// installedBase lists what the contract of a customer covers now.
func (c *Collector) installedBase(ctx context.Context, cu vouch.CustomerID) (report.Base, error) {
	head, err := c.store.Head(ctx, cu)
	if err != nil {
		return report.Base{}, err
	}
	b, now := c.base.Load(), c.now()
	who, terms := b.customers[cu], contract.TermsAt(c.book.contracts(cu), contract.Floor(now))
	at := func(t time.Time) statement.Instant {
		if t.IsZero() {
			return ""
		}
		return statement.Instant(terms.Zone.Format(contract.Floor(t)))
	}
	out := report.Base{
		Schema: report.SchemaBase, Customer: cu, CustomerName: who.Name, Provider: b.Provider, AsOf: at(now), Contract: string(who.Contract),
		Checkpoint: fmt.Sprintf("%s %d %s", ledgerOrigin(c.opts.Origin, cu), head.Size, head.Root), Positions: []report.Position{},
	}
	for _, site := range who.Sites {
		for _, d := range site.Devices {
			if !d.LeaseUntil.IsZero() && !d.LeaseUntil.After(now) {
				continue // its lease is over
			}
			p := report.Position{Site: site.ID, SiteName: site.Name, Device: d.ID, Class: d.Class, Addresses: []netip.Addr{}, Services: []string{}, Units: []string{},
				From: at(d.LeaseFrom), Until: at(d.LeaseUntil), Measured: len(d.Checks) > 0}
			for _, a := range d.Addresses {
				p.Addresses = append(p.Addresses, a.Addr)
			}
			for _, u := range d.Units {
				if !u.From.After(now) {
					p.Units = slices.Concat([]string{}, u.Serials)
				}
			}
			p.Services = append(p.Services, view{c}.servicesOf(cu, d.ID)...)
			out.Positions = append(out.Positions, p)
		}
	}
	return out, nil
}

// written is a report in the form that a command asks for.
func written(r *http.Request, x report.Report) (any, error) {
	lang, err := statement.ParseLanguage(cmp.Or(r.FormValue("lang"), "en"))
	if err != nil {
		return nil, badRequest("%v", err)
	}
	switch f := cmp.Or(r.FormValue("format"), "text"); f {
	case "text":
		return document(report.Text(x, lang)), nil
	case "json":
		return document(report.JSON(x)), nil
	case "csv":
		return document(report.CSV(x)), nil
	case "html":
		return document(report.HTML(x, lang)), nil
	default:
		return nil, badRequest("format %.20q: allowed are text, json, csv and html", f)
	}
}

// reportIncidents answers `vouch report incidents`.
func (c *Collector) reportIncidents(r *http.Request) (any, error) {
	cu := vouch.CustomerID(r.FormValue("customer"))
	period, err := c.periodAsked(r, cu)
	if err != nil {
		return nil, err
	}
	in, err := c.reportInput(r.Context(), cu, period, billing{})
	if err != nil {
		return nil, err
	}
	return written(r, report.BuildIncidents(in))
}

// reportCredit answers `vouch report credit`.
func (c *Collector) reportCredit(r *http.Request) (any, error) {
	cu := vouch.CustomerID(r.FormValue("customer"))
	period, err := c.periodAsked(r, cu)
	if err != nil {
		return nil, err
	}
	bill, err := readBilling(r)
	if err != nil {
		return nil, err
	}
	in, err := c.reportInput(r.Context(), cu, period, bill)
	if err != nil {
		return nil, err
	}
	return written(r, report.BuildCredit(in))
}

// reportBase answers `vouch report base`.
func (c *Collector) reportBase(r *http.Request) (any, error) {
	cu := vouch.CustomerID(r.FormValue("customer"))
	if _, ok := c.base.Load().customers[cu]; !ok {
		return nil, badRequest("there is no customer %q in the installed base", cu)
	}
	out, err := c.installedBase(r.Context(), cu)
	if err != nil {
		return nil, err
	}
	return written(r, out)
}

// maxBills bounds the invoices and grants of one question.
const maxBills = 200

// readBilling reads what was invoiced, "2026-10=1240.00" or "2026-10=1240.00/1000.00"
// with what was paid of it, and what was granted, "2026-10-03=124.00".
func readBilling(r *http.Request) (billing, error) {
	var b billing
	if len(r.Form["invoice"])+len(r.Form["granted"]) > maxBills {
		return b, badRequest("at most %d invoices and grants can be given", maxBills)
	}
	for _, s := range r.Form["invoice"] {
		month, sum, _ := strings.Cut(s, "=")
		at, err := time.Parse("2006-01", month)
		invoiced, paid, both := strings.Cut(sum, "/")
		if !both {
			paid = invoiced
		}
		i := contract.Invoice{Month: contract.Date{Year: at.Year(), Month: at.Month(), Day: 1}}
		var ok, okPaid bool
		i.Invoiced, ok = cents(invoiced)
		if i.Paid, okPaid = cents(paid); err != nil || !ok || !okPaid {
			return b, badRequest("invoice %.40q: write the month and what was invoiced for the level of service, such as 2026-10=1240.00, or 2026-10=1240.00/1000.00 where less was paid", s)
		}
		b.invoices = append(b.invoices, i)
	}
	for _, s := range r.Form["granted"] {
		day, sum, _ := strings.Cut(s, "=")
		at, err := time.Parse(time.DateOnly, day)
		n, ok := cents(sum)
		if err != nil || !ok {
			return b, badRequest("granted %.40q: write the day of the overrun and the credit that was given, such as 2026-10-03=124.00", s)
		}
		b.granted = append(b.granted, contract.Grant{At: contract.Floor(at), Cents: n})
	}
	return b, nil
}

// cents reads an amount with up to two decimals.
func cents(s string) (int64, bool) {
	whole, part, _ := strings.Cut(s, ".")
	if len(part) > 2 || strings.Trim(whole+part, "0123456789") != "" || whole == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	return n, err == nil && n < math.MaxInt64/1000
}
