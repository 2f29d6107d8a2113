// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

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

// A device that was leased for half of the month has no service time before.
func TestLease(t *testing.T) {
	in := fleet(t, 2, 1, 3)
	half := at(t, "2026-10-16T12:30:00+02:00")
	in.Devices[1].Verdict = []contract.Segment{{Span: contract.Span{From: in.Period.From, To: half}, State: contract.NotMeasured, Version: 1},
		{Span: contract.Span{From: half, To: half + 600}, State: contract.Down, Version: 1}, {Span: contract.Span{From: half + 600, To: in.Period.To}, State: contract.Up, Version: 1}}
	s := statement.Build(in)
	if n := s.Devices[1].NotLeased; len(n) != 1 || n[0] != (statement.Stretch{From: s.From, To: "2026-10-16T12:30:00+02:00"}) || len(s.Devices[0].NotLeased) != 0 {
		t.Errorf("not measured times = %v, want those of the second device before its lease", n)
	}
	doc := document(t, s, statement.English)
	served := map[string]string{}
	walk(doc, func(n *html.Node) {
		if n.Data == "symbol" && strings.HasPrefix(attr(n, "id"), "vh-") {
			served["#"+attr(n, "id")] = attr(n.FirstChild, "x") + " " + attr(n.FirstChild, "width")
		}
	})
	var got []string
	for _, strip := range strips(doc, "strip") {
		got = append(got, served[attr(strip.FirstChild, "href")])
	}
	if len(got) != 2 || got[0] != "0% 100%" || got[1] != "50% 50%" {
		t.Errorf("service time is drawn at %v, want all of the month for one device and half of it for the other", got)
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
