// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/notify"
)

// play stores a minute and a half of one check a second by each agent: silent where
// down says so, from both ends of the given spans, in seconds from its beginning.
func (c *centre) play(from time.Time, length int, cu vouch.CustomerID, down map[vouch.AgentID][][2]int) {
	c.t.Helper()
	for _, id := range []vouch.AgentID{"AMS-1", "BRU-1"} {
		p := c.agents[id]
		var samples []vouch.Sample
		for s := range length {
			o := vouch.Up
			for _, d := range down[id] {
				if d[0] <= s && s < d[1] {
					o = vouch.Down
				}
			}
			samples = append(samples, p.sample(cu, "rt1", from.Add(time.Duration(s)*time.Second), o))
		}
		p.store(c.t, c, cu, from, from.Add(time.Duration(length)*time.Second), samples...)
	}
}

func (c *centre) incidents(cu vouch.CustomerID) []admin.Incident {
	c.t.Helper()
	var out []admin.Incident
	if err := c.client().Get(c.t.Context(), admin.PathIncidents, url.Values{"customer": {string(cu)}}, &out); err != nil {
		c.t.Fatal(err)
	}
	return out
}

// figures are the totals of a statement that tests compare.
type figures struct {
	Agreed   int64 `json:"agreed_s"`
	Excluded int64 `json:"excluded_s"`
	Up       int64 `json:"up_s"`
	Down     int64 `json:"down_s"`
	Unknown  int64 `json:"unknown_s"`
	Degraded int64 `json:"degraded_s"`
}

func (c *centre) statement(cu vouch.CustomerID, from, to time.Time) (figures, []byte) {
	c.t.Helper()
	q := url.Values{"customer": {string(cu)}, "format": {"json"}, "from": {from.Format(time.RFC3339)}, "to": {to.Format(time.RFC3339)}}
	raw, err := c.client().Bytes(c.t.Context(), admin.PathStatement, q)
	if err != nil {
		c.t.Fatal(err)
	}
	var f figures
	// Of the device that is played, not of the one that nobody measures.
	var s struct {
		Devices []struct {
			ID vouch.DeviceID `json:"id"`
			figures
		} `json:"devices"`
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		c.t.Fatalf("statement: %v\n%s", err, raw)
	}
	for _, d := range s.Devices {
		if d.ID == "rt1" {
			f = d.figures
		}
	}
	return f, raw
}

// ago is a whole second before now, in the past minute of the hour that is played.
func ago(d time.Duration) time.Time { return time.Now().UTC().Truncate(time.Second).Add(-d) }

var both = map[vouch.AgentID][][2]int{"AMS-1": {{10, 40}}, "BRU-1": {{10, 40}}}

