// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/internal/wire"
)

func TestWait(t *testing.T) {
	for _, c := range []struct {
		header []string
		want   time.Duration
	}{
		{nil, 0},
		{[]string{"wait=7"}, 7 * time.Second},
		{[]string{"respond-async, WAIT = 7"}, 7 * time.Second},
		{[]string{"respond-async", "wait=7"}, 7 * time.Second},
		{[]string{"wait=100000"}, wire.MaxWait},
		{[]string{"wait=99999999999999999999"}, 0},
		{[]string{"wait=-1"}, 0},
		{[]string{"wait"}, 0},
		{[]string{"await=7"}, 0},
	} {
		if got := wire.Wait(http.Header{"Prefer": c.header}); got != c.want {
			t.Errorf("Wait(%q) = %v, want %v", c.header, got, c.want)
		}
	}
	h := http.Header{}
	wire.SetWait(h, wire.MaxWait)
	if got := wire.Wait(h); got != wire.MaxWait {
		t.Errorf("Wait after SetWait = %v, want %v", got, wire.MaxWait)
	}
}
