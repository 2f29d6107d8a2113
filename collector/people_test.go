// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/evidence"
)

// TestSignInPages: who is not known is led to the form, gets a new session in a cookie
// that nothing else can read or plant, and leaves.
func TestSignInPages(t *testing.T) {
	c := newCentreOf(t, overTLS)
	b := c.browser()
	if got := b.get("/incidents?state=open"); got.status != http.StatusSeeOther || got.header.Get("Location") != "/sign-in?next=%2Fincidents%3Fstate%3Dopen" {
		t.Errorf("a page for a stranger = %d to %s, want the form, with the way back", got.status, got.header.Get("Location"))
	}
	if got := b.get("/api/v1/fleet"); got.status != http.StatusUnauthorized {
		t.Errorf("the API for a stranger = %d, want 401", got.status)
	}
	p := c.invite(admin.NewPerson{Login: "ada", Role: "noc"})
	if got := b.get(b.link(p)); got.header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(got.body, `value="ada"`) {
		t.Errorf("the page of a link: Referrer-Policy %q, %s", got.header.Get("Referrer-Policy"), got.body)
	}
	if got := b.join(p, "short"); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "too short") {
		t.Errorf("a short password = %d, want 422 with a sentence", got.status)
	}
	if got := b.join(p, passphrase); got.status != http.StatusSeeOther {
		t.Fatalf("join = %d %s", got.status, got.body)
	}
	if got := b.get(b.link(p)); got.status != http.StatusGone || strings.Contains(got.body, "<form") {
		t.Errorf("a link after its use = %d, want 410 without a form", got.status)
	}
	dutch := b.ask("GET", "/sign-in", nil, func(r *http.Request) { r.Header.Set("Accept-Language", "nl-NL,nl;q=0.9") })
	if !strings.Contains(dutch.body, "Wachtwoord") || !strings.Contains(dutch.body, `lang="nl"`) {
		t.Error("the form is not Dutch for a Dutch browser")
	}

	// What somebody planted is not what signs in.
	u, _ := url.Parse(b.base)
	b.jar.SetCookies(u, []*http.Cookie{{Name: "__Host-vouch-session", Value: "planted", Path: "/", Secure: true}})
	got := b.signIn("ada", passphrase)
	if got.status != http.StatusSeeOther || b.session() == "planted" || b.session() == "" {
		t.Fatalf("sign in = %d, session %q, want a new one", got.status, b.session())
	}
	var set string
	for _, line := range got.header.Values("Set-Cookie") {
		if strings.HasPrefix(line, "__Host-vouch-session=") {
			set = line
		}
	}
	for _, attr := range []string{"; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"} {
		if !strings.Contains(set, attr) {
			t.Errorf("the cookie %q lacks %q", set, attr)
		}
	}
	if strings.Contains(set, "Domain") {
		t.Errorf("the cookie %q is for a whole domain", set)
	}
	first := b.session()
	if b.signIn("ada", passphrase); b.session() == first {
		t.Error("signing in again keeps the session")
	}
	old := c.browser()
	old.jar.SetCookies(u, []*http.Cookie{{Name: "__Host-vouch-session", Value: first, Path: "/", Secure: true}})
	if got := old.get("/account"); got.status != http.StatusSeeOther {
		t.Errorf("the session before signing in again = %d, want it over", got.status)
	}
	account := b.get("/account")
	if account.status != http.StatusOK || !strings.Contains(account.body, p.ID) {
		t.Fatalf("account = %d %s", account.status, account.body)
	}
	other := c.browser()
	other.signIn("ada", passphrase)
	if got := b.post("/sign-out", url.Values{"token": {account.token(t)}, "everywhere": {"1"}}); got.status != http.StatusSeeOther {
		t.Errorf("sign out = %d", got.status)
	}
	for _, x := range []*browser{b, other} {
		if got := x.get("/account"); got.status != http.StatusSeeOther {
			t.Errorf("account after signing out everywhere = %d, want the form", got.status)
		}
	}
	c.wantEvents("invited", "joined", "signed-in", "signed-in", "signed-out", "signed-in", "signed-out-everywhere")
}

