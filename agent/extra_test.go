// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
)

// scheduled runs a schedule of n devices in virtual time, and calls do 95 s into it with
// when the attempts of its first device begin.
func scheduled(t *testing.T, n int, took time.Duration, do func(s *agent.Schedule, slot time.Time)) (*tally, []time.Time) {
	t.Helper()
	const interval, timeout = time.Minute, 5 * time.Second
	c := newTally()
	s := agent.NewSchedule("a1", 1000, c.attempt(func(agent.Job) time.Duration { return took }), c.missed)
	s.Assign(jobs(n, interval, timeout), time.Now())
	go func() {
		time.Sleep(95 * time.Second)
		c.mu.Lock()
		begun := c.begun["d0000"]
		slot := begun[len(begun)-1].Add(interval)
		c.mu.Unlock()
		do(s, slot)
	}()
	run(t, s, 5*time.Minute-time.Millisecond) // at the end itself another one may be due
	if c.overlap != 0 || len(c.overload) != 0 {
		t.Errorf("overlapping attempts = %d, overload = %d devices, want 0", c.overlap, len(c.overload))
	}
	return c, c.begun["d0000"]
}

// cyclic checks that begun, without what stands in extra, is one attempt a minute.
func cyclic(t *testing.T, begun []time.Time, extra ...time.Time) {
	t.Helper()
	for _, at := range extra {
		i := slices.IndexFunc(begun, at.Equal)
		if i < 0 {
			t.Errorf("no attempt at %v: %v", at, begun)
			return
		}
		begun = slices.Delete(slices.Clone(begun), i, i+1)
	}
	if len(begun) != 5 {
		t.Errorf("attempts in turn = %d, want 5: %v", len(begun), begun)
	}
	for i := 1; i < len(begun); i++ {
		if gap := begun[i].Sub(begun[i-1]); gap != time.Minute {
			t.Errorf("attempt %d came %v after the one before, want 1m", i, gap)
		}
	}
}

func TestAttemptOutOfTurnComesAtOnceAndMovesNoSlot(t *testing.T) {
	for name, took := range map[string]time.Duration{"answered": 20 * time.Millisecond, "silent": 5 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked time.Time
				c, begun := scheduled(t, 3, took, func(s *agent.Schedule, slot time.Time) {
					time.Sleep(time.Until(slot.Add(-20 * time.Second)))
					asked = time.Now()
					s.Extra("d0000", asked)
					s.Extra("d0000", asked) // it is wanted once
				})
				cyclic(t, begun, asked)
				cyclic(t, c.begun["d0001"])
			})
		})
	}
}

func TestAttemptOutOfTurnIsLeftOutWhereTheSlotComesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, begun := scheduled(t, 1, 5*time.Second, func(s *agent.Schedule, slot time.Time) {
			time.Sleep(time.Until(slot.Add(-4 * time.Second)))
			s.Extra("d0000", time.Now())
		})
		cyclic(t, begun)
	})
}

// What an attempt finds that had begun before the trap may be from before it.
func TestAttemptThatRunsIsFollowedByOneOutOfTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ends time.Time
		_, begun := scheduled(t, 1, 5*time.Second, func(s *agent.Schedule, slot time.Time) {
			time.Sleep(time.Until(slot.Add(time.Second)))
			ends = slot.Add(5 * time.Second)
			s.Extra("d0000", time.Now())
		})
		cyclic(t, begun, ends)
	})
}

func TestAttemptOutOfTurnIsLeftOutWhereOneBeganSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, begun := scheduled(t, 1, time.Second, func(s *agent.Schedule, slot time.Time) {
			time.Sleep(time.Until(slot.Add(2 * time.Second)))
			s.Extra("d0000", slot.Add(-time.Second))
		})
		cyclic(t, begun)
	})
}

func TestAttemptsOutOfTurnAreBoundedAndEndWithTheAssignment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 200
		c, _ := scheduled(t, n, 3*time.Second, func(s *agent.Schedule, _ time.Time) {
			for i := range n {
				s.Extra(vouch.DeviceID(fmt.Sprintf("d%04d", i)), time.Now())
			}
			time.Sleep(time.Second)
			s.Assign(jobs(n-50, time.Minute, 5*time.Second), time.Now())
			s.Extra("d0199", time.Now()) // is gone
		})
		if room := agent.Room(jobs(n, time.Minute, 5*time.Second)); c.most > room+agent.MaxExtras {
			t.Errorf("attempts at once = %d, want at most %d and %d out of turn", c.most, room, agent.MaxExtras)
		}
		extra := 0
		for i := range n - 50 {
			begun := c.begun[vouch.DeviceID(fmt.Sprintf("d%04d", i))]
			turns := 0 // on the grid of the first attempt
			for _, at := range begun {
				if at.Sub(begun[0])%time.Minute == 0 {
					turns++
				}
			}
			if turns != 5 {
				t.Errorf("device %d: %d attempts in turn, want 5", i, turns)
			}
			extra += len(begun) - turns
		}
		if extra < agent.MaxExtras || extra > n {
			t.Errorf("attempts out of turn = %d, want more than %d and no two of a device", extra, agent.MaxExtras)
		}
		if last := c.begun["d0199"]; last[len(last)-1].After(last[0].Add(2 * time.Minute)) {
			t.Errorf("a device that is gone was asked at %v", last[len(last)-1])
		}
	})
}

