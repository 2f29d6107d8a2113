// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

// someRules are rules of which each asks for something else.
func someRules(c *centre) {
	days := contract.TimeLimit{N: 5, Unit: contract.Days}
	c.terms.Exclusions = []contract.ExclusionRule{
		{Kind: contract.Maintenance, Announced: contract.NoticeBefore},
		{Kind: contract.ForceMajeure, Evidence: true, Accepted: contract.AcceptedProvider, FourEyes: true},
		{Kind: contract.CustomerAct, Accepted: contract.AcceptedProvider},
		{Kind: contract.ThirdParty, Accepted: contract.AcceptedDeemed, Deemed: days},
		{Kind: contract.Cybercrime, Within: contract.TimeLimit{N: 1, Unit: contract.Minutes}},
		{Kind: contract.Suspension, Accepted: contract.AcceptedCustomer},
	}
}

// claim claims seconds of a test's minute for acme's rt1.
func (c *centre) claim(kind contract.ExclusionKind, begin time.Time, from, to int, change func(*admin.NewClaim)) (admin.Claim, error) {
	c.t.Helper()
	in := admin.NewClaim{
		Customer: "acme", Device: "rt1", Kind: kind, Reason: "for a reason",
		From: begin.Add(time.Duration(from) * time.Second), To: begin.Add(time.Duration(to) * time.Second),
	}
	if change != nil {
		change(&in)
	}
	var out admin.Claim
	err := c.client().Post(c.t.Context(), admin.PathExclusions, in, &out)
	return out, err
}

