// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// everyPage is every address with a page of its own, as the NOC asks for it.
func everyPage() []string {
	return []string{
		"/", "/?rows=all", "/?rows=all&page=2", "/?rows=trouble", "/?state=down", "/?customer=oostveen", "/?q=nobody", "/?wall",
		"/device/noordhaven/nhv-mdk-fw1", "/device/noordhaven/nhv-mdk-fw1?span=10m", "/device/noordhaven/nhv-mdk-fw1?span=7d",
		"/incidents", "/incidents?state=closed", "/incident/dehalm/INC-2026-0409", "/incident/noordhaven/INC-2026-0390",
		"/statement/noordhaven", "/statement/noordhaven?month=2026-05", "/statement/noordhaven?month=2026-05&lang=nl",
		"/maintenance", "/nowhere",
	}
}

// get asks a handler for a path as somebody.
func get(h http.Handler, who, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("X-Test-Viewer", who)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// parse reads a page the way a browser does.
func parse(t *testing.T, body string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// walk visits every element.
func walk(n *html.Node, visit func(*html.Node)) {
	if n.Type == html.ElementNode {
		visit(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, visit)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(text(c))
	}
	return b.String()
}

// plain is the text of a page with ordinary spaces.
func plain(t *testing.T, body string) string {
	return strings.ReplaceAll(text(parse(t, body)), "\u00a0", " ")
}

// TestStructure checks what every page must hold, whatever it shows.
func TestStructure(t *testing.T) {
	h := handler(t, nil)
	for _, path := range everyPage() {
		t.Run(path, func(t *testing.T) {
			body := get(h, "noc", path).Body.String()
			if len(body) >= 100_000 {
				t.Errorf("the page has %d bytes, want fewer than 100000", len(body))
			}
			p := examine(parse(t, body))
			if p.h1 != 1 {
				t.Errorf("the page has %d h1, want 1", p.h1)
			}
			for _, problem := range p.problems {
				t.Error(problem)
			}
		})
	}
}

// page collects what is wrong with one.
type page struct {
	h1       int
	problems []string
}

var external = regexp.MustCompile(`(?i)^\s*([a-z]+:|//)`)

func examine(doc *html.Node) page {
	var p page
	bad := func(n *html.Node, what string) {
		var b strings.Builder
		html.Render(&b, n)
		p.problems = append(p.problems, what+": "+b.String()[:min(200, b.Len())])
	}
	ids, labels, symbols := map[string]int{}, map[string]bool{}, map[string]bool{}
	walk(doc, func(n *html.Node) {
		if id := attr(n, "id"); id != "" {
			ids[id]++
			if ids[id] == 2 {
				bad(n, "the id stands twice")
			}
		}
		if n.DataAtom == atom.Label {
			labels[attr(n, "for")] = true
		}
		if n.Data == "symbol" {
			symbols["#"+attr(n, "id")] = true
		}
	})
	level := 0
	walk(doc, func(n *html.Node) {
		if len(n.Data) == 2 && n.Data[0] == 'h' && '1' <= n.Data[1] && n.Data[1] <= '6' {
			if l := int(n.Data[1] - '0'); l > level+1 {
				bad(n, "a level of headings is skipped")
			} else {
				level = l
			}
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style", strings.HasPrefix(a.Key, "on"):
				bad(n, "the policy refuses the attribute "+a.Key)
			case (a.Key == "href" || a.Key == "src" || a.Key == "action") && external.MatchString(a.Val):
				bad(n, "an address leads elsewhere")
			}
		}
		switch n.DataAtom {
		case atom.H1:
			p.h1++
		case atom.Style:
			bad(n, "the policy refuses a style element")
		case atom.Script:
			if attr(n, "src") == "" || n.FirstChild != nil {
				bad(n, "the policy refuses an inline script")
			}
		case atom.Input, atom.Select, atom.Textarea:
			if attr(n, "type") != "hidden" && !labels[attr(n, "id")] {
				bad(n, "a control has no label")
			}
		case atom.Th:
			if attr(n, "scope") == "" {
				bad(n, "a head of a table has no scope")
			}
		case atom.Table:
			if n.FirstChild == nil || n.FirstChild.DataAtom != atom.Caption {
				bad(n, "a table has no caption")
			}
		case atom.A:
			if strings.TrimSpace(text(n)) == "" {
				bad(n, "a link has no text")
			}
		case atom.Svg:
			if attr(n, "aria-hidden") == "" && (attr(n, "role") != "img" || attr(n, "aria-label") == "") && n.Parent.DataAtom != atom.Svg {
				bad(n, "a picture is neither named nor hidden")
			}
		}
		if n.Data == "use" && !symbols[attr(n, "href")] {
			bad(n, "the sprite lacks a symbol")
		}
		if n.DataAtom == atom.Nav && attr(n, "aria-label") == "" {
			bad(n, "a navigation has no name")
		}
		if id := attr(n, "aria-labelledby"); id != "" && ids[id] == 0 {
			bad(n, "the name of a part is missing")
		}
	})
	return p
}

// TestHeaders: the policy stands on every answer, and nothing of a customer's may be
// kept by a cache.
func TestHeaders(t *testing.T) {
	h := handler(t, nil)
	const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
	for _, path := range append(everyPage(), "/api/v1/fleet", "/api/v1/nothing", "/static/style.css") {
		head := get(h, "noc", path).Header()
		for name, want := range map[string]string{"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"} {
			if got := head.Get(name); got != want {
				t.Errorf("GET %s: %s = %q, want %q", path, name, got, want)
			}
		}
		if got := head.Get("Cache-Control"); !strings.HasPrefix(path, "/static/") && got != "no-store" {
			t.Errorf("GET %s: Cache-Control = %q, want no-store", path, got)
		}
	}
}

// TestStatic: files that a page names may be kept for ever, and are checked otherwise.
func TestStatic(t *testing.T) {
	h := handler(t, nil)
	found := 0
	walk(parse(t, get(h, "noc", "/").Body.String()), func(n *html.Node) {
		url := attr(n, "href") + attr(n, "src")
		if n.DataAtom != atom.Link && n.DataAtom != atom.Script {
			return
		}
		found++
		w := get(h, "nobody", url) // before anybody signs in
		if got := w.Header().Get("Cache-Control"); w.Code != 200 || !strings.Contains(got, "immutable") {
			t.Errorf("GET %s = %d, Cache-Control %q, want 200 and immutable", url, w.Code, got)
		}
		bare, _, _ := strings.Cut(url, "?")
		r := httptest.NewRequest("GET", bare, nil)
		r.Header.Set("If-None-Match", w.Header().Get("ETag"))
		again := httptest.NewRecorder()
		h.ServeHTTP(again, r)
		if again.Code != http.StatusNotModified {
			t.Errorf("GET %s with its ETag = %d, want %d", bare, again.Code, http.StatusNotModified)
		}
	})
	if found != 3 {
		t.Errorf("the page names %d files, want 3", found)
	}
	if n := get(h, "noc", "/static/vouch.js").Body.Len(); n > 3072 {
		t.Errorf("the script has %d bytes, want at most 3072", n)
	}
	for _, path := range []string{"/static/", "/static/../web.go", "/static/none.css"} {
		if w := get(h, "noc", path); w.Code == 200 {
			t.Errorf("GET %s = 200, want an error", path)
		}
	}
}

// TestDarkTokens: the dark colours stand twice in the style sheet, for the system's
// wish and for the attribute. They are the same.
func TestDarkTokens(t *testing.T) {
	css := get(handler(t, nil), "noc", "/static/style.css").Body.String()
	_, media, ok1 := strings.Cut(css, `:root:not([data-theme="light"]) {`)
	_, attribute, ok2 := strings.Cut(css, `[data-theme="dark"] {`)
	if !ok1 || !ok2 {
		t.Fatal("the style sheet lacks one of the dark lists")
	}
	media, _, _ = strings.Cut(media, "}")
	attribute, _, _ = strings.Cut(attribute, "}")
	if a, b := strings.Fields(media), strings.Fields(attribute); strings.Join(a, " ") != strings.Join(b, " ") {
		t.Errorf("the dark lists differ:\n%v\n%v", a, b)
	}
}
