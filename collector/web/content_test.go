// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/statement"
	"github.com/vouch-sla/vouch/statement/pdf"
)

// TestPagesSay: what a person must be able to read on each page.
func TestPagesSay(t *testing.T) {
	h := handler(t, nil)
	for path, want := range map[string][]string{
		"/": {
			"3 devices are down. RTM is blind.", "live, heartbeat 4 s ago", "4 open incidents", "99.373726", "rests on one witness", "evidence pending",
			"5 more all up", "all 57 up", "4 up, 1 outside lease", "2 of 3 voters see", "Times are Europe/Brussels (CEST, UTC+2)", "figures come from batches",
		},
		"/?q=nobody":             {`No device matches "nobody"`, "Show all 216"},
		"/?q=192.0.2.18":         {"page 1 of 4"},
		"/?state=outside+lease":  {"kgm-rmd-rt2"},
		"/?customer=oostveen":    {"sov-ens-rt1", "sov-ens-sw14"},
		"/?rows=all&page=999999": {"page 4 of 4"},
		"/device/noordhaven/nhv-mdk-fw1": {
			"Down since 10:00:12 CEST, 42 min 06 s.", "Of 3 witnesses, AMS and BRU ask and get no answer; RTM has been unable to ask since 10:21:40 CEST (location).",
			"At most 1 can see it up; the contract needs 2.", "Outside the vote, own-1 asks and gets no answer; it does not vote.", "INC-2026-0412", "live state from heartbeats, the newest 4 s old",
			"figures come from batches and end at 10:40:48 CEST", "120 s down", "112:42:18", "99.373726", "192.0.2.18",
			"Voice quality estimate", "R 89.3, MOS 4.32 (G.711, from RTT/2 of ICMP, no part of any verdict)",
			"rates over 1 min 00 s", "tunnel (index 12)", "lowerLayerDown", "no rate: it may have wrapped more than once: poll more often", "last told 09:40:05 CEST", "index 13", "unknown(9)", "0.25",
			"12 %", "41.5 C", "sensor CPU", "0.12 calls/s", "no rate: read once so far", "loss of signal, loop", "trouble", "no name for it", "synchronized", "fine", "1 h 00 min", "valid",
			"Restarted06:33:40 CEST, seen 06:34:10", "SNMP agent restartedbetween 09:00:00 and 10:00:00 CEST, seen 10:00:00",
		},
		"/incident/dehalm/INC-2026-0409":     {"dhl-ant-vg1 does not answer", "Down since Mon 16:18:05 CEST, 18 h 24 min.", "AMS and BRU asked and got no answer.", "6:24:13", "leaf 1830802", "tickets.kade.example, delivered"},
		"/incident/noordhaven/INC-2026-0390": {"2 devices did not answer", "Down from 02:10:00 CEST to 02:24:30 CEST, 14 min 30 s."},
		"/incidents":                         {"4 open incidents", "closed", "INC-2026-0390"},
		"/maintenance":                       {"1 work running, 2 works planned, 1 needs a look", "does not count: announced after it began", "14 d 00 h", "9, today"},
		"/statement/noordhaven?month=2026-05": {
			"Availability statement, May 2026", "99.850314", "99.934437", "target of 99.9 % not met", "meets the target of 99.9 %", "It would miss it if the unknown time were down.", "Fri 1 May 2026 00:00:00 CEST until Mon 1 Jun 2026 00:00:00 CEST",
			"too short for an incident: 1, together 50 s.", "outside service hours", "announced Thu 21 May 2026 06:41:00 CEST; announced after it began", "announced Tue 5 May 2026 10:12:00 CEST, 14 days before", "so it could not ask: AMS, BRU, RTM",
			"up when at least 2 witnesses can reach it", "witnesses: AMS (provider), BRU (neutral), RTM (provider).", "Mon-Fri 06:00-24:00 (Europe/Brussels)", "INC-2026-0366", "kade.example/ledger/noordhaven", "final", "Issued Thu 4 Jun 2026 09:00:00 CEST by uid:1000",
		},
		"/statement/noordhaven?month=2026-05&lang=nl": {
			"Beschikbaarheidsverklaring mei 2026", "99,850314", "doel van 99,9 % niet gehaald", "vr 1 mei 2026 00:00:00 CEST tot ma 1 jun 2026 00:00:00 CEST", "Uitgegeven op do 4 jun 2026 09:00:00 CEST", "ma 4 mei 09:12:05", "Onbekend als neer", "buiten diensttijd", "aangekondigd nadat het begon", "14 dagen van tevoren",
			"getuigen: AMS (leverancier), BRU (neutraal), RTM (leverancier).", "Downloaden", "Tekst",
		},
		"/report/incidents/noordhaven?month=2026-05":         {"Incident performance, May 2026", "2 incidents in this period. 50.000000 % were resolved in time: target of 80 % not met.", "P1", "5:33:20", "late by 3:33:20", "INC-2026-0318", "Statement"},
		"/report/incidents/noordhaven?month=2026-05&lang=nl": {"Afhandeling van incidenten, mei 2026", "50,000000 % is op tijd opgelost: doel van 80 % niet gehaald.", "te laat: 3:33:20"},
		"/report/base/noordhaven":                            {"Installed base, to confirm", "1 position is covered.", "FX-1029", "Moerdijk", "Signature"},
		"/statement/noordhaven":                              {"Draft, not issued", "The figures end at Tue 9 Jun 2026 10:42:09 CEST", "85.185185", "With fewer than three witnesses", "None claimed."},
	} {
		got := plain(t, get(h, "noc", path).Body.String())
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("GET %s does not say %q", path, w)
			}
		}
	}
}

