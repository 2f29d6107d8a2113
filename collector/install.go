// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/internal/wire"
)

// install makes the ledger of every customer say what is configured: the versions of
// its contract, its sites, devices, leases and services, who measures it, and by
// which keys. Only what differs from the newest record is written.
func (c *Collector) install(ctx context.Context, b *base, keys *keyring) error {
	if err := c.kept(b); err != nil {
		return err
	}
	var versions []draft
	for _, cu := range b.Customers {
		drafts, err := c.newVersions(ctx, b, cu.ID)
		if err != nil {
			return err
		}
		versions = append(versions, drafts...)
	}
	// All is checked: from here on only the disk can refuse.
	for _, d := range versions {
		recs, err := c.recorder.write(ctx, d)
		if err != nil {
			return err
		}
		if err := c.book.take(recs[0]); err != nil {
			return err
		}
	}
	for _, cu := range b.Customers {
		wants := []struct {
			kind evidence.RecordKind
			want map[string]any
		}{
			{evidence.KindInstallation, installation(cu)},
			{evidence.KindLease, leases(cu)},
			{evidence.KindLocation, b.witnesses(cu.ID)},
			{evidence.KindKeyAdded, b.keyBodies(cu.ID, keys)},
		}
		for _, w := range wants {
			if err := c.record(ctx, cu.ID, w.kind, w.want); err != nil {
				return err
			}
		}
	}
	return nil
}

// kept refuses an installed base from which something is gone that evidence rests on:
// what was measured stays in every figure over its time.
func (c *Collector) kept(b *base) error {
	for _, k := range c.book.removed(b) {
		return fmt.Errorf("device %s of customer %s is recorded and no longer in the installed base; put it back, and end its lease instead (lease: until)", k.device, k.customer)
	}
	for _, a := range b.Agents {
		for _, cu := range b.Customers {
			if at, _, ok := c.book.speaker(cu.ID, a.ID); ok && at != a.Location {
				return fmt.Errorf("agent %s is recorded at location %s and now stands at %s; an agent at another place is another witness: give it a new id", a.ID, at, a.Location)
			}
		}
	}
	return nil
}

// record makes the ledger of a customer say what is configured, and enters what is new
// into the book.
func (c *Collector) record(ctx context.Context, cu vouch.CustomerID, kind evidence.RecordKind, want map[string]any) error {
	written, err := c.recorder.sync(ctx, cu, kind, authorCollector, want)
	if err != nil {
		return err
	}
	for _, r := range written {
		if err := c.book.take(r); err != nil {
			return err
		}
	}
	return nil
}

// newVersions returns the versions that are not recorded yet. A version that is
// recorded is what the parties agreed: it can be followed by another, never changed.
func (c *Collector) newVersions(ctx context.Context, b *base, cu vouch.CustomerID) (drafts []draft, err error) {
	k := b.Contracts[cu]
	have, err := c.recorder.records(ctx, cu, evidence.KindContract)
	if err != nil {
		return nil, err
	}
	recorded := map[string][]byte{}
	for _, r := range have {
		recorded[book.SubjectOf(r.Body)] = r.Body
	}
	for _, v := range k.Versions {
		body := book.ContractBody{Subject: fmt.Sprintf("%s/%d", k.ID, v.Number), Contract: k.ID, Version: v}
		was := recorded[body.Subject]
		// The record carries the bytes of its zone. What a later version of this
		// machine's zone files says does not change what was agreed.
		var then book.ContractBody
		if was != nil && json.Unmarshal(was, &then) == nil && then.Version.Terms.Zone.Name() == v.Terms.Zone.Name() {
			body.Version.Terms.Zone = then.Version.Terms.Zone
		}
		raw, err := evidence.MarshalCanonical(body)
		if err != nil {
			return nil, fmt.Errorf("contract %s version %d: %w", k.ID, v.Number, err)
		}
		switch {
		case was == nil:
			if now := contract.Floor(c.now()); len(c.book.contracts(cu)) > 0 && v.InForce < now {
				c.log.Warn("a contract version is recorded after the instant from which it is to be in force: it counts from now on",
					"customer", cu, "contract", k.ID, "version", v.Number, "in_force", v.InForce.Time())
			}
			drafts = append(drafts, draft{customer: cu, kind: evidence.KindContract, effective: v.InForce.Time(), author: authorCollector, body: body})
		case !bytes.Equal(was, raw):
			return nil, fmt.Errorf("contract %s version %d of customer %s is recorded with other terms; a recorded version is never changed: "+
				"put it back as it was, and add version %d with the instant from which it is in force", k.ID, v.Number, cu, v.Number+1)
		}
	}
	return drafts, nil
}