func TestNoAttemptOutOfTurnBeforeTheAssignmentBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTally()
		s := agent.NewSchedule("a1", 10, c.attempt(func(agent.Job) time.Duration { return 0 }), c.missed)
		from := time.Now().Add(time.Minute)
		s.Assign(jobs(1, 24*time.Hour, time.Second), from)
		go func() {
			time.Sleep(30 * time.Second)
			s.Extra("d0000", time.Now())
			time.Sleep(40 * time.Second)
			s.Extra("d0000", time.Now())
		}()
		run(t, s, 2*time.Minute)
		if begun := c.begun["d0000"]; len(begun) != 1 || !begun[0].Equal(from.Add(10*time.Second)) {
			t.Errorf("attempts at %v, want the one that was wanted after %v", begun, from)
		}
	})
}

// prompted runs prompts in virtual time until do returns and a minute after it.
func prompted(t *testing.T, do func(p *agent.Prompts)) (polls map[vouch.DeviceID][]time.Time, all []time.Time, notes map[string]uint64, noted int) {
	t.Helper()
	polls, notes = map[vouch.DeviceID][]time.Time{}, map[string]uint64{}
	p := agent.NewPrompts(func(d vouch.DeviceID, since time.Time) {
		if since.After(time.Now()) {
			t.Errorf("a poll for a trap that is to come, at %v", since)
		}
		polls[d] = append(polls[d], time.Now())
		all = append(all, time.Now())
	}, func(_ vouch.DeviceID, counts map[string]uint64) {
		noted++
		if len(counts) == 0 || len(counts) > agent.MaxTrapNames {
			t.Errorf("a note of %d names", len(counts))
		}
		for name, n := range counts {
			notes[name] += n
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- p.Run(ctx) }()
	do(p)
	time.Sleep(2 * time.Minute)
	synctest.Wait()
	if n := p.Held(); n != 0 {
		t.Errorf("after two quiet minutes %d devices are remembered", n)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	return polls, all, notes, noted
}

func TestTrapIsFollowedByAPollAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		polls, _, notes, _ := prompted(t, func(p *agent.Prompts) {
			p.Hear("d1", "linkDown", "1.3.6.1.6.3.1.1.5.3")
			time.Sleep(time.Second)
			p.Hear("d1", "linkUp", "1.3.6.1.6.3.1.1.5.4") // in the pause: at its end
		})
		if want := []time.Time{began, began.Add(agent.PromptPause)}; !slices.Equal(polls["d1"], want) {
			t.Errorf("polls at %v, want %v", polls["d1"], want)
		}
		if notes["linkDown"] != 1 || notes["linkUp"] != 1 {
			t.Errorf("notes = %v", notes)
		}
	})
}

func TestStormPollsADeviceOnceInAPauseAndCountsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const traps = 60_000
		polls, _, notes, noted := prompted(t, func(p *agent.Prompts) {
			for i := range traps {
				p.Hear("d1", fmt.Sprint("trap", i%100), fmt.Sprint("1.3.6.1.4.1.1.0.", i%100))
				time.Sleep(time.Millisecond)
			}
		})
		for i := 1; i < len(polls["d1"]); i++ {
			if gap := polls["d1"][i].Sub(polls["d1"][i-1]); gap < agent.PromptPause {
				t.Errorf("polls %v apart, want %v", gap, agent.PromptPause)
			}
		}
		if n := len(polls["d1"]); n < 12 || n > 14 {
			t.Errorf("polls in a minute of a storm = %d, want one in %v", n, agent.PromptPause)
		}
		var sum uint64
		for _, n := range notes {
			sum += n
		}
		if sum != traps || noted > 14 {
			t.Errorf("noted %d traps in %d notes, want all %d in 13", sum, noted, traps)
		}
	})
}

func TestStormOfAllDevicesIsPolledInASteadyRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const devices = 500
		polls, all, _, _ := prompted(t, func(p *agent.Prompts) {
			for range 30 {
				for i := range devices {
					p.Hear(vouch.DeviceID(fmt.Sprint("d", i)), "linkDown", "1.3.6.1.6.3.1.1.5.3")
				}
				time.Sleep(time.Second)
			}
		})
		for i := 1; i < len(all); i++ {
			if gap := all[i].Sub(all[i-1]); gap < agent.PromptSpacing {
				t.Fatalf("polls %v apart, want %v", gap, agent.PromptSpacing)
			}
		}
		if len(polls) != devices {
			t.Errorf("%d devices were polled, want all %d", len(polls), devices)
		}
	})
}