// TestCalm: a morning without trouble is an almost empty page.
func TestCalm(t *testing.T) {
	body := get(handler(t, func(r *reader) { r.fleet = r.w.calm() }), "noc", "/").Body.String()
	got := plain(t, body)
	for _, w := range []string{"All 215 devices are up.", "No open incidents", "the last one closed Sat 14:20 CEST, 2 d 20 h ago", "all 57 up", "Nothing since 09:58:03 CEST (44 min 15 s ago)."} {
		if !strings.Contains(got, w) {
			t.Errorf("a calm page does not say %q", w)
		}
	}
	if strings.Contains(body, `class="chip down"`) || len(body) > 30_000 {
		t.Errorf("a calm page has %d bytes and must show nothing red", len(body))
	}
}

// TestEmpty: before anything was measured there is a sentence and no figure.
func TestEmpty(t *testing.T) {
	h := handler(t, func(r *reader) { r.fleet = web.Fleet{AsOf: web.AsOf{Now: r.w.now}} })
	got := plain(t, get(h, "noc", "/").Body.String())
	for _, w := range []string{"No device is installed.", "Nothing measured yet", "no heartbeat heard yet"} {
		if !strings.Contains(got, w) {
			t.Errorf("an empty fleet's page does not say %q", w)
		}
	}
	if body := get(h, "noc", "/api/v1/fleet").Body.String(); !strings.Contains(body, `"customers":[]`) || !strings.Contains(body, `"heartbeat_at":null`) {
		t.Errorf("GET /api/v1/fleet = %s, want empty lists and null", body)
	}
}

// TestStale: old data looks old.
func TestStale(t *testing.T) {
	h := handler(t, func(r *reader) { r.fleet.HeartbeatAt = ptr(r.w.now.Add(-130 * time.Second)) })
	got := plain(t, get(h, "noc", "/").Body.String())
	if !strings.Contains(got, "No heartbeat for 2 min 10 s.") || strings.Contains(got, "live, heartbeat") && !strings.Contains(got, "not live") {
		t.Errorf("a page whose last heartbeat is 130 s old does not say so")
	}
}