func installation(cu vouch.Customer) map[string]any {
	out := map[string]any{"services": book.ServicesBodyOf(cu)}
	for _, s := range cu.Sites {
		b := book.SiteBody{Subject: "site/" + string(s.ID), Site: s.ID, Devices: []book.DeviceBody{}}
		for _, d := range s.Devices {
			b.Devices = append(b.Devices, book.DeviceBodyOf(d))
		}
		out[b.Subject] = b
	}
	return out
}

func leases(cu vouch.Customer) map[string]any {
	out := map[string]any{}
	for _, s := range cu.Sites {
		for _, d := range s.Devices {
			out[string(d.ID)] = book.LeaseBody{Subject: string(d.ID), Device: d.ID, From: utc(d.LeaseFrom), Until: utc(d.LeaseUntil)}
		}
	}
	return out
}

// restates returns the id of the lease record that a new one corrects. A lease that has
// not ended and now begins at another instant is no other lease: the record of it was
// wrong. An end that moves, or a lease after one that ended, corrects nothing.
func restates(was evidence.Record, now any) string {
	l, ok := now.(book.LeaseBody)
	var old book.LeaseBody
	if !ok || was.ID == "" || json.Unmarshal(was.Body, &old) != nil {
		return ""
	}
	if l.From.Equal(old.From) || !old.Until.IsZero() && !l.From.Before(old.Until) {
		return ""
	}
	return was.ID
}

// utc keeps the zero time zero: it means never.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return milli(t)
}

// witnesses are the locations that may say something of a customer.
func (b *base) witnesses(cu vouch.CustomerID) map[string]any {
	out := map[string]any{}
	for _, l := range b.Locations {
		if l.Customer == "" || l.Customer == cu {
			out[string(l.ID)] = book.LocationBody{Subject: string(l.ID), Location: l.ID, Custody: l.Custody, Via: l.Via}
		}
	}
	return out
}

// keyBodies are the keys that speak for whoever may say something of a customer.
func (b *base) keyBodies(cu vouch.CustomerID, keys *keyring) map[string]any {
	out := map[string]any{}
	for _, a := range b.Agents {
		k, speaks := keys.of(a.ID)
		if l := b.locations[a.Location]; speaks && (l.Customer == "" || l.Customer == cu) {
			out[string(a.ID)] = book.KeyBody{Subject: string(a.ID), Agent: a.ID, Location: a.Location, Key: k.vkey}
		}
	}
	return out
}

// assign works out what every agent does now, records it, and hands it out. It
// returns when that changes by itself.
func (c *Collector) assign(ctx context.Context) (next time.Time, err error) {
	c.planning.Lock()
	defer c.planning.Unlock()
	b, now := c.base.Load(), milli(c.now())
	plans, next := b.Plan(now)
	want := map[vouch.CustomerID]map[string]any{}
	docs := map[vouch.AgentID]issued{}
	for _, p := range plans {
		b.assignmentBodies(p, want)
		if docs[p.Agent], err = c.issue(p, now); err != nil {
			return next, err
		}
		var devices []deviceKey
		for _, d := range p.Devices {
			devices = append(devices, deviceKey{d.Customer, d.ID})
		}
		c.judge.assign(p.Agent, devices)
	}
	for _, cu := range b.Customers {
		if err := c.recordAssignments(ctx, cu.ID, want[cu.ID]); err != nil {
			return next, err
		}
	}
	c.vault.keep(func(id vouch.AgentID) bool { _, ok := b.agents[id]; return ok })
	c.assigned.Store(&docs)
	c.news.tell()
	return next, nil
}

// issue makes the document of a plan. It is in force from now, unless the agent has the
// same already: then nothing changes for it.
func (c *Collector) issue(p wire.Assignment, now time.Time) (issued, error) {
	p.From, p.Secrets = time.Time{}, nil
	plain, _, err := wire.EncodeAssignment(p)
	if err != nil {
		return issued{}, err
	}
	p.From = now
	if was, ok := c.issued(p.Agent); ok && bytes.Equal(was.plain, plain) {
		p.From = was.plan.From
	}
	if p.Secrets, err = c.vault.seal(p.Agent, credentials(p)); err != nil {
		return issued{}, err
	}
	body, etag, err := wire.EncodeAssignment(p)
	return issued{body, etag, plain, p}, err
}

