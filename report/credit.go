// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

// SchemaCredit names the form of the JSON of [Credit].
const SchemaCredit = "vouch-credit/1"

// Credit proposes what overruns of a period are due: those whose deadline passed in it.
// People grant. Amounts are cents.
type Credit struct {
	Schema       string            `json:"schema"`
	Customer     vouch.CustomerID  `json:"customer"`
	CustomerName string            `json:"customer_name"`
	Provider     string            `json:"provider"`
	From         statement.Instant `json:"from"`
	To           statement.Instant `json:"to"`
	AsOf         statement.Instant `json:"as_of"`
	Timezone     string            `json:"timezone"`
	Agreed       bool              `json:"agreed"` // the contract knows credit for overruns
	Due          int64             `json:"due_cents"`
	Pending      int64             `json:"not_due_cents"` // what something stands in the way of
	List         []CreditLine      `json:"proposals"`
}

// CreditLine is what one incident's overruns are due.
type CreditLine struct {
	Incident string            `json:"incident"`
	Priority string            `json:"priority"`
	Items    []CreditItem      `json:"items"`
	Cents    int64             `json:"cents"` // of all items together, after the caps
	Due      bool              `json:"due"`   // nothing stands in the way
	Why      []string          `json:"why"`
	ClaimBy  statement.Instant `json:"claim_by,omitempty"`
}

// CreditItem is the credit of one overrun.
type CreditItem struct {
	Clock    contract.ClockKind `json:"clock"`
	Deadline statement.Instant  `json:"deadline"`
	Days     int64              `json:"days"`
	Base     int64              `json:"base_cents"` // the sum that the share per day is taken of
	Cents    int64              `json:"cents"`
}

// BuildCredit computes the proposal from cases that were handled with what was invoiced
// and granted.
func BuildCredit(in Input) Credit {
	s := in.Statement
	out := Credit{Schema: SchemaCredit, Customer: s.Customer, CustomerName: s.CustomerName, Provider: s.Provider, From: s.From, To: s.To, AsOf: s.AsOf,
		Timezone: s.Timezone, Agreed: in.Terms.Support.Credit.PerDay > 0, List: []CreditLine{}}
	period := contract.Span{From: contract.Floor(s.From.Time()), To: contract.Floor(s.To.Time())}
	at := func(t contract.Second) statement.Instant { return statement.Instant(in.Terms.Zone.Format(t)) }
	for _, c := range in.Cases {
		h := c.Handling
		if len(h.Credit.Items) == 0 || len(h.Overruns) == 0 || !period.Contains(h.Overruns[0].At) {
			continue
		}
		l := CreditLine{Incident: c.ID, Priority: h.Priority.String(), Items: []CreditItem{}, Cents: h.Credit.Cents, Due: h.Credit.Due, Why: slices.Concat([]string{}, h.Credit.Why)}
		for _, i := range h.Credit.Items {
			t, _ := h.Timer(i.Kind)
			l.Items = append(l.Items, CreditItem{i.Kind, at(t.Deadline), i.Days, i.Base, i.Cents})
		}
		if h.Credit.ClaimBy != 0 {
			l.ClaimBy = at(h.Credit.ClaimBy)
		}
		if l.Due {
			out.Due += l.Cents
		} else {
			out.Pending += l.Cents
		}
		out.List = append(out.List, l)
	}
	return out
}

// Of implements [Report].
func (r Credit) Of() vouch.CustomerID { return r.Customer }

// Table implements [Report].
func (r Credit) Table() [][]string {
	out := [][]string{{"incident", "priority", "clock", "deadline", "days", "base_cents", "item_cents", "incident_cents", "due", "claim_by", "why"}}
	for _, l := range r.List {
		for _, i := range l.Items {
			out = append(out, []string{l.Incident, l.Priority, string(i.Clock), string(i.Deadline), num(i.Days), num(i.Base), num(i.Cents), num(l.Cents),
				fmt.Sprint(l.Due), string(l.ClaimBy), strings.Join(l.Why, "; ")})
		}
	}
	return out
}

// euro prints cents.
func euro(l statement.Language, cents int64) string {
	return fmt.Sprintf("€\u00a0%d%s%02d", cents/100, pick(l, ".", ","), cents%100)
}

// Sheet implements [Report].
func (r Credit) Sheet(l statement.Language) Sheet {
	say := func(english, dutch string) string { return pick(l, english, dutch) }
	s := Sheet{Language: l, Title: say("Credit proposed, ", "Voorgestelde vergoeding, ") + period(l, r.From, r.To), For: r.CustomerName, By: r.Provider,
		About: []statement.Term{{Name: say("Period", "Periode"), Text: moment(r.From) + say(" until ", " tot ") + moment(r.To)},
			{Name: say("As of", "Stand van"), Text: moment(r.AsOf)}, {Name: say("Time zone", "Tijdzone"), Text: r.Timezone}}}
	switch {
	case !r.Agreed:
		s.Lead = say("The contract agrees no credit for overruns.", "Het contract kent geen vergoeding voor overschrijdingen.")
		return s
	case len(r.List) == 0:
		s.Lead = say("No overrun of this period has a credit.", "Geen overschrijding in deze periode geeft recht op een vergoeding.")
		return s
	}
	s.Lead = fmt.Sprintf(say("Proposed: %s. Something stands in the way of a further %s.", "Voorgesteld: %s. Voor nog eens %s staat er iets in de weg."), euro(l, r.Due), euro(l, r.Pending))
	t := &statement.Table{Columns: []statement.Column{{Name: "Incident", Width: .15}, {Name: say("Clock", "Klok"), Width: .1}, {Name: say("Deadline", "Deadline"), Width: .2},
		{Name: say("Days", "Dagen"), Number: true, Width: .06}, {Name: say("Of", "Over"), Number: true, Width: .11}, {Name: say("Credit", "Vergoeding"), Number: true, Width: .12}, {Name: say("How it stands", "Hoe het ervoor staat"), Width: .26}}}
	for n, x := range r.List {
		if n == maxListed {
			s.Blocks = append(s.Blocks, statement.Block{Note: fmt.Sprintf(say("and %d more; JSON and CSV have all.", "en nog %d; JSON en CSV hebben alles."), len(r.List)-n)})
			break
		}
		how := say("due", "verschuldigd")
		if !x.Due {
			how = say("not due", "niet verschuldigd")
		}
		if x.ClaimBy != "" {
			how += say("; claim by ", "; opeisen tot ") + moment(x.ClaimBy)
		}
		if len(x.Why) > 0 {
			how += "\n" + strings.Join(x.Why, "; ")
		}
		for _, i := range x.Items {
			clock := map[contract.ClockKind]string{contract.ClockReaction: say("reaction", "reactie"), contract.ClockResolution: say("resolution", "oplossing"), contract.ClockRepair: say("repair", "herstel")}[i.Clock]
			t.Rows = append(t.Rows, statement.Row{Cells: []string{x.Incident, clock, moment(i.Deadline), num(i.Days), euro(l, i.Base), euro(l, i.Cents), how}})
		}
	}
	s.Blocks = append([]statement.Block{{Heading: say("Overruns", "Overschrijdingen"), Table: t,
		Note: say("A proposal: people grant. The sums per incident are after the caps of the contract; an overrun counts in the period in which its deadline passed.",
			"Een voorstel: mensen kennen toe. De bedragen per incident zijn na de grenzen van het contract; een overschrijding telt in de periode waarin de deadline verstreek.")}}, s.Blocks...)
	return s
}
