// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
)

// call is one request as a receiver saw it.
type call struct {
	Method, Path, Query, Auth string
	Body                      map[string]any
}

// receivers of others, as far as their documents say how they answer: a service on
// loopback that keeps what it is sent.
type service struct {
	*httptest.Server
	mu    sync.Mutex
	calls []call
}

func newService(t *testing.T, answer func(s *service, w http.ResponseWriter, c call)) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		c := call{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Auth: r.Header.Get("Authorization")}
		if len(b) > 0 {
			if err := json.Unmarshal(b, &c.Body); err != nil {
				t.Errorf("body %q is no object: %v", b, err)
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls = append(s.calls, c)
		answer(s, w, c)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) seen() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func TestPagerDuty(t *testing.T) {
	pd := newService(t, func(_ *service, w http.ResponseWriter, c call) {
		w.WriteHeader(http.StatusAccepted)
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "dedup_key": c.Body["dedup_key"]})
	})
	s := newStore(t)
	opened, closed := outage(time.Now())
	tell(t, s, "pd", opened, closed, notify.NewTest("1", time.Now()))
	for n, what := range []string{notify.AnotherUnit, notify.UnitAgain} {
		i, err := notify.UnitEvent{ID: "acme/u" + what, Customer: "acme", Event: what, At: time.Now(), Site: "main-street", Device: "router-1"}.ForChannel("pd", time.Now().Add(time.Duration(n)))
		check(t, err)
		check(t, s.Derive(t.Context(), store.Derivation{Intents: []store.Intent{i}}))
	}
	start(t, s, quick(), notify.Channel{Name: "pd", Kind: notify.PagerDuty, URL: pd.URL + "/v2/enqueue", Secret: "routing", AllowPrivate: true})
	until(t, "delivered", settled(t, s))
	var got []string
	for _, c := range pd.seen() {
		if c.Path != "/v2/enqueue" || c.Body["routing_key"] != "routing" {
			t.Errorf("call %+v, want the routing key at /v2/enqueue", c)
		}
		got = append(got, c.Body["dedup_key"].(string)+" "+c.Body["event_action"].(string))
	}
	slices.Sort(got)
	want := []string{"vouch-test resolve", "vouch-test trigger", "vouch/acme/INC-2026-0007 resolve", "vouch/acme/INC-2026-0007 trigger", "vouch/acme/unit/router-1 resolve", "vouch/acme/unit/router-1 trigger"}
	if !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
	if i := intent(t, s, opened.ID+"/pd"); !strings.Contains(i.Answer, "202 Accepted") || !strings.Contains(i.Answer, "success") {
		t.Errorf("stored answer %q, want what PagerDuty said", i.Answer)
	}
}

