// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/statement"
)

// TestReadBack: what was written is read back, and is the same bytes again in every
// form: the JSON is all of a statement.
func TestReadBack(t *testing.T) {
	for name, make := range map[string]func(testing.TB) statement.Input{"week": week, "running": running, "holiday": holiday} {
		s := statement.Build(make(t))
		back, err := statement.Parse(s.JSON())
		if err != nil {
			t.Errorf("Parse(%s): %v", name, err)
			continue
		}
		for _, f := range []statement.Format{statement.FormatJSON, statement.FormatCSV, statement.FormatText, statement.FormatHTML} {
			for _, l := range []statement.Language{statement.English, statement.Dutch} {
				if got, want := back.Render(f, l), s.Render(f, l); !bytes.Equal(got, want) {
					t.Errorf("%s: read back, the %s in %s is another:\n%s\nwant\n%s", name, f, l, got, want)
				}
			}
		}
	}
}

// TestParseRefuses changes one thing at a time.
func TestParseRefuses(t *testing.T) {
	built := statement.Build(week(t))
	good, sum := string(built.JSON()), built.Replaces.SHA256
	long := strings.Repeat("x", statement.MaxReason+1)
	for _, c := range []struct{ was, is, says string }{
		{`"schema": "vouch-statement/1"`, `"schema": "vouch-statement/2"`, "schema"},
		{`"provider"`, `"extra": 1, "provider"`, "unknown field"},
		{`"provider"`, `"Provider"`, "canonical"},
		{`"provider": "Kade Managed Networks",`, "", "canonical"},
		{"\n  \"provider\"", "\n   \"provider\"", "canonical"},
		{"\n}\n", "\n}\n\n", "canonical"},
		{"\n}\n", "\n}", "canonical"},
		{"\n}\n", "\n}\n{}", "canonical"},
		{`"agreed_s": 259200`, `"agreed_s": 2592e2`, "agreed_s"},
		{`"state": "final"`, `"state": "finished"`, "allowed are draft"},
		{`"state": "final"`, `"state": "draft"`, "a draft has no number"},
		{`"number": "NHV-2026-W24",` + "\n  ", "", "has a number"},
		{`"version": 2,`, `"version": 3,`, "replaces the one before"},
		{`"version": 2,`, `"version": 1,`, "replaces the one before"},
		{`"nobody objected"`, `"` + long + `"`, "longer than"},
		{"AMS delivered", long, "longer than"},
		{sum, strings.Repeat("F", 64), "sha256"},
		{sum, sum[1:], "sha256"},
		{`"manifest_sha256": "5c1e`, `"manifest_sha256": "5c1g`, "manifest_sha256"},
		{`"root": "9m3Z`, `"root": "m3Z`, "checkpoint"},
		{`MtE0A="`, `MtE0B="`, "checkpoint"},
		{`"size": 1842119`, `"size": -1`, "checkpoint"},
		{`"origin": "kade.example/nhv"`, `"origin": ""`, "checkpoint"},
		{`"up_s": 1800,`, `"up_s": 9000000000000,`, "longer than any period"},
		{`"from": "2026-06-08T00:00:00+02:00"`, `"from": "2026-06-08T00:00:00Z"`, "instant"},
		{`"from": "2026-06-08T00:00:00+02:00"`, `"from": "2026-06-31T00:00:00+02:00"`, "instant"},
		{`"to": "2026-06-08T03:05:00+02:00"`, `"to": ""`, "instant"},
		{`"up_s": 247860`, `"up_s": 247861`, "agreed 259200 is not"},
		{`"down_s": 1740`, `"down_s": -1740`, "are possible"},
		{`"degraded_s": 0`, `"degraded_s": 2000000000000`, "are possible"},
		{`"availability_pct": "99.302884"`, `"availability_pct": "99.302885"`, "do not follow"},
		{`"availability_pct": "99.302884"`, `"availability_pct": "99.3"`, "percentage"},
		{`"coverage_pct": "99.284009"`, `"coverage_pct": null`, "do not follow"},
		{`"headline_pct": "99.302884"`, `"headline_pct": "99.900000"`, "headline_pct"},
		{`"headline_pct": "99.302884"`, `"headline_pct": "100.000001"`, "percentage"},
		{`"target_pct": "99.9"`, `"target_pct": "99.90"`, "target_pct"},
		{`"target_pct": "99.9"`, `"target_pct": "much"`, "target_pct"},
		{`"down_s": 1140`, `"down_s": 1141`, `"internet"`},
		{`"offsets": [`, `"offsets": null, "offset": [`, "unknown field"},
		{`"name": "CEST"`, `"Name": "CEST"`, "canonical"},
		{`"holidays": [` + "\n        \"2026-06-11\"", `"holidays": [` + "\n        \"2026-06-31\"", "date"},
		{`"Noordhaven Logistics"`, "\"Noordhaven\xffLogistics\"", "canonical"},
	} {
		bad := strings.Replace(good, c.was, c.is, 1)
		if bad == good {
			t.Errorf("the statement has no %q to change", c.was)
			continue
		}
		if _, err := statement.Parse([]byte(bad)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Parse with %.80q for %.60q = %v, want an error that says %q", c.is, c.was, err, c.says)
		}
	}
	huge := append([]byte(good[:40]), bytes.Repeat([]byte{' '}, statement.MaxJSON)...)
	if _, err := statement.Parse(huge); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("Parse of %d bytes = %v, want an error about the size", len(huge), err)
	}
	many := good[:strings.Index(good, `"devices": [`)] + `"devices": [{}` + strings.Repeat(",{}", 50_000) + "]}\n"
	if _, err := statement.Parse([]byte(many)); err == nil || !strings.Contains(err.Error(), "more objects") {
		t.Errorf("Parse of 50,000 empty devices = %v, want an error before they are read", err)
	}
}