// TestVerdictWords: the sentence counts by the rule that the contract chose.
func TestVerdictWords(t *testing.T) {
	up, down, unk, deg := web.StateUp, web.StateDown, web.StateUnknown, web.StateDegraded
	for _, c := range []struct {
		name string
		rule string
		q    int
		is   web.State
		seen [3]web.State
		want string
	}{
		{"one sees it down, two up", "reachable_from", 2, up, [3]web.State{up, up, down}, "AMS and BRU get answers; RTM asks and gets no answer. 2 of 3 see it up; the contract needs 2."},
		{"one up, one cannot ask", "reachable_from", 2, unk, [3]web.State{up, down, unk}, "1 of 3 see it up; the contract needs 2."},
		{"disputed", "two_sided", 2, unk, [3]web.State{up, down, unk}, "1 see it up and 1 down; the contract needs 2 for either."},
		{"down for enough", "unreachable_from", 2, down, [3]web.State{down, down, up}, "2 of 3 see it down; by the contract 2 make it down."},
		{"too few named", "reachable_from", 4, unk, [3]web.State{up, up, up}, "The contract needs 4 witnesses and names 3."},
		{"slow", "reachable_from", 2, deg, [3]web.State{deg, deg, up}, "RTM gets answers; AMS and BRU get answers that do not meet a threshold. 3 of 3 see it up; the contract needs 2."},
		{"slow counts as down", "reachable_from", 2, down, [3]web.State{deg, down, up}, "At most 1 can see it up; the contract needs 2."},
		{"outside the lease", "reachable_from", 2, web.StateOutside, [3]web.State{}, "The device is not leased now; nothing is agreed for it."},
	} {
		h := handlerOf(t, func(d *web.Device) {
			d.Verdict = web.Verdict{State: c.is, Rule: c.rule, Quorum: c.q}
			for i, l := range []vouch.LocationID{"AMS", "BRU", "RTM"} {
				d.Verdict.Witnesses = append(d.Verdict.Witnesses, web.Seen{Location: l, Votes: true, State: c.seen[i]})
			}
		})
		if got := plain(t, get(h, "noc", "/device/noordhaven/nhv-mdk-fw1").Body.String()); !strings.Contains(got, c.want) {
			i := strings.Index(got, "Of 3")
			t.Errorf("%s: the page says %.200q, want %q", c.name, got[max(i, 0):], c.want)
		}
	}
}

// TestHostileNames: names come from configuration and from devices, which lie.
func TestHostileNames(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>'` + "\u202e\x00</title></svg>{{.}}"
	w := newWorld(t)
	r := &reader{w: w, fleet: w.fleet()}
	for i := range r.fleet.Customers {
		r.fleet.Customers[i].Name, r.fleet.Customers[i].Contract = evil, evil
		for k := range r.fleet.Customers[i].Sites {
			s := &r.fleet.Customers[i].Sites[k]
			s.Name = evil
			for j := range s.Devices {
				s.Devices[j].ID, s.Devices[j].Reason, s.Devices[j].State = vouch.DeviceID(evil), evil, web.StateDown
				s.Devices[j].Strip[0].Reason, s.Devices[j].Strip[0].State = evil, web.StateDown
			}
		}
	}
	for i := range r.fleet.Locations {
		r.fleet.Locations[i].ID, r.fleet.Locations[i].Name, r.fleet.Locations[i].Reason = vouch.LocationID(evil), evil, evil
	}
	r.fleet.Changes[0].Text, r.fleet.Works[0].Reason, r.fleet.Incidents[0].ID = evil, evil, evil
	h := web.Handler(hostile{r, evil}, options(w))
	for _, path := range []string{"/", "/?rows=all", "/?q=" + strings.Repeat("%22%3E%3Cscript%3E", 3), "/device/noordhaven/nhv-mdk-fw1", "/incident/noordhaven/INC-2026-0412", "/statement/noordhaven?month=2026-05", "/statement/noordhaven?month=2026-05&lang=nl"} {
		got := get(h, "noc", path)
		if got.Code != 200 {
			t.Errorf("GET %s = %d, want 200", path, got.Code)
		}
		for _, problem := range examine(parse(t, got.Body.String())).problems {
			t.Errorf("GET %s with hostile names: %s", path, problem)
		}
		if strings.Contains(got.Body.String(), "<img") || strings.Contains(got.Body.String(), "<script>") {
			t.Errorf("GET %s with hostile names holds their markup", path)
		}
	}
	if body := get(h, "noc", "/api/v1/fleet").Body.String(); strings.Contains(body, "<script>") || !json.Valid([]byte(body)) {
		t.Error("GET /api/v1/fleet with hostile names holds their markup or is no JSON")
	}
}