// An outage seen by both witnesses opens one incident, whose seconds are those of the
// statement; a restart and a rebuild change nothing of either.
func TestIncidentAndStatement(t *testing.T) {
	c := newCentre(t)
	from := ago(3 * time.Minute)
	c.play(from, 90, "acme", both)
	c.wait("the incident is closed", func() bool {
		l := c.incidents("acme")
		return len(l) == 1 && l[0].Status == incident.Closed
	})
	check := func(when string) {
		t.Helper()
		i := c.incidents("acme")
		if len(i) != 1 || !i[0].From.Equal(from.Add(10*time.Second)) || !i[0].To.Equal(from.Add(40*time.Second)) || i[0].Counted != 30 {
			t.Errorf("%s: incidents = %+v, want one of seconds 10 to 40", when, i)
		}
		f, raw := c.statement("acme", from, from.Add(80*time.Second))
		if want := (figures{Agreed: 80, Up: 50, Down: 30}); f != want {
			t.Errorf("%s: statement = %+v, want %+v\n%s", when, f, want, raw)
		}
	}
	check("at first")
	if n := len(c.incidents("other")); n != 0 {
		t.Errorf("incidents of another customer = %d, want none", n)
	}
	if err := c.client().Post(t.Context(), admin.PathRebuild, struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	check("after a rebuild")
	leaves := c.leaves("acme")
	c.halt()
	c.start()
	check("after a restart")
	if got := c.leaves("acme"); got != leaves {
		t.Errorf("leaves after a restart with the same configuration = %d, want %d", got, leaves)
	}
}

// One witness proves nothing: two-sided, the verdict is disputed, not down.
func TestDisputed(t *testing.T) {
	c := newCentre(t)
	from := ago(3 * time.Minute)
	c.play(from, 90, "acme", map[vouch.AgentID][][2]int{"AMS-1": {{10, 40}}})
	c.wait("the batches are derived", func() bool {
		f, _ := c.statement("acme", from, from.Add(80*time.Second))
		return f.Up > 0
	})
	f, raw := c.statement("acme", from, from.Add(80*time.Second))
	if want := (figures{Agreed: 80, Up: 50, Unknown: 30}); f != want {
		t.Errorf("statement = %+v, want %+v", f, want)
	}
	if !strings.Contains(string(raw), string(vouch.ReasonDisputed)) {
		t.Errorf("the statement does not say %q", vouch.ReasonDisputed)
	}
	if l := c.incidents("acme"); len(l) != 0 {
		t.Errorf("incidents = %+v, want none", l)
	}
}

// Data that come late change the past: the incident they disprove is withdrawn, the
// one they show is opened as found late.
func TestLateData(t *testing.T) {
	c := newCentre(t)
	old := ago(50 * time.Minute) // longer ago than the judge looks back
	c.play(old, 90, "acme", both)
	c.wait("the late incident is found", func() bool {
		l := c.incidents("acme")
		return len(l) == 1 && l[0].Status == incident.Closed && l[0].FoundLate
	})
	f, _ := c.statement("acme", old, old.Add(80*time.Second))
	if want := (figures{Agreed: 80, Up: 50, Down: 30}); f != want {
		t.Errorf("statement = %+v, want %+v", f, want)
	}
}

// Maintenance that was announced before takes its time out; one announced after it
// began does not, and is listed with the reason.
func TestMaintenance(t *testing.T) {
	c := newCentre(t)
	from := ago(3 * time.Minute)
	announce := func(cu vouch.CustomerID, at time.Time) admin.Maintenance {
		t.Helper()
		c.behind.Store(int64(time.Since(at)))
		defer c.behind.Store(0)
		var m admin.Maintenance
		err := c.client().Post(t.Context(), admin.PathMaintenance, admin.NewMaintenance{
			Customer: cu, Device: "rt1", From: from.Add(10 * time.Second), To: from.Add(30 * time.Second), Reason: "new firmware",
		}, &m)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if m := announce("acme", from.Add(-time.Minute)); len(m.Warnings) != 0 {
		t.Errorf("warnings of a maintenance announced in time = %q, want none", m.Warnings)
	}
	if m := announce("other", from.Add(20*time.Second)); len(m.Warnings) != 1 {
		t.Errorf("warnings of a maintenance announced late = %q, want one", m.Warnings)
	}
	c.play(from, 90, "acme", both)
	c.play(from, 90, "other", both)
	c.wait("the incidents are closed", func() bool {
		a, o := c.incidents("acme"), c.incidents("other")
		return len(a) == 1 && a[0].Status == incident.Closed && len(o) == 1 && o[0].Status == incident.Closed
	})
	if f, _ := c.statement("acme", from, from.Add(80*time.Second)); f != (figures{Agreed: 80, Excluded: 20, Up: 50, Down: 10}) {
		t.Errorf("announced before: statement = %+v, want 20 s excluded and 10 s down", f)
	}
	if i := c.incidents("acme")[0]; !i.From.Equal(from.Add(30 * time.Second)) {
		t.Errorf("incident that outlasts the maintenance begins at %v, want at its end", i.From)
	}
	f, raw := c.statement("other", from, from.Add(80*time.Second))
	if f != (figures{Agreed: 80, Up: 50, Down: 30}) || !strings.Contains(string(raw), "announced after it began") {
		t.Errorf("announced late: statement = %+v, want nothing excluded and the reason\n%s", f, raw)
	}
}

// Each transition reaches the receiver once, signed, also over a restart.
func TestWebhook(t *testing.T) {
	const secret = "not a secret"
	var mu sync.Mutex
	var got []notify.Event
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || notify.Verify(secret, r.Header, body, time.Now()) != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		var e notify.Event
		if err := json.Unmarshal(body, &e); err != nil {
			t.Errorf("message is not JSON: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, e)
	}))
	defer hook.Close()
	c := newCentre(t, notify.Channel{Name: "noc", URL: hook.URL, Secret: secret, AllowPrivate: true})
	told := func() (kinds []notify.Transition) {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range got {
			kinds = append(kinds, e.Transition)
		}
		return kinds
	}
	c.play(ago(3*time.Minute), 90, "acme", both)
	want := []notify.Transition{notify.Opened, notify.Closed}
	c.wait("both transitions are told", func() bool { return len(told()) >= 2 && slices.Equal(told()[:2], want) })
	// A message whose answer had not come is sent again, under the same name.
	c.wait("their answers have come", func() bool { return c.status().Messages.Pending == 0 })
	c.halt()
	c.start()
	if err := c.client().Post(t.Context(), admin.PathRebuild, struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	c.wait("nothing waits to be told", func() bool { return c.status().Messages.Pending == 0 })
	// An incident that was seen in heartbeats first is confirmed by batches, which is told, too.
	if k := told(); !slices.Equal(k, want) && !slices.Equal(k, append(want, notify.Updated)) {
		t.Errorf("transitions told after a restart and a rebuild = %q, want %q, and at the most one update", k, want)
	}
}

// A token of one customer opens nothing of another, and none opens nothing at all
// beyond loopback names.
func TestIsolation(t *testing.T) {
	c := newCentre(t)
	c.play(ago(3*time.Minute), 90, "other", both)
	c.wait("the other customer has an incident", func() bool { return len(c.incidents("other")) == 1 })
	var tok admin.Token
	if err := c.client().Post(t.Context(), admin.PathTokens, admin.NewToken{Role: "customer", Customer: "acme"}, &tok); err != nil {
		t.Fatal(err)
	}
	get := func(path, token, host string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(c.at.Web, "/")+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		if host != "" {
			req.Host = host
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	id := string(c.incidents("other")[0].ID)
	own := []string{"/", "/incidents", "/maintenance", "/device/acme/rt1", "/statement/acme", "/api/v1/fleet", "/api/v1/incidents", "/api/v1/devices/acme/rt1", "/api/v1/statement/acme",
		"/ledger/ledger.example/acme/checkpoint", "/ledger/ledger.example/acme/tile/0/000.p/2", "/ledger/ledger.example/acme/tile/entries/000.p/2"}
	foreign := []string{"/device/other/rt1", "/incident/other/" + id, "/statement/other", "/api/v1/devices/other/rt1", "/api/v1/incidents/other/" + id, "/api/v1/statement/other",
		"/ledger/ledger.example/other/checkpoint", "/ledger/ledger.example/other/tile/0/000.p/2", "/ledger/ledger.example/other/tile/entries/000.p/2"}
	for _, path := range own {
		status, body := get(path, tok.Secret, "")
		if status != http.StatusOK {
			t.Errorf("GET %s with acme's token = %d, want 200", path, status)
		}
		for _, leak := range []string{"/other/", `"other"`, ">other<"} {
			if strings.Contains(body, leak) {
				t.Errorf("GET %s with acme's token holds %q of another customer", path, leak)
			}
		}
	}
	for _, path := range foreign {
		if status, _ := get(path, tok.Secret, ""); status != http.StatusNotFound {
			t.Errorf("GET %s with acme's token = %d, want 404", path, status)
		}
		if status, _ := get(path, "", ""); status != http.StatusOK {
			t.Errorf("GET %s as the NOC = %d, want 200", path, status)
		}
	}
	for _, tt := range []struct {
		what, path, token, host string
		status                  int
	}{
		{"a wrong token", "/", "vouch_wrong", "", http.StatusUnauthorized},
		{"metrics for a customer", "/metrics", tok.Secret, "", http.StatusNotFound},
		{"metrics for the NOC", "/metrics", "", "", http.StatusOK},
		{"health for anybody", "/healthz", "vouch_wrong", "", http.StatusOK},
		{"a foreign name for loopback", "/", "", "evil.example", http.StatusForbidden},
		{"metrics under a foreign name", "/metrics", "", "evil.example", http.StatusUnauthorized},
		{"a ledger for a wrong token", "/ledger/ledger.example/acme/checkpoint", "vouch_wrong", "", http.StatusUnauthorized},
		{"a ledger under a foreign name", "/ledger/ledger.example/acme/checkpoint", "", "evil.example", http.StatusForbidden},
	} {
		if status, _ := get(tt.path, tt.token, tt.host); status != tt.status {
			t.Errorf("%s: GET %s = %d, want %d", tt.what, tt.path, status, tt.status)
		}
	}
}

// A day that is over is judged once, also over a restart, until late data come for it.
func TestDaysThatAreOver(t *testing.T) {
	c := newCentre(t)
	from := time.Now().UTC().Truncate(24 * time.Hour).Add(-20 * time.Minute) // the last minutes of yesterday
	c.halt()
	c.behind.Store(int64(time.Since(from.Add(-time.Hour))))
	c = c.again(t)
	c.behind.Store(int64(time.Since(from.Add(27 * time.Hour)))) // negative: tomorrow, when that day is over for long
	c.play(from, 90, "acme", both)
	want := figures{Agreed: 80, Up: 50, Down: 30}
	c.wait("the figures are there", func() bool {
		f, _ := c.statement("acme", from, from.Add(80*time.Second))
		return f == want
	})
	c.halt()
	c.start()
	if f, _ := c.statement("acme", from, from.Add(80*time.Second)); f != want {
		t.Errorf("statement after a restart = %+v, want %+v", f, want)
	}
	later := from.Add(2 * time.Minute)
	c.play(later, 90, "acme", both)
	c.wait("late data change the day", func() bool {
		f, _ := c.statement("acme", from, later.Add(80*time.Second))
		return f.Down == 60
	})
}
