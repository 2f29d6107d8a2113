// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

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

// visible is what a reader sees of a document: no style, no titles of marks.
func visible(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	if n.DataAtom == atom.Style || n.Data == "title" || n.Data == "text" {
		return " "
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(visible(c))
		b.WriteString(" ")
	}
	return b.String()
}

func document(t *testing.T, s statement.Statement, l statement.Language) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(string(s.HTML(l))))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestHTMLSaysWhatTheTextSays compares all figures, times, names and identifiers: what
// stands in the text stands in the HTML, in the same language.
func TestHTMLSaysWhatTheTextSays(t *testing.T) {
	token := regexp.MustCompile(`[0-9A-Za-z][0-9A-Za-z.,:/+=-]*`)
	figure := regexp.MustCompile(`[0-9]`)
	for name, make := range map[string]func(testing.TB) statement.Input{"week": week, "running": running, "holiday": holiday} {
		s := statement.Build(make(t))
		for _, l := range []statement.Language{statement.English, statement.Dutch} {
			doc := visible(document(t, s, l))
			shown := map[string]bool{}
			for _, w := range token.FindAllString(doc, -1) {
				shown[strings.TrimRight(w, ".,:")] = true
			}
			n := 0
			for _, w := range token.FindAllString(string(s.Text(l)), -1) {
				w = strings.TrimRight(w, ".,:")
				if !figure.MatchString(w) {
					continue
				}
				if n++; !shown[w] {
					t.Errorf("%s, %s: the HTML does not say %q, which the text says", name, l, w)
				}
			}
			if n < 20 {
				t.Errorf("%s, %s: the text has %d figures, want at least 20", name, l, n)
			}
			for _, x := range s.Exclusions {
				if !strings.Contains(doc, x.Reason) {
					t.Errorf("%s, %s: the HTML does not give the reason of %s", name, l, x.ID)
				}
			}
		}
	}
}

// TestHTMLNeedsNothing: no script, no address, no style but its own element, and the
// structure that a reader without eyes needs.
func TestHTMLNeedsNothing(t *testing.T) {
	for name, make := range map[string]func(testing.TB) statement.Input{"week": week, "running": running, "holiday": holiday, "hostile": hostile} {
		for _, l := range []statement.Language{statement.English, statement.Dutch} {
			for _, problem := range examine(document(t, statement.Build(make(t)), l), l) {
				t.Errorf("%s, %s: %s", name, l, problem)
			}
		}
	}
}

func examine(doc *html.Node, l statement.Language) (problems []string) {
	bad := func(n *html.Node, what string) {
		var b strings.Builder
		_ = html.Render(&b, n)
		problems = append(problems, what+": "+b.String()[:min(160, b.Len())])
	}
	ids := map[string]int{}
	walk(doc, func(n *html.Node) {
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
	})
	level, h1 := 0, 0
	walk(doc, func(n *html.Node) {
		for _, a := range n.Attr {
			switch {
			case a.Key == "style", strings.HasPrefix(a.Key, "on"), a.Key == "src":
				bad(n, "attribute "+a.Key)
			case a.Key == "href" && (!strings.HasPrefix(a.Val, "#") || ids[a.Val[1:]] != 1):
				bad(n, "an address leads nowhere in the document")
			case a.Key == "aria-labelledby" && ids[a.Val] != 1:
				bad(n, "a part has no name")
			}
		}
		switch n.DataAtom {
		case atom.Script, atom.Link, atom.Img, atom.Iframe, atom.Object, atom.Form, atom.Base:
			bad(n, "an element that the document needs not")
		case atom.Html:
			if attr(n, "lang") != string(l) {
				bad(n, "the language is not said")
			}
		case atom.H1:
			h1++
		case atom.Table:
			if n.FirstChild == nil || n.FirstChild.DataAtom != atom.Caption {
				bad(n, "a table has no caption")
			}
		case atom.Th:
			if attr(n, "scope") == "" {
				bad(n, "a head of a table has no scope")
			}
		case atom.Svg:
			if attr(n, "aria-hidden") == "" && (attr(n, "role") != "img" || attr(n, "aria-label") == "") {
				bad(n, "a picture is neither named nor hidden")
			}
		}
		if len(n.Data) == 2 && n.Data[0] == 'h' && '1' <= n.Data[1] && n.Data[1] <= '6' {
			if now := int(n.Data[1] - '0'); now > level+1 {
				bad(n, "a level of headings is skipped")
			} else {
				level = now
			}
		}
	})
	if h1 != 1 {
		problems = append(problems, fmt.Sprintf("%d h1, want 1", h1))
	}
	for id, n := range ids {
		if n > 1 {
			problems = append(problems, fmt.Sprintf("the id %s stands %d times", id, n))
		}
	}
	return problems
}

// hostile has markup wherever somebody else chooses a text.
func hostile(t testing.TB) statement.Input {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>'</style></title></svg>{{.}}` + "\x00\u202e"
	in := week(t)
	in.Provider, in.Customer.Name, in.Customer.Contract, in.Number, in.Manifest = evil, evil, vouch.ContractID(evil), evil, evil
	in.Issue = &statement.Issue{Author: evil, Record: evil, Reason: evil}
	in.Checkpoint = &statement.Checkpoint{Origin: evil, Root: evil}
	in.Replaces.Reason = evil
	for i := range in.Customer.Services {
		in.Customer.Services[i].Name = evil
	}
	for i := range in.Known {
		in.Known[i].ID = evil
	}
	for i := range in.Devices {
		for j := range in.Devices[i].Decisions {
			in.Devices[i].Decisions[j].Reason, in.Devices[i].Decisions[j].Kind = evil, contract.ExclusionKind(evil)
		}
	}
	return in
}

// Every form is rendered as its name says.
func TestFormats(t *testing.T) {
	s := statement.Build(holiday(t))
	for name, begin := range map[string]string{"text": "BESCHIKBAARHEIDSVERKLARING\n", "html": "<!doctype html>\n<html lang=\"nl\"", "csv": "scope,id,name,", "json": "{\n  \"schema\": \"vouch-statement/1\""} {
		f, err := statement.ParseFormat(name)
		if got := string(s.Render(f, statement.Dutch)); err != nil || !strings.HasPrefix(got, begin) {
			t.Errorf("Render(%s) = %.60q, %v, want it to begin with %q", name, got, err, begin)
		}
	}
	if _, err := statement.ParseFormat("pdf"); err == nil {
		t.Error(`ParseFormat("pdf") is no error`)
	}
}

// A page may lead from the number of an incident to its own page of it.
func TestSheetLeads(t *testing.T) {
	s := statement.Build(week(t))
	sheet := string(s.Sheet(statement.English, func(id string) string { return "/incident/nhv/" + id }))
	if !strings.Contains(sheet, `<a class="nw" href="/incident/nhv/INC-0351">INC-0351</a>`) || strings.Contains(sheet, "<style") || strings.Contains(sheet, "<html") {
		t.Error("the sheet does not lead to the incident, or is more than an element")
	}
	if strings.Contains(string(s.HTML(statement.English)), "/incident/") {
		t.Error("the document leads to a page of the provider")
	}
}
