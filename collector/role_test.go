// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/collector/admin"
)

// readable is what GET answers to the NOC, a contract manager, an auditor, the customer
// other, and nobody.
var readable = []struct {
	path string
	want [5]int
}{
	{"/", [5]int{200, 200, 200, 200, 303}},
	{"/incidents", [5]int{200, 200, 200, 200, 303}},
	{"/maintenance", [5]int{200, 200, 200, 200, 303}},
	{"/account", [5]int{200, 200, 200, 200, 303}},
	{"/device/other/rt1", [5]int{200, 200, 200, 200, 303}},
	{"/device/acme/rt1", [5]int{200, 200, 200, 404, 303}},
	{"/incident/acme/INC-2026-0001", [5]int{404, 404, 404, 404, 303}},
	{"/statement/other", [5]int{200, 200, 200, 200, 303}},
	{"/statement/acme", [5]int{200, 200, 200, 404, 303}},
	{"/report/incidents/other", [5]int{200, 200, 200, 200, 303}},
	{"/report/incidents/acme", [5]int{200, 200, 200, 404, 303}},
	{"/report/base/other", [5]int{200, 200, 200, 200, 303}},
	{"/report/base/acme", [5]int{200, 200, 200, 404, 303}},
	{"/exclusions", [5]int{200, 200, 200, 200, 303}},
	{"/maintenance/new?customer=other", [5]int{200, 200, 403, 403, 303}},
	{"/maintenance/new?customer=acme", [5]int{200, 200, 403, 403, 303}},
	{"/maintenance/cancel/other/M-1", [5]int{404, 404, 403, 403, 303}},
	{"/maintenance/cancel/acme/M-1", [5]int{404, 404, 403, 403, 303}},
	{"/api/v1/fleet", [5]int{200, 200, 200, 200, 401}},
	{"/api/v1/incidents", [5]int{200, 200, 200, 200, 401}},
	{"/api/v1/maintenance", [5]int{200, 200, 200, 200, 401}},
	{"/api/v1/devices/other/rt1", [5]int{200, 200, 200, 200, 401}},
	{"/api/v1/devices/acme/rt1", [5]int{200, 200, 200, 404, 401}},
	{"/api/v1/incidents/acme/INC-2026-0001", [5]int{404, 404, 404, 404, 401}},
	{"/api/v1/statement/other", [5]int{200, 200, 200, 200, 401}},
	{"/api/v1/statement/acme", [5]int{200, 200, 200, 404, 401}},
	{"/api/v1/report/incidents/other", [5]int{200, 200, 200, 200, 401}},
	{"/api/v1/report/incidents/acme", [5]int{200, 200, 200, 404, 401}},
	{"/api/v1/report/base/other", [5]int{200, 200, 200, 200, 401}},
	{"/api/v1/report/base/acme", [5]int{200, 200, 200, 404, 401}},
	{"/api/v1/maintenance.ics", [5]int{200, 200, 200, 200, 401}},
	{"/api/v1/exclusions", [5]int{200, 200, 200, 200, 401}},
	{"/ledger/ledger.example/other/checkpoint", [5]int{200, 200, 200, 200, 401}},
	{"/ledger/ledger.example/acme/checkpoint", [5]int{200, 200, 200, 404, 401}},
	{"/ledger/ledger.example/provider/checkpoint", [5]int{200, 404, 200, 404, 401}},
	{"/bundle/acme/2026-05/1", [5]int{404, 404, 404, 404, 401}},
	{"/metrics", [5]int{200, 404, 404, 404, 401}},
	{"/healthz", [5]int{200, 200, 200, 200, 200}},
	{"/sign-in", [5]int{200, 200, 200, 200, 200}},
	{"/join/nothing", [5]int{410, 410, 410, 410, 410}},
	{"/nowhere", [5]int{404, 404, 404, 404, 303}},
}

// acting is what POST answers to the same, but for nobody: 401, or 405 where there is
// nothing to send to.
var acting = []struct {
	path string
	want [4]int
}{
	{"/maintenance/new?customer=acme", [4]int{422, 422, 403, 403}},
	{"/maintenance/new?customer=other", [4]int{422, 422, 403, 403}},
	{"/maintenance/cancel/acme/M-1", [4]int{404, 404, 403, 403}},
	{"/maintenance/cancel/other/M-1", [4]int{404, 404, 403, 403}},
	{"/exclusions/acme/X-1", [4]int{403, 404, 403, 403}},
	{"/exclusions/other/X-1", [4]int{403, 404, 403, 403}},
	{"/maintenance", [4]int{405, 405, 405, 405}},
	{"/api/v1/fleet", [4]int{405, 405, 405, 405}},
}