// TestJSONIsThePage: the API sends the figures that the pages show, under the names
// of the rules of availability.
func TestJSONIsThePage(t *testing.T) {
	h := handler(t, nil)
	for _, c := range []struct {
		page, api string
		want      map[string]string // path in the JSON -> text on the page
	}{
		{"/", "/api/v1/fleet", map[string]string{"counts.down": "3", "counts.up": "208", "customers.6.sites.0.devices.1.availability_pct": "99.373726", "incidents.1.id": "INC-2026-0412", "locations.2.id": "RTM"}},
		{"/device/noordhaven/nhv-mdk-fw1", "/api/v1/devices/noordhaven/nhv-mdk-fw1", map[string]string{"month.availability_pct": "99.373726", "month.coverage_pct": "100.000000", "verdict.state": "down", "facts.serial": "RL60-0Q7T-4418"}},
		{"/incident/noordhaven/INC-2026-0412", "/api/v1/incidents/noordhaven/INC-2026-0412", map[string]string{"id": "INC-2026-0412", "customer_name": "Noordhaven Logistics", "devices.0.id": "nhv-mdk-fw1"}},
		{"/incidents", "/api/v1/incidents", map[string]string{"open": "4", "incidents.2.id": "INC-2026-0409"}},
		{"/statement/noordhaven?month=2026-05", "/api/v1/statement/noordhaven?month=2026-05", map[string]string{"services.0.availability_pct": "99.850314", "services.2.availability_if_unknown_down_pct": "99.317558", "services.2.coverage_pct": "99.382716"}},
		{"/maintenance", "/api/v1/maintenance", map[string]string{"maintenance.0.customer_name": "Poldermeer Water", "maintenance.1.flag": "short notice"}},
	} {
		page := plain(t, get(h, "noc", c.page).Body.String())
		var view any
		if err := json.Unmarshal(get(h, "noc", c.api).Body.Bytes(), &view); err != nil {
			t.Errorf("GET %s: %v", c.api, err)
			continue
		}
		for at, want := range c.want {
			if got := fmt.Sprint(dig(view, at)); got != want || !strings.Contains(page, want) {
				t.Errorf("GET %s has %s = %s, and the page says it: %v; want %s", c.api, at, got, strings.Contains(page, want), want)
			}
		}
	}
	var month any
	json.Unmarshal(get(h, "noc", "/api/v1/devices/noordhaven/nhv-mdk-fw1").Body.Bytes(), &month)
	for at, want := range map[string]float64{"month.agreed_s": 405738, "month.excluded_s": 2400, "month.down_s": 2526, "month.unknown_s": 0, "rounds.0.bin_s": 180, "rounds.0.median_us": 5200} {
		if got := dig(month, at); got != want {
			t.Errorf("%s = %v, want %v", at, got, want)
		}
	}
}

// dig follows a path of names and indices.
func dig(v any, path string) any {
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			var i int
			fmt.Sscan(step, &i)
			if i >= len(x) {
				return nil
			}
			v = x[i]
		}
	}
	return v
}

