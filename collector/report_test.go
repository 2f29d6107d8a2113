// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/report"
)

// The reports come from the ledger's incident events and the installed base, over the
// socket and over the pages, and a customer sees his own alone.
func TestReports(t *testing.T) {
	c := newCentre(t)
	from := ago(3 * time.Minute)
	c.play(from, 90, "acme", both) // down from second 10 to 40
	c.wait("the incident is closed", func() bool {
		l := c.incidents("acme")
		return len(l) == 1 && l[0].Status == incident.Closed
	})
	ask := func(path, format string, more url.Values) ([]byte, error) {
		q := url.Values{"customer": {"acme"}, "format": {format}, "from": {from.Format(time.RFC3339)}, "to": {from.Add(80 * time.Second).Format(time.RFC3339)}}
		for k, v := range more {
			q[k] = v
		}
		return c.client().Bytes(t.Context(), path, q)
	}
	raw, err := ask(admin.PathReportIncidents, "json", nil)
	if err != nil {
		t.Fatal(err)
	}
	var r report.Incidents
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.List) != 1 || r.List[0].ID != string(c.incidents("acme")[0].ID) || r.List[0].To == "" || r.Customer != "acme" || r.Result != "no target agreed" {
		t.Errorf("incidents = %s, want the one that there was, and no target", raw)
	}
	for _, path := range []string{admin.PathReportIncidents, admin.PathReportCredit, admin.PathReportBase} {
		for format, want := range map[string]string{"text": "acme", "csv": "\r\n", "html": "<!doctype html>", "json": `"customer": "acme"`} {
			if got, err := ask(path, format, nil); err != nil || !strings.Contains(string(got), want) {
				t.Errorf("%s as %s: %.80q, %v, want %q", path, format, got, err, want)
			}
		}
	}
	base, err := ask(admin.PathReportBase, "csv", nil)
	if err != nil || !strings.Contains(string(base), "hq,Head office,rt1,router,") || strings.Contains(string(base), "other") {
		t.Errorf("installed base = %s, %v", base, err)
	}
	_, err = ask(admin.PathReportCredit, "json", url.Values{"invoice": {"2026-10=12.345"}})
	refused(t, "an invoice with three decimals", err, "such as 2026-10=1240.00")
	_, err = ask(admin.PathReportCredit, "json", url.Values{"granted": {"soon=1"}})
	refused(t, "a grant of no day", err, "such as 2026-10-03=124.00")
	if _, err = ask(admin.PathReportCredit, "json", url.Values{"invoice": {"2026-10=1240", "2026-11=12.5/3"}, "granted": {"2026-10-03=1.20"}}); err != nil {
		t.Errorf("invoices and grants: %v", err)
	}
	_, err = ask(admin.PathReportIncidents, "xml", nil)
	refused(t, "a form that there is not", err, "allowed are text, json, csv and html")
	_, err = ask(admin.PathReportBase, "json", url.Values{"customer": {"nobody"}})
	refused(t, "a customer that there is not", err, "no customer")
}

// What people did with an incident is what its report says: a reaction that was late,
// and a resolution that runs from the deadline of the reaction on.
func TestReportOfHandling(t *testing.T) {
	c := newCentreOf(t, func(c *centre) {
		promising(c)
		c.terms.Support.Share = contract.ShareRule{All: true}
		c.terms.Support.Credit = contract.CreditRule{PerDay: 10_000_000, Cap: 100_000_000, Base: contract.MonthOverrun, CapBase: contract.MonthOverrun, Days: contract.DaysCommenced, Reaction: true}
	})
	var d admin.IncidentDetail
	reported := ago(3 * time.Hour)
	err := c.client().Post(t.Context(), admin.PathIncidents, admin.NewIncident{Device: "fw1", Customer: "acme", At: reported, Act: incident.Act{
		Role: "reception", Channel: "telephone", Contact: true, Impact: "all", Urgency: "blocking", Reason: "nobody can call out"}}, &d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.act(d.ID, incident.Told, incident.Act{Channel: "telephone", Role: "reception"}); err != nil {
		t.Fatal(err)
	}
	q := url.Values{"customer": {"acme"}, "format": {"json"}, "from": {reported.Add(-time.Hour).Format(time.RFC3339)}, "to": {ago(-time.Hour).Format(time.RFC3339)},
		"invoice": {reported.Add(2*time.Hour).UTC().Format("2006-01") + "=1000.00"}}
	var r report.Incidents
	if err := c.client().Get(t.Context(), admin.PathReportIncidents, q, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.List) != 1 || r.List[0].Priority != "P1" || r.List[0].Reaction.State != report.ClockLate || r.List[0].Resolution.State != report.ClockRunning {
		t.Errorf("incidents = %+v, want a P1 whose reaction was late and whose resolution runs", r.List)
	}
	if p := r.Lines[0]; p.Reaction.Ended != 1 || p.Reaction.InTime != 0 || p.Reaction.OfEnded.String() != "0.000000" || p.Resolution.Open != 1 || p.Resolution.OfEnded.Valid() {
		t.Errorf("P1 = %+v, want no reaction of one in time, and a resolution that is open", p)
	}
	var credit report.Credit
	if err := c.client().Get(t.Context(), admin.PathReportCredit, q, &credit); err != nil {
		t.Fatal(err)
	}
	if credit.Due != 10000 || len(credit.List) != 1 || credit.List[0].Items[0].Clock != contract.ClockReaction {
		t.Errorf("credit = %+v, want 100.00 for the reaction that was late", credit)
	}
}