// TestRolesByRoute asks for every route as every role, of one's own customer and of
// another: what is documented in operating.md.
func TestRolesByRoute(t *testing.T) {
	c := newCentreOf(t, overTLS)
	who := map[string]*browser{"nobody": c.browser()}
	for _, role := range []string{"noc", "contract-manager", "auditor"} {
		who[role], _ = c.person(admin.NewPerson{Login: role, Role: role})
	}
	who["customer"], _ = c.person(admin.NewPerson{Login: "buyer", Role: "customer", Customer: "other"})
	order := []string{"noc", "contract-manager", "auditor", "customer", "nobody"}
	for _, route := range readable {
		for i, role := range order {
			got := who[role].get(route.path)
			if got.status != route.want[i] {
				t.Errorf("GET %s as %s = %d, want %d", route.path, role, got.status, route.want[i])
			}
			if role == "customer" && strings.Contains(strings.ReplaceAll(got.body, route.path, ""), "acme") {
				t.Errorf("GET %s as the customer other names acme", route.path)
			}
		}
	}
}

// TestActsByRole sends every form as every role, for one's own customer and another's:
// 403 for a role that does not do it, whoever's it is; 404 for what is not there.
func TestActsByRole(t *testing.T) {
	c := newCentreOf(t, func(c *centre) {
		someRules(c)
		overTLS(c)
	})
	who := map[string]*browser{}
	for _, role := range []string{"noc", "contract-manager", "auditor"} {
		who[role], _ = c.person(admin.NewPerson{Login: role, Role: role})
	}
	who["customer"], _ = c.person(admin.NewPerson{Login: "buyer", Role: "customer", Customer: "other"})
	order := []string{"noc", "contract-manager", "auditor", "customer"}
	for _, act := range acting {
		for i, role := range order {
			form := url.Values{"token": {who[role].get("/account").token(t)}, "reason": {"because"}, "decision": {"approve"}}
			if got := who[role].post(act.path, form); got.status != act.want[i] {
				t.Errorf("POST %s as %s = %d, want %d", act.path, role, got.status, act.want[i])
			}
		}
		if got := c.browser().post(act.path, url.Values{"token": {"x"}}); got.status != http.StatusUnauthorized && got.status != http.StatusMethodNotAllowed {
			t.Errorf("POST %s by a stranger = %d, want 401", act.path, got.status)
		}
	}
}

// TestRoutesListed: a route that is added is asked for above, or it is one of those by
// which people come and go, which have tests of their own.
func TestRoutesListed(t *testing.T) {
	files, err := filepath.Glob("web/*.go")
	if err != nil {
		t.Fatal(err)
	}
	comeAndGo := map[string]bool{"POST /sign-in": true, "POST /join/{link}": true, "POST /sign-out": true, "GET /static/": true}
	pattern, hole := regexp.MustCompile(`Handle(?:Func)?\("((?:GET|POST) [^"]+)"`), regexp.MustCompile(`\\\{[^}]*\\\}`)
	found := 0
	for _, name := range append(files, "serve.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range pattern.FindAllStringSubmatch(string(source), -1) {
			found++
			method, path, _ := strings.Cut(m[1], " ")
			want := strings.TrimSuffix(hole.ReplaceAllString(regexp.QuoteMeta(strings.TrimSuffix(path, "{$}")), "[^/]+"), "/$")
			if strings.HasSuffix(path, "/") {
				want += ".*"
			}
			re := regexp.MustCompile("^" + want + "$")
			listed := comeAndGo[m[1]]
			for _, r := range readable {
				listed = listed || method == "GET" && re.MatchString(strings.SplitN(r.path, "?", 2)[0])
			}
			for _, r := range acting {
				listed = listed || method == "POST" && re.MatchString(strings.SplitN(r.path, "?", 2)[0])
			}
			if !listed {
				t.Errorf("%s: no test asks for the route %q as each role: add it to readable or acting", name, m[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("%d routes found, want those of the pages: is the pattern still right?", found)
	}
}