// TestJSONNames: every field of every view has a name in snake_case, times are times,
// and a duration says its unit.
func TestJSONNames(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var check func(reflect.Type)
	check = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] || typ.PkgPath() != reflect.TypeFor[web.Fleet]().PkgPath() || typ == reflect.TypeFor[web.Zone]() || typ == reflect.TypeFor[web.Plain]() { // these write themselves
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			f := typ.Field(i)
			check(f.Type)
			if f.Anonymous {
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" || name != strings.ToLower(name) {
				t.Errorf("%s.%s has the JSON name %q, want one in snake_case", typ, f.Name, name)
			}
			base := f.Type
			if base.Kind() == reflect.Pointer {
				base = base.Elem()
			}
			for unit, of := range map[string]reflect.Type{"_s": reflect.TypeFor[web.Seconds](), "_us": reflect.TypeFor[web.Micros](), "_pct": reflect.TypeFor[web.Pct]()} {
				if (base == of) != strings.HasSuffix(name, unit) {
					t.Errorf("%s.%s is a %s with the JSON name %q: %s and the ending %s belong together", typ, f.Name, base, name, of, unit)
				}
			}
		}
	}
	for _, v := range []any{web.Fleet{}, web.Device{}, web.Incidents{}, web.IncidentDetail{}, web.Maintenance{}} {
		check(reflect.TypeOf(v))
	}
	if len(seen) < 20 {
		t.Errorf("%d types were looked at, want at least 20", len(seen))
	}
}

// TestDownloads: the page offers every form of a statement, and each is what package
// statement writes, under a name that says what it is.
func TestDownloads(t *testing.T) {
	h := handler(t, nil)
	s := newWorld(t).mayStatement()
	for _, lang := range []statement.Language{statement.English, statement.Dutch} {
		page := "/statement/noordhaven?month=2026-05&lang=" + string(lang)
		links := map[string]string{}
		walk(parse(t, get(h, "noordhaven", page).Body.String()), func(n *html.Node) {
			if attr(n, "class") == "btn" {
				links[text(n)] = attr(n, "href")
			}
		})
		word := map[statement.Language]string{statement.English: "Text", statement.Dutch: "Tekst"}[lang]
		for _, c := range []struct {
			word   string
			format statement.Format
			kind   string
			name   string
		}{
			{"HTML", statement.FormatHTML, "text/html", "NHV-2026-05-v1." + string(lang) + ".html"},
			{word, statement.FormatText, "text/plain", "NHV-2026-05-v1." + string(lang) + ".txt"},
			{"CSV", statement.FormatCSV, "text/csv", "NHV-2026-05-v1.csv"},
			{"JSON", statement.FormatJSON, "application/json", "NHV-2026-05-v1.json"},
		} {
			w := get(h, "noordhaven", links[c.word])
			if w.Code != 200 || w.Body.String() != string(s.Render(c.format, lang)) {
				t.Errorf("%s leads to %q: %d, %.60q, want the %s in %s", c.word, links[c.word], w.Code, w.Body, c.format, lang)
			}
			if got := w.Header().Get("Content-Type"); got != c.kind+"; charset=utf-8" {
				t.Errorf("%s has the type %q, want %s", c.word, got, c.kind)
			}
			if got := w.Header().Get("Content-Disposition"); got != "attachment; filename="+c.name {
				t.Errorf("%s is sent as %q, want the file %s", c.word, got, c.name)
			}
			if other := get(h, "linde", links[c.word]); other.Code != 404 {
				t.Errorf("%s as another customer = %d, want 404", c.word, other.Code)
			}
		}
	}
	for _, lang := range []statement.Language{statement.English, statement.Dutch} {
		path := "/api/v1/statement/noordhaven?format=pdf&month=2026-05&lang=" + string(lang)
		if page := get(h, "noordhaven", "/statement/noordhaven?month=2026-05&lang="+string(lang)); !strings.Contains(page.Body.String(), strings.ReplaceAll("format=pdf&lang="+string(lang), "&", "&amp;")) {
			t.Errorf("the page in %s does not offer the PDF", lang)
		}
		want, err := pdf.Render(s, lang)
		if err != nil {
			t.Fatal(err)
		}
		w := get(h, "noordhaven", path)
		if w.Code != 200 || w.Header().Get("Content-Type") != "application/pdf" || w.Body.String() != string(want) {
			t.Errorf("the PDF in %s = %d, %s, %d bytes, want the one of the statement", lang, w.Code, w.Header().Get("Content-Type"), w.Body.Len())
		}
		if got := w.Header().Get("Content-Disposition"); got != "attachment; filename=NHV-2026-05-v1."+string(lang)+".pdf" {
			t.Errorf("the PDF is sent as %q", got)
		}
		if other := get(h, "linde", path); other.Code != 404 {
			t.Errorf("the PDF as another customer = %d, want 404", other.Code)
		}
	}
	plain := get(h, "noc", "/api/v1/statement/noordhaven?month=2026-05")
	if plain.Header().Get("Content-Disposition") != "" || plain.Body.String() != string(s.JSON()) {
		t.Error("the API sends a statement that nobody wants to keep as a file, or another one")
	}
	draft := get(h, "noc", "/api/v1/statement/noordhaven?format=json").Header().Get("Content-Disposition")
	if draft != "attachment; filename=noordhaven-2026-06-09-2026-06-09-draft.json" {
		t.Errorf("a draft is sent as %q", draft)
	}
	for _, query := range []string{"format=xml", "lang=fr"} {
		if w := get(h, "noc", "/api/v1/statement/noordhaven?"+query); w.Code != 400 || !strings.Contains(w.Body.String(), "allowed are") {
			t.Errorf("?%s = %d, %s, want 400 and what is allowed", query, w.Code, w.Body)
		}
	}
}

