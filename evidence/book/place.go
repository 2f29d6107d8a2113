// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book

import (
	"slices"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
)

// Endless is the end of a span that has none.
const Endless contract.Second = 1<<62 - 1

func (b *Book) takeInstallation(rec evidence.Record) error {
	if subject, err := body[struct {
		Subject string `json:"subject"`
	}](rec); err != nil {
		return err
	} else if subject.Subject == "services" {
		return b.takeServices(rec)
	}
	s, err := body[SiteBody](rec)
	if err != nil {
		return err
	}
	site := vouch.Site{ID: s.Site}
	for _, d := range s.Devices {
		site.Devices = append(site.Devices, d.device())
		b.installed[d.Device] = true
	}
	b.sites = slices.Clone(b.sites)
	if i := slices.IndexFunc(b.sites, func(x vouch.Site) bool { return x.ID == site.ID }); i >= 0 {
		b.sites[i] = site
	} else {
		b.sites = append(b.sites, site)
	}
	return nil
}

func (b *Book) takeServices(rec evidence.Record) error {
	s, err := body[ServicesBody](rec)
	if err != nil {
		return err
	}
	b.services = nil
	for _, x := range s.Services {
		b.services = append(b.services, vouch.Service{ID: x.Service, Name: x.Name, Tree: x.Tree.node()})
	}
	return nil
}

// rent is a lease as it was recorded.
type rent struct {
	contract.Span
	record   string
	recorded contract.Second
	corrects string
	accepted bool // by the customer
}

func (b *Book) takeLease(rec evidence.Record) error {
	l, err := body[LeaseBody](rec)
	if err != nil {
		return err
	}
	r := rent{Span: contract.Span{From: 0, To: Endless}, record: rec.ID, recorded: contract.Ceil(rec.Recorded), corrects: rec.Corrects}
	if !l.From.IsZero() {
		r.From = contract.Ceil(l.From)
	}
	if !l.Until.IsZero() {
		r.To = contract.Ceil(l.Until)
	}
	b.rents[l.Device] = append(b.rents[l.Device], r)
	b.leases[l.Device] = leased(b.rents[l.Device])
	return nil
}

// leased returns the time in which a device is leased. The first lease that is said of
// it holds as it stands. A later one changes nothing of the time before it was recorded,
// unless the customer accepts: then it takes over from its own beginning on, and of the
// lease that it corrects nothing is left.
func leased(rents []rent) []contract.Span {
	corrected := func(record string) bool {
		return slices.ContainsFunc(rents, func(r rent) bool { return r.accepted && r.corrects == record })
	}
	var out []contract.Span
	begun := false
	for _, r := range rents {
		at := r.recorded
		switch {
		case corrected(r.record):
			continue
		case !begun || r.accepted:
			at = r.From
		}
		begun = true
		var now []contract.Span
		for _, s := range out {
			if s.To = min(s.To, at); !s.Empty() {
				now = append(now, s)
			}
		}
		if r.From = max(r.From, at); !r.Empty() {
			now = append(now, r.Span)
		}
		out = now
	}
	return append([]contract.Span{}, contract.Union(out)...) // not nil, which would be no bounds
}

// Leases returns the time in which a device is measured, in order. A device of which
// no lease is recorded is measured always.
func (b *Book) Leases(d vouch.DeviceID) []contract.Span {
	if l, ok := b.leases[d]; ok {
		return slices.Clip(l)
	}
	return []contract.Span{{From: 0, To: Endless}}
}

// Customer returns the customer as the ledger knows him: sites, devices and services,
// without names of people and without what only agents need.
func (b *Book) Customer(id vouch.CustomerID) vouch.Customer {
	return vouch.Customer{ID: id, Contract: b.contractID, Sites: slices.Clip(b.sites), Services: slices.Clip(b.services)}
}

// SiteOf returns the site of a device, or "" for one that is not installed.
func (b *Book) SiteOf(d vouch.DeviceID) vouch.SiteID {
	for _, s := range b.sites {
		if slices.ContainsFunc(s.Devices, func(x vouch.Device) bool { return x.ID == d }) {
			return s.ID
		}
	}
	return ""
}

// Installed reports whether a device was ever installed.
func (b *Book) Installed(d vouch.DeviceID) bool { return b.installed[d] }

// EverInstalled returns every device that was ever installed, sorted.
func (b *Book) EverInstalled() []vouch.DeviceID {
	out := make([]vouch.DeviceID, 0, len(b.installed))
	for d := range b.installed {
		out = append(out, d)
	}
	slices.Sort(out)
	return out
}
