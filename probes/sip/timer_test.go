// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sip_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes/sip"
)

// overPipe runs one attempt in virtual time against a server that notes when each
// request came, and what it says to the nth, from 0.
func overPipe(ctx context.Context, timeout time.Duration, say func(n int, q asked) []string) (vouch.Result, []time.Duration, []asked) {
	near, far := net.Pipe()
	began := time.Now()
	var at []time.Duration
	var all []asked
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 64<<10)
		for {
			k, err := far.Read(b)
			if err != nil {
				return
			}
			q := read(b[:k])
			at, all = append(at, time.Since(began)), append(all, q)
			for _, m := range say(len(at)-1, q) {
				if _, err := far.Write([]byte(m)); err != nil {
					return
				}
			}
		}
	}()
	r := sip.OverPipe(ctx, vouch.Check{Kind: vouch.KindSIP, Timeout: timeout}, near)
	near.Close()
	far.Close()
	<-done
	return r, at, all
}

// Requests are sent again as RFC 3261 section 17.1.2 says: after T1, then twice as long
// each time up to T2, and every T2 once something provisional came.
func TestTimerE(t *testing.T) {
	const ms = time.Millisecond
	silent := func(int, asked) []string { return nil }
	tests := []struct {
		name    string
		timeout time.Duration
		say     func(int, asked) []string
		want    []time.Duration
		reason  vouch.Reason
	}{
		{"a short timeout has no time for it", 400 * ms, silent, []time.Duration{0}, vouch.ReasonTimeout},
		{"silence", 20 * time.Second, silent, []time.Duration{0, 500 * ms, 1500 * ms, 3500 * ms, 7500 * ms, 11500 * ms, 15500 * ms, 19500 * ms}, vouch.ReasonTimeout},
		{"provisional at once, and again, for ever", 10 * time.Second, func(_ int, q asked) []string { return []string{q.answer("100 Trying", "")} },
			[]time.Duration{0, 500 * ms, 4500 * ms, 8500 * ms}, vouch.ReasonTimeout},
		{"the third is answered", 20 * time.Second, func(n int, q asked) []string {
			if n < 2 {
				return nil
			}
			return []string{q.answer("200 OK", "")}
		}, []time.Duration{0, 500 * ms, 1500 * ms}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, at, all := overPipe(t.Context(), tt.timeout, tt.say)
				if !slices.Equal(at, tt.want) || r.Reason != tt.reason {
					t.Errorf("sent at %v, %q (%s); want %v, %q", at, r.Reason, r.Detail, tt.want, tt.reason)
				}
				for _, q := range all {
					if q != all[0] {
						t.Errorf("sent again as %+v, want the same as %+v", q, all[0])
					}
				}
				if r.Sent != 1 {
					t.Errorf("%d sent, want 1: it is one transaction", r.Sent)
				}
				if tt.reason != "" {
					return
				}
				if v, _ := field(r, "resent"); v.Int() != int64(len(tt.want)-1) || r.RTT.Avg != tt.want[len(tt.want)-1] {
					t.Errorf("resent %d, RTT %v; want %d, and the time since the first request", v.Int(), r.RTT.Avg, len(tt.want)-1)
				}
			})
		})
	}
}

// Who broke off is told from who stayed silent, at once.
func TestStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(700*time.Millisecond, cancel)
		r, at, _ := overPipe(ctx, time.Minute, func(int, asked) []string { return nil })
		if r.Reason != vouch.ReasonStopped || len(at) > 3 {
			t.Errorf("%v %q after %d requests, want unknown (stopped) before the fourth", r.Outcome, r.Reason, len(at))
		}
	})
}

// A flood of what answers something else ends the attempt, as one that cannot be read.
func TestFloodOfDatagrams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, _ := overPipe(t.Context(), time.Minute, func(_ int, q asked) []string {
			q.callID = "another"
			return slices.Repeat([]string{q.answer("200 OK", "")}, 2*sip.MaxReads)
		})
		if r.Outcome != vouch.Unknown || r.Reason != vouch.ReasonProtocol || !strings.Contains(r.Detail, "1000") {
			t.Errorf("%v %q (%s), want unknown (protocol)", r.Outcome, r.Reason, r.Detail)
		}
	})
}