// TestMaintenanceCalendar: what the page lists is there as iCalendar, each customer his own.
func TestMaintenanceCalendar(t *testing.T) {
	h := handler(t, nil)
	if !strings.Contains(get(h, "noc", "/maintenance").Body.String(), `href="/api/v1/maintenance.ics"`) {
		t.Error("the page does not offer the calendar")
	}
	noc, linde := get(h, "noc", "/api/v1/maintenance.ics"), get(h, "linde", "/api/v1/maintenance.ics").Body.String()
	if noc.Code != 200 || noc.Header().Get("Content-Type") != "text/calendar; charset=utf-8" || strings.Count(noc.Body.String(), "BEGIN:VEVENT") < 2 || !strings.Contains(noc.Body.String(), "does not count") {
		t.Errorf("the calendar = %d, %s, %s", noc.Code, noc.Header().Get("Content-Type"), noc.Body)
	}
	if strings.Contains(strings.ToLower(linde), "noordhaven") || !strings.HasPrefix(linde, "BEGIN:VCALENDAR\r\n") {
		t.Errorf("linde's calendar = %s, want nothing of noordhaven", linde)
	}
	if w := get(h, "nobody", "/api/v1/maintenance.ics"); w.Code != 401 {
		t.Errorf("the calendar of nobody = %d, want 401", w.Code)
	}
}

// TestSheetTokens: the sheet brings the colours and sizes of the pages for when it
// stands alone. They are the same.
func TestSheetTokens(t *testing.T) {
	token := regexp.MustCompile(`(--[a-z0-9-]+):\s*([^;]+);`)
	tokens := func(css, after string) map[string]string {
		_, rest, ok := strings.Cut(css, after)
		if !ok {
			t.Fatalf("there is no %q in the style", after)
		}
		block, _, _ := strings.Cut(rest, "}")
		out := map[string]string{}
		for _, m := range token.FindAllStringSubmatch(block, -1) {
			out[m[1]] = m[2]
		}
		return out
	}
	pages := get(handler(t, nil), "noc", "/static/style.css").Body.String()
	sheet := statement.SheetCSS()
	for _, c := range []struct{ sheet, pages string }{
		{"\n.doc {", ":root, [data-theme=\"light\"] {"},
		{"  .doc {", `:root:not([data-theme="light"]) {`},
	} {
		want := tokens(pages, c.pages)
		got := tokens(sheet, c.sheet)
		if len(got) < 15 {
			t.Errorf("%d tokens stand after %q, want at least 15", len(got), c.sheet)
		}
		for name, value := range got {
			if want[name] != value {
				t.Errorf("%s is %s on a sheet and %s on the pages", name, value, want[name])
			}
		}
	}
}
