// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/statement"
)

// TestInBrowser opens every page in Chromium at two widths and in both colour schemes:
// the text is there, nothing is wider than the screen, and the console stays silent
// (it would name every style, script or image that the policy refuses). Pictures go
// to the folder that VOUCH_SCREENSHOTS names.
func TestInBrowser(t *testing.T) {
	b := startBrowser(t)
	dir := os.Getenv("VOUCH_SCREENSHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	busy := httptest.NewServer(handler(t, nil))
	defer busy.Close()
	quiet := httptest.NewServer(handler(t, func(r *reader) { r.fleet = r.w.calm() }))
	defer quiet.Close()
	for _, p := range []struct{ name, url, text string }{
		{"fleet", busy.URL + "/", "3 devices are down. RTM is blind."},
		{"fleet-all", busy.URL + "/?rows=all", "page 1 of"},
		{"fleet-calm", quiet.URL + "/", "All 215 devices are up."},
		{"device", busy.URL + "/device/noordhaven/nhv-mdk-fw1?span=6h", "At most 1 can see it up; the contract needs 2."},
		{"device-7d", busy.URL + "/device/noordhaven/nhv-mdk-fw1?span=7d", "nhv-mdk-fw1"},
		{"incidents", busy.URL + "/incidents", "4 open incidents"},
		{"incident", busy.URL + "/incident/dehalm/INC-2026-0409", "dhl-ant-vg1 does not answer"},
		{"incident-closed", busy.URL + "/incident/noordhaven/INC-2026-0390", "2 devices did not answer"},
		{"statement", busy.URL + "/statement/noordhaven?month=2026-05", "99.850314"},
		{"statement-nl", busy.URL + "/statement/noordhaven?month=2026-05&lang=nl", "99,850314"},
		{"statement-short", busy.URL + "/statement/noordhaven", "85.185185"},
		{"report-incidents", busy.URL + "/report/incidents/noordhaven?month=2026-05", "target of 80"},
		{"report-base-nl", busy.URL + "/report/base/noordhaven?lang=nl", "Handtekening"},
		{"maintenance", busy.URL + "/maintenance", "1 work running, 2 works planned, 1 needs a look"},
		{"not-found", busy.URL + "/device/noordhaven/nobody", "There is no such page"},
	} {
		for _, width := range []int{1440, 390} {
			for _, scheme := range []string{"light", "dark"} {
				if os.Getenv("VOUCH_SCREENSHOTS") == "" && (scheme == "dark") != (width == 390) {
					continue // one of each is enough where nobody looks
				}
				name := fmt.Sprintf("%s-%d-%s", p.name, width, scheme)
				said := b.visit(p.url, width, scheme)
				if p.name == "not-found" {
					said = nil // the status itself is said
				}
				if len(said) > 0 {
					t.Errorf("%s: the console says %s", name, said)
				}
				var text string
				b.eval("document.body.innerText", &text)
				if plain := strings.ReplaceAll(text, "\u00a0", " "); !strings.Contains(plain, p.text) {
					t.Errorf("%s: the page does not say %q", name, p.text)
				}
				var wide int
				b.eval("document.documentElement.scrollWidth", &wide)
				if wide > width {
					t.Errorf("%s: the page is %d px wide, want at most %d", name, wide, width)
				}
				b.shoot(filepath.Join(dir, name+".png"))
			}
		}
	}
}

// TestDocumentInBrowser opens the document that a customer keeps, at the widths of a
// desk, a tablet, a phone and, as a printer sees it, of A4: nothing is wider than that,
// and the console stays silent.
func TestDocumentInBrowser(t *testing.T) {
	b := startBrowser(t)
	s := newWorld(t).mayStatement()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(s.HTML(statement.Language(r.URL.Path[1:])))
	}))
	defer srv.Close()
	for _, c := range []struct {
		lang          statement.Language
		width         int
		scheme, media string
	}{{"nl", 1440, "light", ""}, {"nl", 800, "dark", ""}, {"en", 390, "dark", ""}, {"nl", 390, "light", ""}, {"nl", 680, "dark", "print"}} {
		name := fmt.Sprintf("document-%s-%d-%s%s", c.lang, c.width, c.scheme, c.media)
		if said := b.visit(srv.URL+"/"+string(c.lang), c.width, c.scheme); len(said) > 0 {
			t.Errorf("%s: the console says %s", name, said)
		}
		var ink string
		if c.media != "" {
			b.do("Emulation.setEmulatedMedia", map[string]any{"media": c.media}, nil)
			b.eval("getComputedStyle(document.body).backgroundColor", &ink)
			if ink != "rgb(255, 255, 255)" {
				t.Errorf("%s: the paper is %s, want white", name, ink)
			}
		}
		var wide int
		b.eval("document.documentElement.scrollWidth", &wide)
		if wide > c.width {
			t.Errorf("%s: the document is %d px wide, want at most %d", name, wide, c.width)
		}
		if dir := os.Getenv("VOUCH_SCREENSHOTS"); dir != "" {
			b.shoot(filepath.Join(dir, name+".png"))
		}
	}
}