// FuzzParse: whatever is taken is written again as it was, and can be shown.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"week", "running", "holiday"} {
		data, err := os.ReadFile(filepath.Join("testdata", name, "statement.json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := statement.Parse(data)
		if err != nil {
			return
		}
		if !bytes.Equal(s.JSON(), data) {
			t.Errorf("%q is written as %q", data, s.JSON())
		}
		for _, l := range []statement.Language{statement.English, statement.Dutch} {
			s.Text(l)
			s.HTML(l)
		}
		s.CSV()
		if d := statement.Difference(s, s); d.Shift != (statement.Shift{}) || len(d.Devices) > 0 {
			t.Errorf("a statement differs from itself by %+v", d)
		}
	})
}

// TestReplaces: version 2 names version 1 by its bytes and says what moved.
func TestReplaces(t *testing.T) {
	in := week(t)
	s, before := statement.Build(in), in.Replaces.Statement
	sum := sha256.Sum256(before.JSON())
	if s.Replaces.Version != 1 || s.Replaces.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("replaces version %d with hash %s, want 1 with that of its JSON, %x", s.Replaces.Version, s.Replaces.SHA256, sum)
	}
	want := statement.Shift{Up: 1800, Unknown: -1800}
	if d := s.Replaces.Difference; d.Shift != want || len(d.Devices) != 1 || d.Devices[0] != (statement.DeviceShift{Device: "vnl-pbx", Shift: want}) {
		t.Errorf("difference = %+v, want half an hour from unknown to up, of vnl-pbx alone", d)
	}
	read, err := statement.Parse(before.JSON())
	if err != nil {
		t.Fatal(err)
	}
	in.Replaces.Statement = read
	if again := statement.Build(in); !bytes.Equal(again.JSON(), s.JSON()) {
		t.Error("version 2 is another when version 1 was read back before")
	}
}

// Devices come and go between two versions.
func TestDifferenceOfDevices(t *testing.T) {
	figures := func(id string, up, down int64) statement.Subject {
		return statement.Subject{ID: id, Body: statement.Body{Figures: statement.Figures{Agreed: up + down, Up: up, Down: down}}}
	}
	earlier := statement.Statement{Devices: []statement.Subject{figures("gone", 5, 0), figures("same", 7, 1), figures("worse", 9, 0), figures("empty", 0, 0)}}
	later := statement.Statement{Devices: []statement.Subject{figures("worse", 6, 3), figures("new", 0, 4), figures("same", 7, 1)}}
	later.Body.Figures, earlier.Body.Figures = statement.Figures{Agreed: 3, Excluded: 1, Unknown: 2}, statement.Figures{Agreed: 4, Excluded: 4}
	got := statement.Difference(earlier, later)
	want := []statement.DeviceShift{
		{Device: "worse", Shift: statement.Shift{Up: -3, Down: 3}},
		{Device: "new", Shift: statement.Shift{Agreed: 4, Down: 4}},
		{Device: "gone", Shift: statement.Shift{Agreed: -5, Up: -5}},
	}
	if got.Shift != (statement.Shift{Agreed: -1, Excluded: -3, Unknown: 2}) || len(got.Devices) != 3 {
		t.Fatalf("Difference = %+v, want -1, -3 and +2 s and three devices", got)
	}
	for i, w := range want {
		if got.Devices[i] != w {
			t.Errorf("device %d moved by %+v, want %+v", i, got.Devices[i], w)
		}
	}
}

// A name cannot move the cursor or turn the line around.
func TestTextIsInert(t *testing.T) {
	in := holiday(t)
	in.Customer.Name = "Evil\x1b[2J\u202eCorp\x07\n\nISSUED"
	in.Customer.Sites = append(in.Customer.Sites, vouch.Site{ID: "x", Devices: []vouch.Device{{ID: "d\x9b1"}}})
	text := string(statement.Build(in).Text(statement.English))
	if strings.ContainsAny(text, "\x1b\u202e\x07\u009b") || strings.Contains(text, "\nISSUED") {
		t.Errorf("Text = %q holds what a terminal obeys", text)
	}
}