// wantEvents insists on what the provider's ledger says of accounts, and that it names
// neither person nor place.
func (c *centre) wantEvents(want ...string) {
	c.t.Helper()
	var got []string
	for _, rec := range c.records(vouch.Provider, evidence.KindAccountEvent) {
		var body struct{ Event string }
		_, line, _ := strings.Cut(rec, "\n\n")
		line, _, _ = strings.Cut(line, "\n")
		if err := json.Unmarshal([]byte(line), &body); err != nil {
			c.t.Fatalf("%v: %s", err, rec)
		}
		got = append(got, body.Event)
		for _, private := range []string{"ada", "127.0.0.1"} {
			if strings.Contains(rec, private) {
				c.t.Errorf("a record names %q: %s", private, rec)
			}
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.t.Errorf("account events = %q, want %q", got, want)
	}
}

// TestForgedForms: what another site sends, what carries no token or another's, and
// what is too long changes nothing.
func TestForgedForms(t *testing.T) {
	c := newCentreOf(t, overTLS)
	ada, _ := c.person(admin.NewPerson{Login: "ada", Role: "noc"})
	bob, _ := c.person(admin.NewPerson{Login: "bob", Role: "noc"})
	token, stranger := ada.get("/account").token(t), c.browser()
	signIn := stranger.get("/sign-in").token(t)
	for _, forged := range []struct {
		name   string
		by     *browser
		path   string
		form   url.Values
		change func(*http.Request)
	}{
		{"cross-site", ada, "/sign-out", url.Values{"token": {token}}, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }},
		{"another host of the site", ada, "/sign-out", url.Values{"token": {token}}, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }},
		{"another origin, of an old browser", ada, "/sign-out", url.Values{"token": {token}}, func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://evil.example")
		}},
		{"no token", ada, "/sign-out", url.Values{}, nil},
		{"an empty token", ada, "/sign-out", url.Values{"token": {""}}, nil},
		{"another's token", ada, "/sign-out", url.Values{"token": {bob.get("/account").token(t)}}, nil},
		{"the token in the address", ada, "/sign-out?token=" + token, url.Values{}, nil},
		{"too long", ada, "/sign-out", url.Values{"token": {token}, "x": {strings.Repeat("x", 70000)}}, nil},
		{"no session", stranger, "/sign-out", url.Values{"token": {token}}, nil},
		{"signing in by another site", stranger, "/sign-in", url.Values{"token": {signIn}, "login": {"ada"}, "password": {passphrase}}, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }},
		{"signing in without a token", stranger, "/sign-in", url.Values{"login": {"ada"}, "password": {passphrase}}, nil},
		{"signing in with a session's token", stranger, "/sign-in", url.Values{"token": {token}, "login": {"ada"}, "password": {passphrase}}, nil},
	} {
		if got := forged.by.ask("POST", forged.path, forged.form, forged.change); got.status != http.StatusForbidden || !strings.Contains(got.body, "cannot be taken") {
			t.Errorf("%s: %d, want 403 with a sentence", forged.name, got.status)
		}
	}
	if got := ada.get("/account"); got.status != http.StatusOK {
		t.Errorf("ada's account after all that = %d, want it as before", got.status)
	}
	if stranger.session() != "" {
		t.Error("a stranger was signed in")
	}
	for _, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", ""} {
		form := stranger.get("/sign-in?next=" + url.QueryEscape(next))
		got := stranger.post("/sign-in", url.Values{"token": {form.token(t)}, "login": {"ada"}, "password": {passphrase}, "next": {next}})
		if got.status != http.StatusSeeOther || got.header.Get("Location") != "/" {
			t.Errorf("signing in with next %q leads to %q, want /", next, got.header.Get("Location"))
		}
	}
}

// TestGuessing: over HTTP, guessing is held back and told when to come again; a known
// name and an unknown one get the same bytes.
func TestGuessing(t *testing.T) {
	c := newCentreOf(t, overTLS)
	c.person(admin.NewPerson{Login: "known-name", Role: "noc"})
	strip := func(p received, login string) string {
		return strings.ReplaceAll(tokenField.ReplaceAllString(p.body, ""), login, "NAME")
	}
	b := c.browser()
	for n := range 6 {
		known, unknown := b.signIn("known-name", "a wrong guess"), b.signIn("other-name", "a wrong guess")
		want := http.StatusUnauthorized
		if n == 5 {
			want = http.StatusTooManyRequests
		}
		if known.status != want || unknown.status != want || strip(known, "known-name") != strip(unknown, "other-name") {
			t.Errorf("guess %d = %d and %d, want %d and the same page", n, known.status, unknown.status, want)
		}
		if (n == 5) != (known.header.Get("Retry-After") != "") {
			t.Errorf("guess %d: Retry-After %q", n, known.header.Get("Retry-After"))
		}
	}
}

