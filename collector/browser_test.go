// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/people"
)

const passphrase = "correct horse battery staple"

// overTLS lets pages be served beyond loopback, where nobody reads who is not known,
// with passwords that cost little.
func overTLS(c *centre) {
	edit := c.edit
	c.edit = func(o *collector.Options) {
		o.Web, o.Cost = "0.0.0.0:0", people.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1}
		if edit != nil {
			edit(o)
		}
	}
}

// browser is one browser: it keeps cookies and follows no redirect.
type browser struct {
	t    *testing.T
	base string
	http *http.Client
	jar  *cookiejar.Jar
}

func (c *centre) browser() *browser {
	c.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	u, err := url.Parse(c.at.Web)
	if err != nil {
		c.t.Fatal(err)
	}
	b := &browser{t: c.t, base: u.Scheme + "://127.0.0.1:" + u.Port(), jar: jar}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	c.t.Cleanup(transport.CloseIdleConnections)
	b.http = &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return b
}

type received struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
	body    string
}

// ask sends a request whose header change has altered.
func (b *browser) ask(method, path string, form url.Values, change func(*http.Request)) received {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		req.Header.Set("Origin", b.base)
	}
	if change != nil {
		change(req)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return received{resp.StatusCode, resp.Header, resp.Cookies(), string(raw)}
}

func (b *browser) get(path string) received { b.t.Helper(); return b.ask("GET", path, nil, nil) }

func (b *browser) post(path string, form url.Values) received {
	b.t.Helper()
	return b.ask("POST", path, form, nil)
}

var tokenField = regexp.MustCompile(`name="token" value="([0-9a-f]{64})"`)

// token is what the form of a page carries.
func (p received) token(t *testing.T) string {
	t.Helper()
	m := tokenField.FindStringSubmatch(p.body)
	if m == nil {
		t.Fatalf("a page has no form token: %d %s", p.status, p.body)
	}
	return m[1]
}

func (b *browser) session() string {
	b.t.Helper()
	u, _ := url.Parse(b.base)
	for _, c := range b.jar.Cookies(u) {
		if strings.HasSuffix(c.Name, "vouch-session") {
			return c.Value
		}
	}
	return ""
}

func (b *browser) signIn(login, password string) received {
	b.t.Helper()
	form := b.get("/sign-in")
	return b.post("/sign-in", url.Values{"token": {form.token(b.t)}, "login": {login}, "password": {password}, "next": {"/account"}})
}

// link is the path of a one-time link.
func (b *browser) link(p admin.Person) string {
	b.t.Helper()
	u, err := url.Parse(p.Link)
	if err != nil || !strings.HasPrefix(u.Path, "/join/") {
		b.t.Fatalf("the link %q is none: %v", p.Link, err)
	}
	return u.Path
}

func (b *browser) join(p admin.Person, password string) received {
	b.t.Helper()
	form := b.get(b.link(p))
	return b.post(b.link(p), url.Values{"token": {form.token(b.t)}, "password": {password}, "again": {password}})
}

func (c *centre) invite(in admin.NewPerson) admin.Person {
	c.t.Helper()
	var p admin.Person
	if err := c.client().Post(c.t.Context(), admin.PathPeople, in, &p); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// person is a browser in which somebody of a role is signed in.
func (c *centre) person(in admin.NewPerson) (*browser, admin.Person) {
	c.t.Helper()
	b, p := c.browser(), c.invite(in)
	if got := b.join(p, passphrase); got.status != http.StatusSeeOther {
		c.t.Fatalf("join = %d %s", got.status, got.body)
	}
	if got := b.signIn(in.Login, passphrase); got.status != http.StatusSeeOther || got.header.Get("Location") != "/account" {
		c.t.Fatalf("sign in = %d %s", got.status, got.body)
	}
	return b, p
}