// The three desks, by what their documents say: tickets are found by the key that the
// first attempt left there, so that a repeat makes no second.
func TestServiceDesks(t *testing.T) {
	for name, at := range map[string]struct {
		find, create, update, key, none, found, made string
	}{
		"topdesk": {"GET /tas/api/incidents", "POST /tas/api/incidents", "PUT /tas/api/incidents/id/T1", "externalNumber", "", `[{"id":"T1"}]`, `{"id":"T1","number":"I 1"}`},
		"servicenow": {"GET /api/now/table/incident", "POST /api/now/table/incident", "PATCH /api/now/table/incident/T1", "correlation_id",
			`{"result":[]}`, `{"result":[{"sys_id":"T1"}]}`, `{"result":{"sys_id":"T1"}}`},
		"jira": {"GET /rest/api/2/search/jql", "POST /rest/api/2/issue", "POST /rest/api/2/issue/T1/comment", "fields", `{"issues":[]}`, `{"issues":[{"key":"T1"}]}`, `{"id":"9","key":"T1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			const key = "vouch/acme/INC-2026-0007"
			made := false
			lost := true
			sd := newService(t, func(_ *service, w http.ResponseWriter, c call) {
				switch what := c.Method + " " + c.Path; {
				case what == at.find:
					if q, _ := url.QueryUnescape(c.Query); !strings.Contains(q, key) {
						t.Errorf("search %q, want the key", q)
					}
					switch {
					case made:
						_, _ = io.WriteString(w, at.found)
					case at.none == "":
						w.WriteHeader(http.StatusNoContent)
					default:
						_, _ = io.WriteString(w, at.none)
					}
				case what == at.create:
					made = true
					if lost { // the ticket is made, and its answer does not come
						lost = false
						panic(http.ErrAbortHandler)
					}
					w.WriteHeader(http.StatusCreated)
					_, _ = io.WriteString(w, at.made)
				case what == at.update:
					_, _ = io.WriteString(w, "{}")
				default:
					t.Errorf("call of %s, want none", what)
				}
			})
			s := newStore(t)
			opened, closed := outage(time.Now())
			grew := opened
			grew.ID, grew.Transition, grew.Event = "acme/INC-2026-0007/r3", notify.Updated, incident.Grew
			tell(t, s, "desk", opened, grew, closed)
			d := notify.Desks()[name].With(map[string]string{"caller.email": "noc@example.net"}, nil)
			start(t, s, quick(), notify.Channel{Name: "desk", Kind: notify.HTTP, URL: sd.URL, User: "vouch", Secret: "app-password", Desk: &d, AllowPrivate: true})
			until(t, "delivered", settled(t, s))
			var changes []string
			for _, c := range sd.seen() {
				if !strings.HasPrefix(c.Auth, "Basic ") {
					t.Errorf("authorization %.6q..., want Basic", c.Auth)
				}
				if c.Method == "GET" {
					continue
				}
				changes = append(changes, c.Method+" "+c.Path)
				if c.Method+" "+c.Path == at.create && (c.Body["caller"].(map[string]any)["email"] != "noc@example.net" || c.Body[at.key] == nil) {
					t.Errorf("ticket %v, want the fields of the channel and %s", c.Body, at.key)
				}
			}
			if want := []string{at.create, at.update, at.update}; !slices.Equal(changes, want) {
				t.Errorf("changes %q, want %q: one ticket", changes, want)
			}
			if i := intent(t, s, closed.ID+"/desk"); i.Answer != "ticket T1" {
				t.Errorf("answer %q, want the ticket", i.Answer)
			}
		})
	}
}

// alertmanager starts Debian's, and returns its address.
func alertmanager(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../../bin/alertmanager")
	check(t, err)
	if _, err := os.Stat(root); err != nil {
		t.Skip("bin/alertmanager is missing: run scripts/test-deps")
	}
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "am.yml"), []byte("route: {receiver: none}\nreceivers: [{name: none}]\n"), 0o600))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	addr := l.Addr().String()
	check(t, l.Close())
	ctx, cancel := context.WithCancel(t.Context())
	// Debian's looks for its templates in /usr/share: in a mount namespace of its own, they are there.
	am := exec.CommandContext(ctx, "unshare", "-rm", "sh", "-c", `mount --bind "$0/share" /usr/share && exec "$0/bin/prometheus-alertmanager" "$@"`, root, "--config.file", filepath.Join(dir, "am.yml"), "--storage.path", dir, "--web.listen-address", addr, "--cluster.listen-address=", "--log.level=error")
	am.Stderr = os.Stderr
	check(t, am.Start())
	ended := make(chan error, 1)
	go func() { ended <- am.Wait() }()
	t.Cleanup(func() { cancel(); <-ended })
	until(t, "Alertmanager is ready", func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Skipf("Alertmanager does not run here (%v): it needs a mount namespace", err)
		default:
		}
		resp, err := http.Get("http://" + addr + "/-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return "http://" + addr
}

// firing lists the alerts that Alertmanager holds as active, by incident.
func firing(t *testing.T, am string) map[string]int {
	t.Helper()
	resp, err := http.Get(am + "/api/v2/alerts?active=true")
	check(t, err)
	defer resp.Body.Close()
	var alerts []struct {
		Labels map[string]string `json:"labels"`
	}
	check(t, json.NewDecoder(resp.Body).Decode(&alerts))
	out := map[string]int{}
	for _, a := range alerts {
		out[a.Labels["alertname"]+" "+a.Labels["customer"]+"/"+a.Labels["incident"]+" "+a.Labels["team"]]++
	}
	return out
}

// What the contract's clocks say reaches people in their language, with the deadline.
func TestClocksInWords(t *testing.T) {
	pd := newService(t, func(_ *service, w http.ResponseWriter, _ call) { _, _ = io.WriteString(w, "{}") })
	warned, _ := outage(time.Date(2026, 7, 3, 6, 0, 0, 0, time.UTC))
	warned.Transition, warned.Event, warned.Priority = notify.Updated, incident.Warned, contract.P1
	warned.Act = &incident.Act{Clock: contract.ClockResolution, Due: time.Date(2026, 7, 3, 10, 0, 0, 0, time.UTC)}
	s := newStore(t)
	tell(t, s, "sd", warned)
	d := notify.Desks()["servicenow"].With(nil, nil)
	start(t, s, quick(), notify.Channel{Name: "sd", Kind: notify.HTTP, URL: pd.URL, Secret: "token-of-ours", Desk: &d, Dutch: true, AllowPrivate: true})
	until(t, "delivered", settled(t, s))
	calls := pd.seen()
	text, _ := calls[len(calls)-1].Body["description"].(string)
	for _, want := range []string{"80 % van een termijn is verstreken", "Prioriteit: P1", "Uiterlijk: 2026-07-03 10:00:00 UTC (oplossing)"} {
		if !strings.Contains(text, want) {
			t.Errorf("text:\n%s\nwant %q", text, want)
		}
	}
}

func TestAlertmanager(t *testing.T) {
	am, s := alertmanager(t), newStore(t)
	ch := notify.Channel{Name: "am", Kind: notify.Alertmanager, URL: am, Extra: map[string]string{"team": "noc"}, AllowPrivate: true}
	opened, closed := outage(time.Now().Add(-time.Hour))
	grew := opened
	grew.ID, grew.Transition, grew.Event, grew.Devices = "acme/INC-2026-0007/r3", notify.Updated, incident.Grew, append(slices.Clone(opened.Devices), "phones")
	tell(t, s, "am", opened, grew)
	start(t, s, quick(), ch)
	until(t, "both delivered", settled(t, s))
	const name = "VouchIncident acme/INC-2026-0007 noc"
	until(t, "one alert", func() bool { return firing(t, am)[name] == 1 })
	closed.At, closed.To = time.Now(), time.Now()
	tell(t, s, "am", closed, notify.NewTest("1", time.Now()))
	until(t, "its end delivered", settled(t, s))
	until(t, "no alert but the test", func() bool {
		f := firing(t, am)
		return f[name] == 0 && f["VouchTest / noc"] == 1
	})
}
