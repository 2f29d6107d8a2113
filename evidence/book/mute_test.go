// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book_test

import (
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

func TestMutes(t *testing.T) {
	b := book.New()
	until := at(1000).Format("2006-01-02T15:04:05Z07:00")
	take(t, b, 100, "m1", evidence.KindMute, "uid:1", book.MuteBody{ID: "M-1", Site: "main", Reason: "works", Until: until})
	take(t, b, 110, "m2", evidence.KindMute, "uid:1", book.MuteBody{ID: "M-2", Device: "r1", Channel: "desk", Reason: "known", Until: until})
	take(t, b, 120, "m3", evidence.KindMute, "uid:2", book.MuteBody{ID: "M-1", Reason: "done", Ended: true})
	ms := b.Mutes()
	if len(ms) != 2 || ms[0].Ender != "uid:2" || ms[0].EndedFor != "done" || !ms[1].Ended.IsZero() {
		t.Fatalf("Mutes = %+v, want two, the first ended", ms)
	}
	both, r1 := []vouch.DeviceID{"r1", "r2"}, []vouch.DeviceID{"r1"}
	tests := []struct {
		name    string
		mute    int
		at      int
		channel string
		site    vouch.SiteID
		devices []vouch.DeviceID
		want    bool
	}{
		{"before it began", 0, 99, "desk", "main", both, false},
		{"from its record on", 0, 100, "desk", "main", both, true},
		{"another site", 0, 100, "desk", "side", both, false},
		{"last second before it was ended", 0, 119, "mail", "main", both, true},
		{"once it was ended", 0, 120, "desk", "main", both, false},
		{"its device", 1, 110, "desk", "main", r1, true},
		{"its device beside another", 1, 110, "desk", "main", both, false},
		{"another channel", 1, 110, "mail", "main", r1, false},
		{"the second before its end", 1, 999, "desk", "main", r1, true},
		{"its end", 1, 1000, "desk", "main", r1, false},
	}
	for _, tt := range tests {
		if got := ms[tt.mute].Covers(at(tt.at), tt.channel, tt.site, tt.devices); got != tt.want {
			t.Errorf("%s: Covers = %v, want %v", tt.name, got, tt.want)
		}
	}
}
