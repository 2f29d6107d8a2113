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

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/notify"
)

// A test goes over the channel that is named, through the queue, and says what the
// receiver answered; status then says that the channel delivers.
func TestNotifyTest(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			http.Error(w, "no such hook", http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, "thank you")
	}))
	t.Cleanup(hook.Close)
	c := newCentre(t, notify.Channel{Name: "good", URL: hook.URL, Secret: "webhook-key", AllowPrivate: true},
		notify.Channel{Name: "bad", URL: hook.URL + "/bad", Secret: "webhook-key", AllowPrivate: true},
		notify.Channel{Name: "quiet", URL: hook.URL, Secret: "webhook-key", AllowPrivate: true, Routes: []notify.Route{{Customers: []vouch.CustomerID{"nobody"}}}})
	test := func(channel string) (d admin.Delivery, err error) {
		err = c.client().Post(t.Context(), admin.PathTest, admin.NewTest{Channel: channel}, &d)
		return d, err
	}
	d, err := test("good")
	if err != nil || d.State != "delivered" || d.Answer != "200 OK: thank you" || d.Attempts != 1 {
		t.Errorf("test of good = %+v, %v, want delivered with the answer", d, err)
	}
	d, err = test("bad")
	if err != nil || d.State != "given up" || !strings.Contains(d.Error, "404 Not Found: no such hook") || d.Attempts != 1 {
		t.Errorf("test of bad = %+v, %v, want given up at the first refusal", d, err)
	}
	if _, err := test("none"); err == nil || !strings.Contains(err.Error(), `no channel "none"`) {
		t.Errorf("test of none = %v, want that there is none", err)
	}
	var ds []admin.Delivery
	if err := c.client().Get(t.Context(), admin.PathDeliveries, url.Values{"channel": {"bad"}}, &ds); err != nil || len(ds) != 1 || ds[0].Transition != "test" {
		t.Errorf("deliveries of bad = %+v, %v, want the one", ds, err)
	}
	if err := c.client().Get(t.Context(), admin.PathDeliveries, url.Values{"n": {"1001"}}, &ds); err == nil {
		t.Error("1001 deliveries = nil, want a bound")
	}
	chs := c.status().Channels
	if len(chs) != 3 || chs[0].Last == nil || chs[1].Last != nil || chs[1].Failed != 1 || chs[2].Last != nil {
		t.Errorf("channels = %+v, want the first proven and the others not", chs)
	}
}