// reissue makes the documents of some agents anew, or of all: their secrets changed, what
// they measure did not. c.assigned is a map that is never written in.
func (c *Collector) reissue(agents ...vouch.AgentID) error {
	c.planning.Lock()
	defer c.planning.Unlock()
	var docs map[vouch.AgentID]issued
	if was := c.assigned.Load(); was != nil {
		docs = maps.Clone(*was)
	}
	if len(agents) == 0 {
		agents = slices.Collect(maps.Keys(docs))
	}
	for _, id := range agents {
		doc, ok := docs[id]
		if !ok {
			continue
		}
		doc, err := c.issue(doc.plan, doc.plan.From)
		if err != nil {
			return err
		}
		docs[id] = doc
	}
	c.assigned.Store(&docs)
	c.news.tell()
	return nil
}

func (c *Collector) issued(a vouch.AgentID) (issued, bool) {
	docs := c.assigned.Load()
	if docs == nil {
		return issued{}, false
	}
	doc, ok := (*docs)[a]
	return doc, ok
}

// recordAssignments writes what changed, and an empty list for what an agent measures
// no longer.
func (c *Collector) recordAssignments(ctx context.Context, cu vouch.CustomerID, want map[string]any) error {
	if want == nil {
		want = map[string]any{}
	}
	asked := contract.TermsAt(c.book.contracts(cu), contract.Floor(c.now())).Admission
	for _, body := range want {
		body.(*book.AssignmentBody).Admission = asked
	}
	have, err := c.recorder.records(ctx, cu, evidence.KindAssignment)
	if err != nil {
		return err
	}
	for _, r := range have {
		var b book.AssignmentBody
		if err := json.Unmarshal(r.Body, &b); err != nil {
			return fmt.Errorf("read record %s of %s: %w", r.ID, cu, err)
		}
		if _, ok := want[b.Subject]; !ok {
			want[b.Subject] = book.AssignmentBody{Subject: b.Subject, Agent: b.Agent, Site: b.Site, Checks: []book.CheckBody{}, References: []book.ReferenceBody{}}
		}
	}
	return c.record(ctx, cu, evidence.KindAssignment, want)
}

// assignmentBodies cuts what an agent does into what each customer's ledger says.
func (b *base) assignmentBodies(p wire.Assignment, out map[vouch.CustomerID]map[string]any) {
	for _, d := range p.Devices {
		at, ok := b.devices[deviceKey{d.Customer, d.ID}]
		if !ok {
			continue
		}
		subject := string(p.Agent) + "/" + string(at.site)
		if out[d.Customer] == nil {
			out[d.Customer] = map[string]any{}
		}
		body, _ := out[d.Customer][subject].(*book.AssignmentBody)
		if body == nil {
			body = &book.AssignmentBody{Subject: subject, Agent: p.Agent, Site: at.site, References: referenceBodies(p.References, d.Customer)}
			out[d.Customer][subject] = body
		}
		for _, k := range d.Checks {
			body.Checks = append(body.Checks, book.CheckBodyOf(d.ID, k))
		}
	}
}

// assignAgain is when assignments are worked out again that could not be recorded.
const assignAgain = 10 * time.Second

// replan hands out new assignments whenever the calendar changes what is measured.
func (c *Collector) replan(ctx context.Context) error {
	failed := false
	for {
		_, next := c.base.Load().Plan(c.now())
		wait := time.Hour
		if !next.IsZero() {
			wait = min(wait, max(next.Sub(c.now()), 0)+time.Second)
		}
		if failed {
			wait = assignAgain
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-c.replanned:
			timer.Stop()
		}
		_, err := c.assign(ctx)
		if err != nil && ctx.Err() == nil && !failed {
			c.log.Error("could not hand out assignments; trying again", "err", err)
		}
		failed = err != nil
	}
}

// referenceBodies returns the references that concern a customer.
func referenceBodies(rs []wire.Reference, cu vouch.CustomerID) []book.ReferenceBody {
	out := []book.ReferenceBody{}
	for _, r := range rs {
		if slices.Contains(r.Customers, cu) {
			out = append(out, book.ReferenceBody{Reference: r.Name, Gateway: r.Gateway, Kind: r.Kind, Addr: r.Addr, Port: r.Port})
		}
	}
	return out
}
