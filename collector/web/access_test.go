// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/report"
)

// TestIsolation asks for every route as every role. Of another customer nothing is
// shown, not even that it exists: the answer to what is foreign is that to what is
// not there.
func TestIsolation(t *testing.T) {
	h := handler(t, nil)
	for _, c := range []struct {
		path                                         string
		noc, owner, other, nobody, forbidden, absent int
	}{
		{"/", 200, 200, 200, 401, 403, 200},
		{"/incidents", 200, 200, 200, 401, 403, 200},
		{"/maintenance", 200, 200, 200, 401, 403, 200},
		{"/device/noordhaven/nhv-mdk-fw1", 200, 200, 404, 401, 403, 404},
		{"/incident/noordhaven/INC-2026-0412", 200, 200, 404, 401, 403, 404},
		{"/incident/linde/INC-2026-0412", 404, 404, 404, 401, 403, 404},
		{"/statement/noordhaven", 200, 200, 404, 401, 403, 404},
		{"/statement/nobody-at-all", 404, 404, 404, 401, 403, 404},
		{"/report/incidents/noordhaven?month=2026-05", 200, 200, 404, 401, 403, 404},
		{"/report/base/noordhaven", 200, 200, 404, 401, 403, 404},
		{"/report/credit/noordhaven", 404, 404, 404, 401, 403, 404},
		{"/report/incidents/nobody-at-all", 404, 404, 404, 401, 403, 404},
		{"/api/v1/report/incidents/noordhaven", 200, 200, 404, 401, 403, 404},
		{"/api/v1/report/base/noordhaven?format=csv", 200, 200, 404, 401, 403, 404},
		{"/nowhere", 404, 404, 404, 401, 403, 404},
		{"/api/v1/fleet", 200, 200, 200, 401, 403, 200},
		{"/api/v1/incidents", 200, 200, 200, 401, 403, 200},
		{"/api/v1/maintenance", 200, 200, 200, 401, 403, 200},
		{"/api/v1/devices/noordhaven/nhv-mdk-fw1", 200, 200, 404, 401, 403, 404},
		{"/api/v1/incidents/noordhaven/INC-2026-0412", 200, 200, 404, 401, 403, 404},
		{"/api/v1/statement/noordhaven", 200, 200, 404, 401, 403, 404},
		{"/api/v1/nowhere", 404, 404, 404, 401, 403, 404},
	} {
		for who, want := range map[string]int{"noc": c.noc, "noordhaven": c.owner, "linde": c.other, "nobody": c.nobody, "forbidden": c.forbidden, "a-new-customer": c.absent} {
			w := get(h, who, c.path)
			if w.Code != want {
				t.Errorf("GET %s as %s = %d, want %d", c.path, who, w.Code, want)
			}
			body := w.Body.String()
			if who == "linde" && strings.Contains(strings.ReplaceAll(strings.ToLower(body), strings.ToLower(c.path), ""), "noordhaven") {
				t.Errorf("GET %s as linde names noordhaven", c.path)
			}
			if who != "noc" && who != "noordhaven" && strings.Contains(body, "99.373726") {
				t.Errorf("GET %s as %s shows noordhaven's figure", c.path, who)
			}
		}
	}
}

// TestForeignAndAbsentLookAlike: no part of the answer tells one from the other.
func TestForeignAndAbsentLookAlike(t *testing.T) {
	h := handler(t, nil)
	for _, kind := range []string{"/device/%s/nhv-mdk-fw1", "/incident/%s/INC-2026-0412", "/statement/%s", "/api/v1/statement/%s", "/report/incidents/%s", "/report/base/%s", "/api/v1/report/incidents/%s?format=html"} {
		foreign, absent := get(h, "linde", fmt.Sprintf(kind, "noordhaven")), get(h, "linde", fmt.Sprintf(kind, "noordhoven"))
		if foreign.Body.String() != absent.Body.String() || foreign.Code != absent.Code {
			t.Errorf("GET "+kind+" as linde differs from that of nobody", "noordhaven")
		}
	}
}

// careless forgets whom it answers: it gives everybody the NOC's view.
type careless struct{ *reader }

func (c careless) Fleet(ctx context.Context, _ web.Viewer) (web.Fleet, error) {
	return c.reader.Fleet(ctx, web.Viewer{Role: web.RoleNOC})
}

func (c careless) Incidents(ctx context.Context, _ web.Viewer, q web.IncidentQuery) (web.Incidents, error) {
	return c.reader.Incidents(ctx, web.Viewer{Role: web.RoleNOC}, q)
}

func (c careless) Maintenance(ctx context.Context, _ web.Viewer) (web.Maintenance, error) {
	return c.reader.Maintenance(ctx, web.Viewer{Role: web.RoleNOC})
}

func (c careless) Report(ctx context.Context, _ web.Viewer, _ vouch.CustomerID, k web.ReportKind, p web.Period) (report.Report, error) {
	return c.reader.Report(ctx, web.Viewer{Role: web.RoleNOC}, "noordhaven", k, p)
}

