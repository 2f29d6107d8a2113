// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// renumbered gives every interface of a recording another index, in the opposite order.
func renumbered(t *testing.T, recording string) lab.Walk {
	t.Helper()
	row := regexp.MustCompile(`(?m)^(1\.3\.6\.1\.2\.1\.(?:2\.2|31\.1\.1)\.1\.\d+)\.(\d+)\|`)
	var indexes []int
	for _, m := range row.FindAllStringSubmatch(recording, -1) {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		indexes = append(indexes, n)
	}
	slices.Sort(indexes)
	indexes = slices.Compact(indexes)
	out := row.ReplaceAllStringFunc(recording, func(s string) string {
		m := row.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[2])
		at, _ := slices.BinarySearch(indexes, n)
		return fmt.Sprintf("%s.%d|", m[1], 500_000_000+7*(len(indexes)-at))
	})
	w, err := lab.ParseSnmprec(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// seriesOf returns the octets of every interface by what identifies it.
func seriesOf(t *testing.T, w lab.Walk) map[string]uint64 {
	t.Helper()
	d := run(t, w, lab.Options{Still: true})
	tg := target(d, probes.SNMPv2c)
	tg.Profile = snmp.Generic()
	out := map[string]uint64{}
	for _, p := range rows(newProber(t).Probe(t.Context(), tg), "interface") {
		name := fmt.Sprint(p.Tags)
		if _, twice := out[name]; twice {
			t.Errorf("two rows are %s", name)
		}
		out[name] = 0
		if at := slices.IndexFunc(p.Fields, func(f vouch.Field) bool { return f.Name == "in_octets" }); at >= 0 {
			out[name] = p.Fields[at].Value.Uint()
		}
	}
	return out
}

// Devices number their interfaces anew after an update or with another module. A row
// with a name of its own stays the same series; one whose name others share, or that has
// none, never becomes the series of another row.
func TestRenumbering(t *testing.T) {
	for _, tt := range []struct {
		recording   string
		twice       string // an interface that gets the name of another one
		rows, named int
	}{
		{"oneaccess_showtime", "", 17, 17}, // ifAlias several times
		{"oneaccess_showtime", "|GigabitEthernet0/1\n", 17, 15},
		{"paloalto_pa3000", "", 25, 25}, // ifIndex up to 400000001
		{"fortinet_fgt60d_ha", "", 26, 0},
	} {
		raw, err := os.ReadFile(recordings(t, filepath.Join("recordings", tt.recording+".snmprec"))[0])
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		if tt.twice != "" {
			text = strings.ReplaceAll(text, tt.twice, "|GigabitEthernet0/0\n")
		}
		w, err := lab.ParseSnmprec(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		before, after := seriesOf(t, w), seriesOf(t, renumbered(t, text))
		same := 0
		for name, octets := range before {
			now, ok := after[name]
			if ok {
				same++
			}
			if ok && now != octets {
				t.Errorf("%s: %s has %d octets after the renumbering, %d before", tt.recording, name, now, octets)
			}
			if ok == strings.Contains(name, "{index ") {
				t.Errorf("%s: %s is there after the renumbering: %v", tt.recording, name, ok)
			}
		}
		if len(before) != tt.rows || len(after) != tt.rows || same != tt.named {
			t.Errorf("%s %s: %d rows, then %d, of which %d are the same; want %d and %d", tt.recording, tt.twice, len(before), len(after), same, tt.rows, tt.named)
		}
	}
}