// TestStolenCookie: a reset at the socket ends what a thief has.
func TestStolenCookie(t *testing.T) {
	c := newCentreOf(t, overTLS)
	thief, _ := c.person(admin.NewPerson{Login: "ada", Role: "noc"})
	var p admin.Person
	if err := c.client().Post(t.Context(), admin.PathPeopleReset, admin.ResetPerson{Login: "ada"}, &p); err != nil {
		t.Fatal(err)
	}
	if got := thief.get("/account"); got.status != http.StatusSeeOther {
		t.Errorf("the thief's page after a reset = %d, want the form", got.status)
	}
	if got := thief.get("/api/v1/fleet"); got.status != http.StatusUnauthorized {
		t.Errorf("the thief's API after a reset = %d, want 401", got.status)
	}
	c.halt()
	c.start()
	if got := c.browser().join(p, "another good password"); got.status != http.StatusSeeOther {
		t.Errorf("the reset link after a restart = %d", got.status)
	}
}

// TestTokenEnds: a token is good for the days that were asked for.
func TestTokenEnds(t *testing.T) {
	c := newCentreOf(t, overTLS)
	var k admin.Token
	if err := c.client().Post(t.Context(), admin.PathTokens, admin.NewToken{Role: "noc", Days: 2}, &k); err != nil {
		t.Fatal(err)
	}
	ask := func() int {
		return c.browser().ask("GET", "/api/v1/fleet", nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+k.Secret) }).status
	}
	if got := ask(); got != http.StatusOK {
		t.Errorf("a new token = %d", got)
	}
	c.behind.Store(-int64(k.Expires.Sub(k.Created)))
	if got := ask(); got != http.StatusUnauthorized {
		t.Errorf("a token at its end = %d, want 401", got)
	}
	c.behind.Store(0)
	for _, days := range []int{-1, 3651} {
		err := c.client().Post(t.Context(), admin.PathTokens, admin.NewToken{Role: "noc", Days: days}, nil)
		refused(t, "a token for too long", err, "1 to 3650")
	}
}

// TestInvitesRefused: an invite that says too much or too little is refused in words.
func TestInvitesRefused(t *testing.T) {
	c := newCentreOf(t, overTLS)
	c.invite(admin.NewPerson{Login: "ada", Role: "noc"})
	for _, bad := range []struct {
		in   admin.NewPerson
		says string
	}{
		{admin.NewPerson{Login: "bob", Role: "root"}, "allowed are noc, contract-manager"},
		{admin.NewPerson{Login: "bob", Role: "customer"}, "--customer ID"},
		{admin.NewPerson{Login: "bob", Role: "customer", Customer: "nobody"}, "--customer ID"},
		{admin.NewPerson{Login: "bob", Role: "noc", Customer: "acme"}, "leave out --customer"},
		{admin.NewPerson{Login: "Bob Jones", Role: "noc"}, "lower-case letters"},
		{admin.NewPerson{Login: "ada", Role: "noc"}, "vouch people reset"},
		{admin.NewPerson{Login: "bob", Role: "noc", SameAs: "bob"}, "uid:1000"},
	} {
		refused(t, fmt.Sprintf("invite %+v", bad.in), c.client().Post(t.Context(), admin.PathPeople, bad.in, nil), bad.says)
	}
	refused(t, "reset of nobody", c.client().Post(t.Context(), admin.PathPeopleReset, admin.ResetPerson{Login: "eve"}, nil), "vouch people list")
}

// TestFirstLink: the first start tells a link, each start another, until it was used.
func TestFirstLink(t *testing.T) {
	var links []string
	c := newCentreOf(t, func(c *centre) {
		c.edit = func(o *collector.Options) { o.First = func(link string) { links = append(links, link) } }
		overTLS(c)
	})
	c.halt()
	c.start()
	if len(links) != 2 || links[0] == links[1] {
		t.Fatalf("links of two starts = %q, want two", links)
	}
	b := c.browser()
	if got := b.get(b.link(admin.Person{Link: links[0]})); got.status != http.StatusGone {
		t.Errorf("the link of the first start = %d, want 410", got.status)
	}
	path := b.link(admin.Person{Link: links[1]})
	form := b.get(path)
	if got := b.post(path, url.Values{"token": {form.token(t)}, "login": {"ada"}, "password": {passphrase}, "again": {passphrase}}); got.status != http.StatusSeeOther {
		t.Fatalf("join = %d %s", got.status, got.body)
	}
	if got := b.signIn("ada", passphrase); got.status != http.StatusSeeOther {
		t.Errorf("sign in = %d", got.status)
	}
	c.halt()
	c.start()
	if len(links) != 2 {
		t.Error("a start told a link while somebody has an account")
	}
}