// TestSecondLock: what a careless reader returns of others is not sent.
func TestSecondLock(t *testing.T) {
	w := newWorld(t)
	h := web.Handler(careless{&reader{w: w, fleet: w.fleet()}}, options(w))
	for _, path := range []string{"/", "/incidents", "/maintenance", "/api/v1/fleet", "/api/v1/incidents", "/api/v1/maintenance", "/api/v1/maintenance.ics", "/report/incidents/linde", "/report/base/linde", "/api/v1/report/incidents/linde?format=csv"} {
		got := get(h, "linde", path)
		if got.Code != 500 || strings.Contains(got.Body.String(), "Noordhaven") {
			t.Errorf("GET %s as linde from a careless reader = %d, want 500 without a name", path, got.Code)
		}
	}
}

// TestFailures: what goes wrong gets its status, one sentence, and no detail of ours.
func TestFailures(t *testing.T) {
	for _, c := range []struct {
		err    error
		path   string
		status int
		says   string
		header string
	}{
		{errors.New("sqlite: disk image is malformed"), "/", 500, "That went wrong on our side", ""},
		{fmt.Errorf("read fleet: %w", web.ErrUnavailable), "/", 503, "Busy, ask again", "Retry-After"},
		{context.DeadlineExceeded, "/incidents", 503, "Busy, ask again", "Retry-After"},
		{fmt.Errorf("device: %w", web.ErrNotFound), "/device/noordhaven/x", 404, "There is no such page", ""},
		{nil, "/?rows=some", 400, "allowed are trouble and all", ""},
		{nil, "/?page=0", 400, "is no number", ""},
		{nil, "/device/noordhaven/nhv-mdk-fw1?span=1y", 400, "allowed are 10m, 1h, 6h, 24h and 7d", ""},
		{nil, "/incidents?state=odd", 400, "allowed are all, open, closed, withdrawn and merged", ""},
		{nil, "/incidents?limit=1000", 400, "allowed are 1 to 200", ""},
		{nil, "/incidents?before=" + strings.Repeat("x", 127), 400, "was not given by an earlier page", ""},
		{fmt.Errorf("%w: the period is too long", web.ErrBadRequest), "/statement/noordhaven", 400, "The period is too long.", ""},
		{nil, "/statement/noordhaven?month=May", 400, "write it as 2026-11", ""},
		{nil, "/statement/noordhaven?month=2026-05&from=2026-05-01T00:00:00Z", 400, "either month, or from and to", ""},
		{nil, "/statement/noordhaven?from=2026-05-01T00:00:00Z", 400, "write it as 2026-11-01T00:00:00+01:00", ""},
		{nil, "/statement/noordhaven?from=2026-05-02T00:00:00Z&to=2026-05-01T00:00:00Z", 400, "ends before it begins", ""},
		{nil, "/statement/noordhaven?lang=fr", 400, "allowed are en and nl", ""},
		{nil, "/device/..%2F/x", 404, "There is no such page", ""},
		{nil, "/incident/noordhaven/%3Cscript%3E", 404, "There is no such page", ""},
	} {
		h := handler(t, func(r *reader) { r.err = c.err })
		w := get(h, "noc", c.path)
		if got := plain(t, w.Body.String()); w.Code != c.status || !strings.Contains(got, c.says) {
			t.Errorf("GET %s (%v) = %d, want %d saying %q", c.path, c.err, w.Code, c.status, c.says)
		}
		if strings.Contains(w.Body.String(), "sqlite") {
			t.Errorf("GET %s shows our error to a visitor", c.path)
		}
		if c.header != "" && w.Header().Get(c.header) == "" {
			t.Errorf("GET %s has no %s", c.path, c.header)
		}
	}
	for _, path := range []string{"/", "/incidents", "/api/v1/fleet"} {
		r := httptest.NewRequest("POST", path, nil)
		w := httptest.NewRecorder()
		handler(t, nil).ServeHTTP(w, r)
		if w.Code != 405 || w.Header().Get("Allow") == "" {
			t.Errorf("POST %s = %d, Allow %q, want 405 with Allow", path, w.Code, w.Header().Get("Allow"))
		}
	}
}

// TestFailureJSON: errors of the API are JSON, too.
func TestFailureJSON(t *testing.T) {
	w := get(handler(t, nil), "nobody", "/api/v1/fleet")
	var f struct {
		Status        int
		Error, Detail string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil || f.Status != 401 || f.Error == "" {
		t.Errorf("GET /api/v1/fleet without a token = %s, want status and error", w.Body)
	}
	if w.Header().Get("WWW-Authenticate") == "" {
		t.Error("GET /api/v1/fleet without a token has no WWW-Authenticate")
	}
}

// TestNobodyWithoutOptions: a handler that was not told how to know people lets none in.
func TestNobodyWithoutOptions(t *testing.T) {
	h := web.Handler(&reader{w: newWorld(t)}, web.Options{})
	for _, path := range []string{"/", "/api/v1/fleet"} {
		if w := get(h, "noc", path); w.Code != 401 {
			t.Errorf("GET %s without Options.Viewer = %d, want 401", path, w.Code)
		}
	}
}
