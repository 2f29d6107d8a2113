// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement_test

import (
	"fmt"
	"regexp"
	"strconv"
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
		read, err := statement.Parse(s.JSON())
		if err != nil {
			t.Fatal(err)
		}
		for how, s := range map[string]statement.Statement{"built": s, "read back": read} {
			for _, l := range []statement.Language{statement.English, statement.Dutch} {
				shown := map[string]bool{}
				for _, w := range token.FindAllString(visible(document(t, s, l)), -1) {
					shown[strings.TrimRight(w, ".,:")] = true
				}
				n := 0
				for _, w := range token.FindAllString(string(s.Text(l)), -1) {
					w = strings.TrimRight(w, ".,:")
					if !figure.MatchString(w) {
						continue
					}
					if n++; !shown[w] {
						t.Errorf("%s, %s, %s: the HTML does not say %q, which the text says", name, how, l, w)
					}
				}
				if n < 20 {
					t.Errorf("%s, %s, %s: the text has %d figures, want at least 20", name, how, l, n)
				}
				for _, x := range s.Exclusions {
					if !strings.Contains(visible(document(t, s, l)), x.Reason) {
						t.Errorf("%s, %s: the HTML does not give the reason of %s", name, l, x.ID)
					}
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

// strips are the drawings of a document by their class.
func strips(doc *html.Node, class string) (out []*html.Node) {
	walk(doc, func(n *html.Node) {
		if n.DataAtom == atom.Svg && attr(n, "class") == class && attr(n, "role") == "img" {
			out = append(out, n)
		}
	})
	return out
}

// TestDrawn checks a device's strip by hand: where its marks are, and that they are said.
func TestDrawn(t *testing.T) {
	s := statement.Build(week(t))
	doc := document(t, s, statement.English)
	all := strips(doc, "strip")
	if len(all) != 3 {
		t.Fatalf("%d strips are drawn, want one for each device", len(all))
	}
	fw := all[0]
	if label := attr(fw, "aria-label"); !strings.HasPrefix(label, "mdk-fw1: down Tue 9 Jun 09:00:00 - 09:01:00, excluded Tue 9 Jun 22:00:00 - 23:00:00, down Wed 10 Jun 06:34:00 - 06:52:00") {
		t.Errorf("the strip of mdk-fw1 says %q", label)
	}
	var got []string
	walk(fw, func(n *html.Node) {
		if class := attr(n, "class"); n.Data == "rect" && class != "" {
			x, _ := strconv.ParseFloat(strings.TrimSuffix(attr(n, "x"), "%"), 64)
			w, _ := strconv.ParseFloat(strings.TrimSuffix(attr(n, "width"), "%"), 64)
			got = append(got, fmt.Sprintf("%s %.2f %.2f", class, x, w))
		}
	})
	// Of five days: Tuesday 22:00 is hour 46 of 120, Friday 20:00 hour 116; a minute is
	// drawn at the least width.
	want := []string{"kx 38.33 0.83", "kx 96.67 0.83", "kd 27.50 0.40", "kd 45.47 0.40"}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("the strip of mdk-fw1 has marks %v, want %v", got, want)
	}
	if months := strips(doc, "chart"); len(months) != 2 {
		t.Errorf("%d months are drawn, want one for each service", len(months))
	}
	read, err := statement.Parse(s.JSON())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(strips(document(t, read, statement.English), "strip")); n != 0 {
		t.Errorf("a statement that was read back draws %d strips, but it does not hold the seconds", n)
	}
}

// fleet is a month of many devices, each of which flaps on one of period days for a while.
func fleet(t testing.TB, devices, period, flaps int) statement.Input {
	t.Helper()
	tm := terms(t)
	tm.Windows = []contract.Window{{Days: contract.AllWeek, From: 0, To: 24 * 60}}
	versions := []contract.Version{{Number: 1, InForce: at(t, "2026-01-01T00:00:00+01:00"), Terms: tm}}
	month := span(t, "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00")
	in := statement.Input{Provider: "Kade", Versions: versions, Period: month, Now: at(t, "2026-11-02T09:00:00+01:00"),
		Customer: vouch.Customer{ID: "big", Name: "Big", Sites: []vouch.Site{{ID: "s"}}}}
	for n := range devices {
		id := vouch.DeviceID(fmt.Sprintf("rt%03d", n))
		in.Customer.Sites[0].Devices = append(in.Customer.Sites[0].Devices, vouch.Device{ID: id})
		d := statement.Device{ID: id}
		add := func(from, to contract.Second, state contract.State) {
			if from < to {
				d.Verdict = append(d.Verdict, contract.Segment{Span: contract.Span{From: from, To: to}, State: state, Version: 1})
			}
		}
		now := month.From
		if n%period == 0 {
			for k := range flaps {
				begin := month.From + contract.Second(k*(n%7+1))*600
				if begin+300 >= month.To {
					break
				}
				add(now, begin, contract.Up)
				add(begin, begin+contract.Second(200+n%50), contract.Down)
				now = begin + contract.Second(200+n%50)
			}
		}
		add(now, month.To, contract.Up)
		in.Devices = append(in.Devices, d)
	}
	return in
}

// TestManyDevices: devices that were up throughout are one line, long lists are folded,
// and flapping cannot make the document grow without end.
func TestManyDevices(t *testing.T) {
	calm := statement.Build(fleet(t, 1000, 100, 3))
	body := string(calm.HTML(statement.English))
	if n := len(strips(document(t, calm, statement.English), "strip")); n != 10 {
		t.Errorf("%d strips are drawn, want those of the 10 devices that were down", n)
	}
	if !strings.Contains(body, "990 devices") || len(body) > 120_000 {
		t.Errorf("the document has %d bytes; 990 calm devices said as one: %v", len(body), strings.Contains(body, "990 devices"))
	}
	for _, d := range calm.Devices {
		if !strings.Contains(body, d.Name) {
			t.Errorf("the document does not name %s", d.Name)
		}
	}
	busy := statement.Build(fleet(t, 1000, 1, 5))
	doc := document(t, busy, statement.Dutch)
	open, folded := 0, 0
	walk(doc, func(n *html.Node) {
		if attr(n, "class") != "strip" || n.DataAtom != atom.Svg {
			return
		}
		for up := n; up != nil; up = up.Parent {
			if up.DataAtom == atom.Details {
				folded++
				return
			}
		}
		open++
	})
	if open != 40 || folded != 960 {
		t.Errorf("%d strips stand open and %d are folded, want 40 and 960", open, folded)
	}
	if n := len(busy.HTML(statement.Dutch)); n > 2_500_000 {
		t.Errorf("the document of 1,000 devices with 5 outages each has %d bytes, want at most 2.5 MB", n)
	}
	flapping := statement.Build(fleet(t, 1, 1, 4000))
	if n := len(flapping.HTML(statement.English)); n > 200_000 || len(flapping.Devices[0].Outages) < 4000 {
		t.Errorf("the document of a device with %d outages has %d bytes, want at most 200,000", len(flapping.Devices[0].Outages), n)
	}
}

// TestPeriods draws a day, a day of the clock change, a year, and time that does not
// count yet.
func TestPeriods(t *testing.T) {
	for _, c := range []struct {
		name, from, to string
		charts, strips int
		labels         string
	}{
		{"a day", "2026-10-05T00:00:00+02:00", "2026-10-06T00:00:00+02:00", 0, 2, "00:00 04:00 08:00 12:00 16:00 20:00"},
		{"the longest day", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 0, 2, "00:00 04:00 08:00 12:00 16:00 20:00"},
		{"two days", "2026-10-24T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 1, 1, "00:00 06:00 12:00 18:00 00:00 06:00 12:00 18:00"},
		{"a month", "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00", 1, 1, "1 Oct 5 Oct 9 Oct 13 Oct 17 Oct 21 Oct 25 Oct 29 Oct"},
		{"a quarter", "2026-10-01T00:00:00+02:00", "2027-01-01T00:00:00+01:00", 0, 2, "1 Oct 15 Oct 29 Oct 12 Nov 26 Nov 10 Dec 24 Dec"},
		{"a year", "2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00", 0, 2, "Jan 2026 Apr 2026 Jul 2026 Oct 2026"},
	} {
		in := fleet(t, 1, 1, 3)
		in.Period, in.Now = span(t, c.from, c.to), at(t, "2027-02-01T00:00:00+01:00")
		in.Devices[0].Verdict = []contract.Segment{{Span: contract.Span{From: in.Period.From, To: in.Period.From + 600}, State: contract.Down, Version: 1},
			{Span: contract.Span{From: in.Period.From + 600, To: in.Period.To}, State: contract.Up, Version: 1}}
		doc := document(t, statement.Build(in), statement.English)
		if a, b := len(strips(doc, "chart")), len(strips(doc, "strip")); a != c.charts || b != c.strips {
			t.Errorf("%s: %d charts of days and %d strips, want %d and %d", c.name, a, b, c.charts, c.strips)
		}
		var labels []string
		walk(doc, func(n *html.Node) {
			if attr(n, "class") == "axis" && labels == nil {
				walk(n, func(x *html.Node) {
					if x.Data == "text" {
						labels = append(labels, x.FirstChild.Data)
					}
				})
			}
		})
		if got := strings.Join(labels, " "); got != c.labels {
			t.Errorf("%s: the axis says %q, want %q", c.name, got, c.labels)
		}
	}
	doc := document(t, statement.Build(running(t)), statement.English)
	var widths []string
	walk(strips(doc, "strip")[0].Parent.Parent.Parent, func(n *html.Node) {
		if n.Data == "rect" && attr(n, "class") == "kd" {
			widths = append(widths, attr(n, "x"))
		}
	})
	if len(widths) == 0 || widths[0] != "47.92%" { // 11:30 of a day that is not over
		t.Errorf("the outage of the running day begins at %v, want 47.92%%", widths)
	}
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