func (c *centre) mustClaim(kind contract.ExclusionKind, begin time.Time, from, to int, change func(*admin.NewClaim)) admin.Claim {
	c.t.Helper()
	out, err := c.claim(kind, begin, from, to, change)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func (c *centre) rule(path, id string) (admin.Claim, error) {
	c.t.Helper()
	var out admin.Claim
	err := c.client().Post(c.t.Context(), path, admin.Ruling{ID: id}, &out)
	return out, err
}

// refused insists that a command was refused in these words.
func refused(t *testing.T, what string, err error, want string) {
	t.Helper()
	var r *admin.Refused
	if !errors.As(err, &r) || r.Status >= 500 || !strings.Contains(r.Message, want) {
		t.Errorf("%s: %v, want a refusal with %q", what, err, want)
	}
}

// A claim that fulfils what the contract asks takes its time out; every other one is on
// the statement with the reason, and the list says the same.
func TestClaims(t *testing.T) {
	c := newCentreOf(t, someRules)
	from := ago(3 * time.Minute)
	c.play(from, 90, "acme", both) // down from second 10 to 40
	c.wait("the incident is closed", func() bool {
		l := c.incidents("acme")
		return len(l) == 1 && l[0].Status == incident.Closed
	})
	proof := func(in *admin.NewClaim) { in.Evidence = []string{"report sha256:00"} }

	act := c.mustClaim(contract.CustomerAct, from, 10, 20, nil)
	if act.ID != fmt.Sprintf("X-%d-0001", time.Now().UTC().Year()) || act.Record != "exclusion-claimed-1" || len(act.Warnings) != 1 || !strings.Contains(act.Warnings[0], "approve "+act.ID) {
		t.Errorf("claim = %+v, want number 1 with a word on its approval", act)
	}
	// Where the contract does not ask for a second person, an own approval is allowed.
	own, err := c.rule(admin.PathApprove, act.ID)
	if err != nil || own.ApprovedBy == "" || own.ApprovedBy != own.Author || len(own.Warnings) != 0 || len(own.Effects) != 1 || len(own.Effects[0].Counts) != 1 {
		t.Errorf("an own approval = %+v, %v, want both names and an effect", own, err)
	}
	major := c.mustClaim(contract.ForceMajeure, from, 20, 25, proof)
	if len(major.Warnings) != 1 || !strings.Contains(major.Warnings[0], "somebody other than "+major.Author) {
		t.Errorf("warnings under four eyes = %q", major.Warnings)
	}
	_, err = c.rule(admin.PathApprove, major.ID)
	refused(t, "an own approval under four eyes", err, "asks for a second person")
	bare := c.mustClaim(contract.ForceMajeure, from, 25, 26, nil)
	if len(bare.Warnings) != 2 || !strings.Contains(bare.Warnings[0], "needs evidence") {
		t.Errorf("warnings without evidence = %q, want two", bare.Warnings)
	}
	told := c.mustClaim(contract.ThirdParty, from, 26, 27, func(in *admin.NewClaim) { in.Told = from })
	if len(told.Warnings) != 1 || !strings.Contains(told.Warnings[0], "can object until") {
		t.Errorf("warnings of one told = %q", told.Warnings)
	}
	untold := c.mustClaim(contract.ThirdParty, from, 27, 28, nil)
	late := c.mustClaim(contract.Cybercrime, from, 28, 29, nil)
	customers := c.mustClaim(contract.Suspension, from, 29, 30, nil)
	foreign := c.mustClaim(contract.OutsideControl, from, 30, 31, nil)
	turned := c.mustClaim(contract.CustomerAct, from, 31, 32, nil)
	var down admin.Claim
	if err := c.client().Post(t.Context(), admin.PathReject, admin.Ruling{Customer: "acme", ID: turned.ID, Reason: "no such thing"}, &down); err != nil || down.RejectedBy == "" || down.RulingReason != "no such thing" {
		t.Errorf("rejected = %+v, %v", down, err)
	}
	wrongly := c.mustClaim(contract.CustomerAct, from, 0, 80, nil)
	if _, err := c.rule(admin.PathApprove, wrongly.ID); err != nil {
		t.Fatal(err)
	}
	right := c.mustClaim(contract.CustomerAct, from, 32, 33, func(in *admin.NewClaim) { in.Corrects = wrongly.Record })
	if right.Corrects != wrongly.ID {
		t.Errorf("the correction = %+v, want it to name %s", right, wrongly.ID)
	}

	f, raw := c.statement("acme", from, from.Add(80*time.Second))
	if want := (figures{Agreed: 80, Excluded: 10, Up: 50, Down: 20}); f != want {
		t.Errorf("statement = %+v, want %+v\n%s", f, want, raw)
	}
	got := statedOf(t, raw)
	for id, why := range map[string]contract.Why{
		act.ID: "", major.ID: contract.WhyNotAccepted, bare.ID: contract.WhyNotAccepted, told.ID: contract.WhyPending, untold.ID: contract.WhyNotTold,
		late.ID: contract.WhyClaimedLate, customers.ID: contract.WhyNotCustomer, foreign.ID: contract.WhyNotAgreed,
		turned.ID: contract.WhyRejected, wrongly.ID: contract.WhyCorrected, right.ID: contract.WhyNotAccepted,
	} {
		x, ok := got[id]
		if !ok || x.Counted != (why == "") || x.Why != string(why) {
			t.Errorf("statement lists %s as %+v, want the reason %q", id, x, why)
		}
	}
	if n := got[act.ID].Notes; !slices.Contains(n, string(contract.NoteRetroactive)) {
		t.Errorf("notes of a claim of the past = %q, want %q", n, contract.NoteRetroactive)
	}
	var list []admin.Claim
	if err := c.client().Get(t.Context(), admin.PathExclusions, nil, &list); err != nil || len(list) != len(got) {
		t.Fatalf("the list has %d claims, %v, want those %d of the statement", len(list), err, len(got))
	}
	for _, x := range list {
		if e := x.Effects; len(e) != 1 || string(e[0].Why) != got[x.ID].Why || (len(e[0].Counts) > 0) != got[x.ID].Counted {
			t.Errorf("the list says of %s: %+v, the statement %+v", x.ID, e, got[x.ID])
		}
	}
	if e := list[0].Effects[0]; !slices.Contains(e.Notes, contract.NoteRetroactive) {
		t.Errorf("the list's notes of %s = %q", list[0].ID, e.Notes)
	}
	// What was counted toward the incident no longer is. Whoever looked while all of it was
	// excluded found that it never was, and opened another after the correction.
	c.wait("the incident begins where the excluded time ends", func() bool {
		l := slices.DeleteFunc(c.incidents("acme"), func(i admin.Incident) bool { return i.Status == incident.Withdrawn })
		return len(l) == 1 && l[0].From.Equal(from.Add(20*time.Second)) && l[0].Counted == 20
	})
	c.halt()
	c.start()
	if again, _ := c.statement("acme", from, from.Add(80*time.Second)); again != f {
		t.Errorf("statement after a restart = %+v, want %+v", again, f)
	}
}

// A claim about time that nobody looks at any more changes the incident of that time.
func TestClaimOfThePast(t *testing.T) {
	c := newCentreOf(t, someRules)
	old := ago(50 * time.Minute) // longer ago than the judge looks back
	c.play(old, 90, "acme", both)
	c.wait("the late incident is found", func() bool {
		l := c.incidents("acme")
		return len(l) == 1 && l[0].Status == incident.Closed
	})
	x := c.mustClaim(contract.CustomerAct, old, 10, 20, nil)
	c.behind.Store(-int64(time.Minute)) // it does not go back to the past twice in a few seconds
	if _, err := c.rule(admin.PathApprove, x.ID); err != nil {
		t.Fatal(err)
	}
	c.wait("the incident begins where the excluded time ends", func() bool {
		l := c.incidents("acme")
		return len(l) == 1 && l[0].Counted == 20
	})
	// The whole of it: there was no incident.
	y := c.mustClaim(contract.CustomerAct, old, 0, 80, nil)
	c.behind.Store(-int64(2 * time.Minute))
	if _, err := c.rule(admin.PathApprove, y.ID); err != nil {
		t.Fatal(err)
	}
	c.wait("the incident is withdrawn", func() bool {
		l := c.incidents("acme")
		return len(l) == 1 && l[0].Status == incident.Withdrawn
	})
}

// A statement that was issued gets its next version once a claim about its time counts.
func TestClaimAfterIssue(t *testing.T) {
	c := newCentreOf(t, someRules)
	from := ago(3 * time.Minute)
	c.play(from, 90, "acme", both)
	c.wait("the figures are there", func() bool {
		f, _ := c.statement("acme", from, from.Add(80*time.Second))
		return f == figures{Agreed: 80, Up: 50, Down: 30}
	})
	first, err := c.issue("acme", from, from.Add(80*time.Second), "")
	if err != nil {
		t.Fatal(err)
	}
	if a := c.acceptable("acme")["statement-issued-1"]; a.About != fmt.Sprintf("%s version 1", first.Number) {
		t.Errorf("a statement that can be accepted is about %q", a.About)
	}
	x := c.mustClaim(contract.CustomerAct, from, 10, 20, nil)
	if _, err := c.rule(admin.PathApprove, x.ID); err != nil {
		t.Fatal(err)
	}
	c.wait("the next version is issued", func() bool { return c.issues("acme") == first.Version+1 })
	// Whoever verifies comes to the same from the records alone.
	y := c.mustClaim(contract.Suspension, from, 20, 25, nil)
	if _, err := c.accept(admin.NewAcceptance{Record: y.Record, By: "acme-7"}); err != nil {
		t.Fatal(err)
	}
	c.wait("a third version is issued", func() bool { return c.issues("acme") == first.Version+2 })
	if r := verify(t, c.bundle("acme", from, from.Add(80*time.Second), nil), bundle.Options{}); r.Version != first.Version+2 {
		t.Errorf("version %d, want %d", r.Version, first.Version+2)
	}
}

// A second person is another account.
func TestSecondPerson(t *testing.T) {
	c := newCentreOf(t, someRules)
	from := ago(3 * time.Minute)
	c.play(from, 90, "acme", both)
	x := c.mustClaim(contract.ForceMajeure, from, 10, 25, func(in *admin.NewClaim) { in.Evidence = []string{"report"} })
	var approved admin.Claim
	c.as(4242, admin.PathApprove, admin.Ruling{ID: x.ID}, &approved)
	if approved.ApprovedBy != "uid:4242" || approved.Author == approved.ApprovedBy || len(approved.Warnings) != 0 {
		t.Errorf("approved = %+v, want it approved by uid:4242", approved)
	}
	c.wait("the figures are there", func() bool {
		f, _ := c.statement("acme", from, from.Add(80*time.Second))
		return f == figures{Agreed: 80, Excluded: 15, Up: 50, Down: 15}
	})
	_, err := c.rule(admin.PathApprove, x.ID)
	refused(t, "an own approval after that", err, "asks for a second person")
}

// What cannot stand in a claim is refused with a word on what can.
func TestClaimRefusals(t *testing.T) {
	c := newCentreOf(t, someRules)
	from := ago(time.Minute)
	many := make([]string, 21)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	for _, tt := range []struct {
		name   string
		change func(*admin.NewClaim)
		want   string
	}{
		{"no such kind", func(in *admin.NewClaim) { in.Kind = "act-of-god" }, "allowed are maintenance, intervention"},
		{"no reason", func(in *admin.NewClaim) { in.Reason = "" }, "--reason"},
		{"a reason of two lines", func(in *admin.NewClaim) { in.Reason = "a\nb" }, "plain text"},
		{"backwards", func(in *admin.NewClaim) { in.To = in.From }, "not after its beginning"},
		{"before all time", func(in *admin.NewClaim) { in.From = time.Date(1816, 6, 1, 0, 0, 0, 0, time.UTC) }, "1970 to 2261"},
		{"told tomorrow", func(in *admin.NewClaim) { in.Told = time.Now().Add(24 * time.Hour) }, "lies in the future"},
		{"announced tomorrow", func(in *admin.NewClaim) { in.Announced = time.Now().Add(24 * time.Hour) }, "lies in the future"},
		{"no such device", func(in *admin.NewClaim) { in.Device = "rt9" }, "has no device there"},
		{"no such customer", func(in *admin.NewClaim) { in.Customer = "nobody" }, "no customer"},
		{"a device of two customers", func(in *admin.NewClaim) { in.Customer = "" }, "add --customer"},
		{"site and device", func(in *admin.NewClaim) { in.Site = "hq" }, "not both"},
		{"nobody's", func(in *admin.NewClaim) { in.Customer, in.Device = "", "" }, "--customer ID"},
		{"empty evidence", func(in *admin.NewClaim) { in.Evidence = []string{""} }, "1 to 300 bytes"},
		{"long evidence", func(in *admin.NewClaim) { in.Evidence = []string{strings.Repeat("x", 301)} }, "1 to 300 bytes"},
		{"much evidence", func(in *admin.NewClaim) { in.Evidence = many }, "at most 20"},
		{"a correction of nothing", func(in *admin.NewClaim) { in.Corrects = "X-1" }, "see `vouch exclusion list`"},
	} {
		_, err := c.claim(contract.CustomerAct, from, 0, 10, tt.change)
		refused(t, tt.name, err, tt.want)
	}
	x := c.mustClaim(contract.CustomerAct, from, 0, 10, nil)
	y := c.mustClaim(contract.CustomerAct, from, 0, 5, func(in *admin.NewClaim) { in.Corrects = x.ID })
	_, err := c.claim(contract.CustomerAct, from, 0, 10, func(in *admin.NewClaim) { in.Corrects = x.ID })
	refused(t, "a second correction", err, "was corrected by "+y.ID)
	_, err = c.rule(admin.PathApprove, x.ID)
	refused(t, "approving what was corrected", err, "was corrected by "+y.ID)
	_, err = c.rule(admin.PathApprove, "X-1")
	refused(t, "approving nothing", err, "there is no claim X-1")
	for _, path := range []string{admin.PathApprove, admin.PathReject} {
		if _, err := c.rule(path, y.Record); err != nil {
			t.Errorf("%s by the record: %v", path, err)
		}
		_, err := c.rule(path, y.ID)
		refused(t, path+" twice", err, "already")
	}
	if _, err := c.claim(contract.CustomerAct, from, 0, 10, func(in *admin.NewClaim) { in.Customer = "other" }); err != nil {
		t.Fatal(err)
	}
	_, err = c.rule(admin.PathApprove, x.ID)
	refused(t, "a number that two customers have", err, "add --customer")
}

// A claim over several devices says of each what becomes of it.
func TestClaimOverSeveralDevices(t *testing.T) {
	c := newCentreOf(t, func(c *centre) {
		someRules(c)
		c.edit = leaseOf("fw1", ago(30*time.Second), time.Time{})
	})
	from := ago(time.Minute)
	x := c.mustClaim(contract.CustomerAct, from, 0, 40, func(in *admin.NewClaim) { in.Device = "" })
	y, err := c.rule(admin.PathApprove, x.ID)
	if err != nil || len(y.Effects) != 2 {
		t.Fatalf("effects = %+v, %v, want two", y.Effects, err)
	}
	rt, fw := y.Effects[0], y.Effects[1]
	if fmt.Sprint(rt.Devices, fw.Devices) != "[rt1] [fw1]" || len(rt.Refused) != 0 || len(fw.Counts) != 1 || len(fw.Refused) != 1 || fw.Why != contract.WhyOutsideLease {
		t.Errorf("effects = %+v, want all of rt1 and of fw1 what lies in its lease", y.Effects)
	}
	if len(y.Warnings) != 1 || !strings.HasPrefix(y.Warnings[0], "not all of it counts") {
		t.Errorf("warnings = %q", y.Warnings)
	}
}

// A maintenance is corrected by another, which is an announcement of its own.
func TestCorrectedMaintenance(t *testing.T) {
	c := newCentre(t)
	add := func(corrects string) (m admin.Maintenance, err error) {
		err = c.client().Post(t.Context(), admin.PathMaintenance, admin.NewMaintenance{
			Customer: "acme", Device: "rt1", From: time.Now().Add(time.Hour), To: time.Now().Add(2 * time.Hour), Reason: "firmware", Corrects: corrects,
		}, &m)
		return m, err
	}
	first, err := add("")
	if err != nil {
		t.Fatal(err)
	}
	second, err := add(first.Record)
	if err != nil || second.Corrects != first.ID || len(second.Warnings) != 0 {
		t.Fatalf("the correction = %+v, %v", second, err)
	}
	_, err = add(first.ID)
	refused(t, "a second correction", err, "was corrected by "+second.ID)
	_, err = add("M-9")
	refused(t, "a correction of nothing", err, "vouch maintenance list")
	var list []admin.Maintenance
	if err := c.client().Get(t.Context(), admin.PathMaintenance, nil, &list); err != nil || len(list) != 2 {
		t.Fatalf("maintenance = %+v, %v, want both", list, err)
	}
	if list[0].CorrectedBy != second.ID || list[0].CancelledAt.IsZero() || !list[1].CancelledAt.IsZero() {
		t.Errorf("maintenance = %+v, want the first corrected by the second", list)
	}
}
