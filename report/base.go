// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/statement"
)

// SchemaBase names the form of the JSON of [Base].
const SchemaBase = "vouch-base/1"

// Base is the installed base of a customer at an instant, for him to confirm: what the
// contract covers is what stands here.
type Base struct {
	Schema       string            `json:"schema"`
	Customer     vouch.CustomerID  `json:"customer"`
	CustomerName string            `json:"customer_name"`
	Provider     string            `json:"provider"`
	AsOf         statement.Instant `json:"as_of"`
	Contract     string            `json:"contract"`
	Checkpoint   string            `json:"checkpoint"` // of the ledger that leases and services stand in: origin, leaves, root
	Positions    []Position        `json:"positions"`
}

// Position is a place of a device, whatever unit occupies it.
type Position struct {
	Site      vouch.SiteID      `json:"site"`
	SiteName  string            `json:"site_name"`
	Device    vouch.DeviceID    `json:"device"`
	Class     vouch.Class       `json:"class"`
	Addresses []netip.Addr      `json:"addresses"`
	Services  []string          `json:"services"`
	Units     []string          `json:"serial_numbers"` // of what stands there now
	From      statement.Instant `json:"leased_from,omitempty"`
	Until     statement.Instant `json:"leased_until,omitempty"` // exclusive; empty while open-ended
	Measured  bool              `json:"measured"`
}

// Of implements [Report].
func (r Base) Of() vouch.CustomerID { return r.Customer }

// Table implements [Report].
func (r Base) Table() [][]string {
	out := [][]string{{"site", "site_name", "device", "class", "addresses", "services", "serial_numbers", "leased_from", "leased_until", "measured"}}
	for _, p := range r.Positions {
		out = append(out, []string{string(p.Site), p.SiteName, string(p.Device), string(p.Class), addresses(p.Addresses), strings.Join(p.Services, "; "),
			strings.Join(p.Units, "; "), string(p.From), string(p.Until), fmt.Sprint(p.Measured)})
	}
	return out
}

func addresses(list []netip.Addr) string {
	var out []string
	for _, a := range list {
		out = append(out, a.String())
	}
	return strings.Join(out, " ")
}

// Sheet implements [Report].
func (r Base) Sheet(l statement.Language) Sheet {
	say := func(english, dutch string) string { return pick(l, english, dutch) }
	s := Sheet{Language: l, Title: say("Installed base, to confirm", "Installed base, ter bevestiging"), For: r.CustomerName, By: r.Provider,
		About: []statement.Term{{Name: say("As of", "Stand van"), Text: moment(r.AsOf)}, {Name: say("Agreement", "Overeenkomst"), Text: r.Contract}, {Name: "Checkpoint", Text: r.Checkpoint}},
		Lead: fmt.Sprintf(say("%d positions are covered. Please say within the time of your contract what is missing, and what should not be here.",
			"%d posities vallen onder de overeenkomst. Laat binnen de termijn van uw contract weten wat ontbreekt en wat hier niet hoort."), len(r.Positions))}
	if len(r.Positions) == 1 {
		s.Lead = say("1 position is covered. Please say within the time of your contract what is missing, and what should not be here.",
			"1 positie valt onder de overeenkomst. Laat binnen de termijn van uw contract weten wat ontbreekt en wat hier niet hoort.")
	}
	t := func() *statement.Table {
		return &statement.Table{Columns: []statement.Column{{Name: say("Position", "Positie"), Width: .2}, {Name: say("Kind", "Soort"), Width: .1}, {Name: say("Addresses", "Adressen"), Width: .17},
			{Name: say("Serial number", "Serienummer"), Width: .16}, {Name: say("Service", "Dienst"), Width: .19}, {Name: say("Leased", "Huur"), Width: .18}}}
	}
	for _, p := range r.Positions {
		name := p.SiteName
		if name == "" {
			name = string(p.Site)
		}
		if n := len(s.Blocks); n == 0 || s.Blocks[n-1].Heading != name {
			s.Blocks = append(s.Blocks, statement.Block{Heading: name, Table: t()})
		}
		lease := say("from ", "vanaf ") + day(p.From)
		if p.From == "" {
			lease = say("not recorded", "niet vastgelegd")
		}
		if p.Until != "" {
			lease += say(" until ", " tot ") + day(p.Until)
		}
		device := string(p.Device)
		if !p.Measured {
			device += say("\nnot measured", "\nniet gemeten")
		}
		b := s.Blocks[len(s.Blocks)-1].Table
		b.Rows = append(b.Rows, statement.Row{Cells: []string{device, string(p.Class), addresses(p.Addresses), dash(strings.Join(p.Units, ", ")), dash(strings.Join(p.Services, ", ")), lease}})
	}
	s.Blocks = append(s.Blocks, statement.Block{Heading: say("Confirmed", "Bevestigd"), Terms: []statement.Term{
		{Name: say("Name and role", "Naam en functie"), Text: " "}, {Name: say("Date", "Datum"), Text: " "}, {Name: say("Signature", "Handtekening"), Text: " "}}})
	return s
}

func day(i statement.Instant) string { return i.Time().Format("2006-01-02") }
