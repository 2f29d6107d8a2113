// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
)

// The installed base says who is there, while the collector runs: an agent changes over to
// enrolment and keeps its key, another comes, goes and comes back, and a base that
// contradicts what enrolled is refused.
func TestEnrolmentAndReload(t *testing.T) {
	c, f := newReloadCentre(t)
	reload := func(edit func(*collector.Base)) error {
		f.set(func(o *collector.Options) error {
			o.Base.Agents = slices.Clone(o.Base.Agents)
			edit(&o.Base)
			return nil
		})
		return c.client().Post(t.Context(), admin.PathReload, struct{}{}, nil)
	}
	must := func(edit func(*collector.Base)) {
		t.Helper()
		if err := reload(edit); err != nil {
			t.Fatal(err)
		}
	}
	from := begin()
	was := c.agents["AMS-1"]
	was.store(t, c, "acme", from, from.Add(time.Second), was.sample("acme", "rt1", from, vouch.Up))

	// Its key is taken out of the base: it is out at once, until it enrols with that key.
	open := func(b *collector.Base) { b.Agents[0].Key = "" }
	must(open)
	ams := newRecruit(t, "AMS-1", "AMS")
	signer, vkey, chains, epoch := was.signer, was.vkey, was.chains, was.epoch
	ams.signer, ams.vkey, ams.chains, ams.epoch = signer, vkey, chains, epoch
	ams.client = was.client
	ams.want(t, c, http.StatusForbidden, "not known here")
	ams.client = ams.own
	ams.enrolled(t, c, c.join(t, admin.NewJoin{Agent: "AMS-1"}))
	if b := ams.store(t, c, "acme", from.Add(time.Second), from.Add(2*time.Second), ams.sample("acme", "rt1", from.Add(time.Second), vouch.Up)); b.Seq != 2 {
		t.Errorf("its next batch has number %d, want 2: the chain goes on", b.Seq)
	}
	must(open) // nothing has changed
	ams.want(t, c, http.StatusOK, "acme")

	// Another key in the base than the one that enrolled: both cannot be.
	if err := reload(func(b *collector.Base) { b.Agents[0].Key = newPlayer(t, "AMS-1", "AMS").vkey }); err == nil || !strings.Contains(err.Error(), "take the key out") {
		t.Errorf("reload with another key = %v, want it refused", err)
	}
	ams.want(t, c, http.StatusOK, "acme")

	// A new agent, and one that goes and comes back.
	more := func(b *collector.Base) {
		open(b)
		b.Agents = append(b.Agents, vouch.Agent{ID: "AMS-2", Location: "AMS"})
	}
	must(more)
	second := newRecruit(t, "AMS-2", "AMS")
	second.enrolled(t, c, c.join(t, admin.NewJoin{Agent: "AMS-2"}))
	cut := second.waiting(t, c)
	must(open)
	within(t, "the connection of an agent that is installed no longer is cut", cut)
	second.client.CloseIdleConnections()
	second.want(t, c, http.StatusForbidden, "taken out of the installed base")
	must(more)
	second.want(t, c, http.StatusOK, "heads")
	// Revoked, it stays out whatever is read again.
	c.revoke(t, "AMS-2")
	must(more)
	second.client.CloseIdleConnections()
	second.want(t, c, http.StatusForbidden, "revoked or replaced")
}
