// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
)

// The gateway is silent from 2 s to 5 s after the beginning and asked at every full
// second, so that the first good round begins at 5 s.
func TestSilenceDuringOwnTrouble(t *testing.T) {
	for _, tc := range []struct {
		name         string
		began, ended time.Duration
		fell         bool
		want         vouch.Outcome
	}{
		{"before the trouble", 500 * time.Millisecond, 900 * time.Millisecond, true, vouch.Down},
		{"lost with the way out, first of its kind", 2100 * time.Millisecond, 2500 * time.Millisecond, true, vouch.Unknown},
		{"lost on a way out that fails", 3100 * time.Millisecond, 3500 * time.Millisecond, false, vouch.Unknown},
		{"begun in the trouble, ended after the first good round", 4800 * time.Millisecond, 5200 * time.Millisecond, false, vouch.Unknown},
		{"the same, held", 4800 * time.Millisecond, 5200 * time.Millisecond, true, vouch.Unknown},
		{"begun after the first good round", 5100 * time.Millisecond, 5500 * time.Millisecond, false, vouch.Down},
		{"the same, held", 5100 * time.Millisecond, 5500 * time.Millisecond, true, vouch.Down},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				c := agent.NewSelfCheck(func() vouch.Result {
					if d := time.Since(start); d >= 2*time.Second && d < 5*time.Second {
						return vouch.Result{Outcome: vouch.Down, Reason: vouch.ReasonTimeout}
					}
					return vouch.Result{Outcome: vouch.Up}
				})
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- c.Run(ctx) }()

				time.Sleep(tc.ended)
				told := make(chan vouch.Result, 1)
				c.Judge(start.Add(tc.began), tc.fell, vouch.Result{Outcome: vouch.Down, Reason: vouch.ReasonTimeout}, func(r vouch.Result) { told <- r })
				got := <-told
				if got.Outcome != tc.want {
					t.Errorf("Judge(silence from %v to %v) = %v (%s), want %v", tc.began, tc.ended, got.Outcome, got.Reason, tc.want)
				}
				if got.Outcome == vouch.Unknown && got.Reason != vouch.ReasonLocation {
					t.Errorf("Judge(silence from %v to %v) gives the reason %q, want %q", tc.began, tc.ended, got.Reason, vouch.ReasonLocation)
				}
				stop()
				if err := <-done; err != nil {
					t.Errorf("Run() = %v, want nil", err)
				}
			})
		})
	}
}