// moving is a reader whose fleet changes while a page is open.
type moving struct {
	*reader

	mu    sync.Mutex
	fleet web.Fleet
	fail  bool
}

func (m *moving) Fleet(_ context.Context, _ web.Viewer) (web.Fleet, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail {
		return web.Fleet{}, web.ErrUnavailable
	}
	return m.fleet, nil
}

// until waits for an expression to become true in the page.
func (b *browser) until(what, expression string) {
	b.t.Helper()
	var ok bool
	b.eval("new Promise(r => { const end = Date.now() + 15000, i = setInterval(() => { const ok = !!("+expression+
		"); if (ok || Date.now() > end) { clearInterval(i); r(ok) } }, 20) })", &ok)
	if !ok {
		var body string
		b.eval("document.body.innerText.slice(0, 600)", &body)
		b.t.Errorf("%s: not so within 15 s; the page says %q", what, body)
	}
}

// TestScript lets a page live: it takes over what changed, keeps the focus and open
// details, says what opened, filters while somebody types, and looks old when nothing
// comes any more.
func TestScript(t *testing.T) {
	b := startBrowser(t)
	w := newWorld(t)
	m := &moving{reader: &reader{w: w}, fleet: w.calm()}
	opts := options(w)
	opts.Refresh = 100 * time.Millisecond
	srv := httptest.NewServer(web.Handler(m, opts))
	defer srv.Close()

	b.visit(srv.URL+"/", 1440, "light")
	b.until("calm at first", "document.querySelector('h1').textContent.startsWith('All 215')")
	b.eval("document.querySelector('#q').focus(), 1", new(int))
	m.mu.Lock()
	m.fleet = w.fleet()
	m.mu.Unlock()
	b.until("the trouble appears by itself", "document.querySelector('h1').textContent.startsWith('3 devices are down')")
	b.until("what opened is announced", "document.querySelector('#say').textContent.includes('INC-2026-0412 opened')")
	b.until("the focus stays", "document.activeElement.id === 'q'")

	b.do("Input.insertText", map[string]any{"text": "genk"}, nil)
	b.until("typing filters", "document.querySelectorAll('.fleet tr:not(.cust) .name').length === 4")
	b.until("what was typed stays", "document.activeElement.value === 'genk' && location.search === '?q=genk'")
	b.eval("document.activeElement.blur(), 1", new(int))
	for _, kind := range []string{"keyDown", "keyUp"} {
		b.do("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": "/", "text": "/"}, nil)
	}
	b.until("a slash leads to the filter", "document.activeElement.id === 'q' && document.activeElement.value === 'genk'")

	m.mu.Lock()
	m.fail = true
	m.mu.Unlock()
	b.until("old data looks old", "document.querySelector('#stale')?.textContent.startsWith('No new data for')")
	m.mu.Lock()
	m.fail = false
	m.mu.Unlock()
	b.until("and new again", "!document.querySelector('#stale')")

	b.visit(srv.URL+"/device/noordhaven/nhv-mdk-fw1", 1440, "light")
	b.eval("(window.first = document.querySelector('h1'), document.querySelector('#d-lanes summary').click(), scrollTo(0, 120), 1)", new(int))
	b.until("a device's page is swapped, too", "window.first !== document.querySelector('h1')")
	b.until("details stay open", "document.querySelector('#d-lanes').open && scrollY === 120")
}
