// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/notify"
)

// A mute silences the messages of the channel that it names, which are listed as such;
// the other channel, the incident and the figures do not know of it.
func TestMute(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(hook.Close)
	c := newCentre(t, notify.Channel{Name: "noc", URL: hook.URL, Secret: "webhook-key", AllowPrivate: true},
		notify.Channel{Name: "spare", URL: hook.URL, Secret: "webhook-key", AllowPrivate: true})
	add := func(m admin.NewMute) (out admin.Mute, err error) {
		err = c.client().Post(t.Context(), admin.PathMutes, m, &out)
		return out, err
	}
	hour := time.Now().Add(time.Hour)
	for want, m := range map[string]admin.NewMute{
		"allowed are 30 days":     {Customer: "acme", Until: time.Now().Add(31 * 24 * time.Hour), Reason: "works"},
		"not after now":           {Customer: "acme", Until: time.Now().Add(-time.Second), Reason: "works"},
		"why nobody need be told": {Customer: "acme", Until: hour},
		`no channel "none"`:       {Customer: "acme", Channel: "none", Until: hour, Reason: "works"},
		"there is no customer":    {Customer: "nobody", Until: hour, Reason: "works"},
	} {
		if _, err := add(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("mute %+v = %v, want %q", m, err, want)
		}
	}
	m, err := add(admin.NewMute{Customer: "acme", Channel: "noc", Until: hour, Reason: "works next door"})
	if err != nil || !m.Stands || !strings.HasPrefix(m.ID, "M-") || m.Author == "" {
		t.Fatalf("mute = %+v, %v, want one that stands", m, err)
	}
	if ms := c.status().Mutes; len(ms) != 1 || ms[0].ID != m.ID {
		t.Errorf("status says of mutes %+v, want the one", ms)
	}
	if resp, err := http.Get(c.at.Web); err != nil {
		t.Error(err)
	} else {
		page, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !strings.Contains(string(page), "works next door") || !strings.Contains(string(page), "until <time") {
			t.Errorf("the fleet page does not list the mute (%v)", err)
		}
	}
	c.play(ago(3*time.Minute), 90, "acme", both)
	list := func(channel string) (states map[string]string) {
		t.Helper()
		var ds []admin.Delivery
		if err := c.client().Get(t.Context(), admin.PathDeliveries, url.Values{"channel": {channel}}, &ds); err != nil {
			t.Fatal(err)
		}
		states = map[string]string{}
		for _, d := range ds {
			states[d.Transition] = d.State
			if channel == "noc" && !strings.Contains(d.Answer, m.ID) {
				t.Errorf("delivery %+v, want the mute that silenced it", d)
			}
		}
		return states
	}
	c.wait("the other channel is told", func() bool { return list("spare")["closed"] == "delivered" && list("spare")["opened"] == "delivered" })
	if got := list("noc"); got["opened"] != "silenced" || got["closed"] != "silenced" {
		t.Errorf("messages of the muted channel %v, want both silenced", got)
	}
	if chs := c.status().Channels; chs[0].Last != nil || chs[1].Last == nil {
		t.Errorf("channels = %+v, want that silence proves nothing", chs)
	}
	if n := len(c.incidents("acme")); n != 1 {
		t.Errorf("%d incidents, want the one", n)
	}
	end := func() (out admin.Mute, err error) {
		err = c.client().Delete(t.Context(), admin.PathMutes, url.Values{"id": {m.ID}, "customer": {"acme"}, "reason": {"done"}}, &out)
		return out, err
	}
	if out, err := end(); err != nil || out.Stands || out.EndedFor != "done" {
		t.Errorf("end = %+v, %v, want it over", out, err)
	}
	if _, err := end(); err == nil || !strings.Contains(err.Error(), "is over since") {
		t.Errorf("second end = %v, want that it is over", err)
	}
	c.halt()
	c.start()
	var all []admin.Mute
	if err := c.client().Get(t.Context(), admin.PathMutes, url.Values{"all": {"true"}}, &all); err != nil || len(all) != 1 || all[0].Stands || len(c.status().Mutes) != 0 {
		t.Errorf("mutes after a restart = %+v, %v, want one that is over", all, err)
	}
}
