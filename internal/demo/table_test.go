// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/internal/demo"
)

var update = flag.Bool("update", false, "write the golden files anew")

// busyView is a live view in the middle of the script.
func busyView() admin.Live {
	live := liveAt(12*time.Second, slices.Concat(
		everywhere("south-firewall", "down"), everywhere("north-phones", "degraded"), everywhere("south-router", "down"), blind("ams"),
		[]string{"south-firewall down", "north-phones down", "south-router maintenance", "rtm north-firewall down", "hq south-phones down"},
	)...)
	to := began.Add(7 * time.Second)
	live.Incidents = []admin.Incident{
		{ID: "INC-2026-0003", Devices: []vouch.DeviceID{"north-phones"}, Status: incident.Open, From: began.Add(9 * time.Second), Witnesses: []vouch.LocationID{"ams", "bru", "rtm"}},
		{ID: "INC-2026-0002", Devices: []vouch.DeviceID{"south-firewall"}, Status: incident.Open, From: began.Add(6 * time.Second), Witnesses: []vouch.LocationID{"bru", "rtm"}},
		{ID: "INC-2026-0001", Devices: []vouch.DeviceID{"north-router"}, Status: incident.Closed, From: began.Add(2 * time.Second), To: &to, Counted: 5, Witnesses: []vouch.LocationID{"ams", "bru", "rtm"}},
	}
	return live
}

func busyDeeds() []demo.Deed {
	_, _, deeds := played()
	return slices.DeleteFunc(deeds, func(d demo.Deed) bool { return d.At > 8*time.Second })
}

func TestRenderGolden(t *testing.T) {
	pace := demo.PaceOf(20 * time.Second)
	busy := busyView()
	for _, tc := range []struct {
		name          string
		width, height int
		lines         func(w, h int) []string
	}{
		{"start-80", 80, 24, func(w, h int) []string {
			return demo.Render(demo.Frame(pace, began, time.Time{}, nil, nil), w, h, false)
		}},
		{"busy-80", 80, 24, func(w, h int) []string {
			return demo.Render(demo.Frame(pace, began.Add(12*time.Second), began, busyDeeds(), &busy), w, h, false)
		}},
		{"busy-120", 120, 40, func(w, h int) []string {
			return demo.Render(demo.Frame(pace, began.Add(12*time.Second), began, busyDeeds(), &busy), w, h, false)
		}},
		{"color-80", 80, 40, func(w, h int) []string {
			return demo.Render(demo.Frame(pace, began.Add(12*time.Second), began, busyDeeds(), &busy), w, h, true)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lines := tc.lines(tc.width-1, tc.height-1)
			fits(t, lines, tc.width-1, tc.height-1)
			got := strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "\x1b", "ESC")
			file := filepath.Join("testdata", tc.name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("render(%s) =\n%s\nwant\n%s", tc.name, got, want)
			}
		})
	}
}

var control = regexp.MustCompile("\x1b\\[[0-9;]*m")

func fits(t *testing.T, lines []string, width, height int) {
	t.Helper()
	if len(lines) > height {
		t.Errorf("render() gives %d lines, want at most %d", len(lines), height)
	}
	for _, l := range lines {
		if n := len([]rune(control.ReplaceAllString(l, ""))); n > width {
			t.Errorf("render() gives a line of %d columns, want at most %d: %q", n, width, l)
		}
	}
}

// However small the window is, nothing is broken over two lines or scrolls away.
func TestRenderFitsEveryWindow(t *testing.T) {
	pace := demo.PaceOf(20 * time.Second)
	busy := busyView()
	for width := range 130 {
		for _, height := range []int{0, 1, 5, 12, 20, 23, 50} {
			fits(t, demo.Render(demo.Frame(pace, began.Add(12*time.Second), began, busyDeeds(), &busy), width, height, true), width, height)
		}
	}
}

// A state is told by shape and word; colour only adds to them.
func TestRenderWithoutColorSaysTheSame(t *testing.T) {
	pace := demo.PaceOf(20 * time.Second)
	busy := busyView()
	f := demo.Frame(pace, began.Add(12*time.Second), began, busyDeeds(), &busy)
	plain, colored := demo.Render(f, 79, 40, false), demo.Render(f, 79, 40, true)
	for i := range colored {
		if got := strings.TrimRight(control.ReplaceAllString(colored[i], ""), " "); got != plain[i] {
			t.Errorf("line %d in colour says %q, without %q", i, got, plain[i])
		}
	}
	if all := strings.Join(plain, "\n"); strings.Contains(all, "\x1b") {
		t.Errorf("render(without colour) holds control sequences: %q", all)
	}
}

// terminal is enough of one to see what is left on its screen.
type terminal struct {
	lines []string
	row   int
}

var sequence = regexp.MustCompile("^\x1b\\[([?0-9;]*)([A-Za-z])")

func (t *terminal) Write(p []byte) (int, error) {
	column := 0
	for s := string(p); s != ""; {
		for len(t.lines) <= t.row {
			t.lines = append(t.lines, "")
		}
		if m := sequence.FindStringSubmatch(s); m != nil {
			s = s[len(m[0]):]
			switch m[2] {
			case "A":
				n, _ := strconv.Atoi(m[1])
				t.row = max(t.row-n, 0)
			case "K":
				t.lines[t.row] = string([]rune(t.lines[t.row])[:column])
			case "J":
				t.lines = t.lines[:t.row]
				if m[1] == "2" {
					t.lines = nil
				}
			case "H":
				t.row = 0
			}
			continue
		}
		r := []rune(s)[0]
		s = s[len(string(r)):]
		switch r {
		case '\r':
			column = 0
		case '\n':
			t.row, column = t.row+1, 0
		default:
			line := []rune(t.lines[t.row])
			if column < len(line) {
				line[column] = r
			} else {
				line = append(line, r)
			}
			t.lines[t.row] = string(line)
			column++
		}
	}
	return len(p), nil
}

func TestTableRedrawsInPlace(t *testing.T) {
	pace := demo.PaceOf(20 * time.Second)
	width, height := 80, 24
	screen := &demo.Screen{Size: func() (int, int, error) { return width, height, nil }}
	term := &terminal{}
	table := demo.NewTable(term, screen)
	table.Note("first")
	for i := range 20 {
		live := busyView()
		live.Incidents = live.Incidents[:i%4]
		table.Show(demo.Frame(pace, began.Add(time.Duration(i)*time.Second), began, busyDeeds(), &live))
		if i == 10 {
			table.Note("second")
		}
	}
	last := busyView()
	f := demo.Frame(pace, began.Add(12*time.Second), began, busyDeeds(), &last)
	table.Show(f)
	want := append([]string{"vouch: first", "vouch: second"}, demo.Render(f, 79, 23, false)...)
	if !slices.Equal(term.lines, want) {
		t.Errorf("the screen shows\n%s\nwant\n%s", strings.Join(term.lines, "\n"), strings.Join(want, "\n"))
	}
	width = 60
	table.Show(f)
	if want := demo.Render(f, 59, 23, false); !slices.Equal(term.lines, want) {
		t.Errorf("after the window became narrower, the screen shows\n%s\nwant\n%s", strings.Join(term.lines, "\n"), strings.Join(want, "\n"))
	}
	table.Close()
	before := fmt.Sprint(term.lines)
	table.Show(f)
	if got := fmt.Sprint(term.lines); got != before {
		t.Errorf("after Close, Show still draws")
	}
}
