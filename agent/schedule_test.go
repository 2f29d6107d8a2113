// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
)

// jobs makes n devices with one check each.
func jobs(n int, interval, timeout time.Duration) []agent.Job {
	var list []agent.Job
	for i := range n {
		list = append(list, agent.Job{
			Customer: "acme",
			Device:   vouch.DeviceID(fmt.Sprintf("d%04d", i)),
			Check:    vouch.Check{Name: "icmp", Kind: vouch.KindICMP, Interval: interval, Timeout: timeout},
		})
	}
	return list
}

// tally counts what a schedule did, by device.
type tally struct {
	mu       sync.Mutex
	begun    map[vouch.DeviceID][]time.Time
	overload map[vouch.DeviceID]int
	running  map[vouch.DeviceID]int
	overlap  int
	most     int
	now      int
}

func newTally() *tally {
	return &tally{begun: map[vouch.DeviceID][]time.Time{}, overload: map[vouch.DeviceID]int{}, running: map[vouch.DeviceID]int{}}
}

// attempt returns an attempt that takes as long as took says.
func (c *tally) attempt(took func(agent.Job) time.Duration) func(context.Context, agent.Job) {
	return func(ctx context.Context, j agent.Job) {
		c.mu.Lock()
		c.begun[j.Device] = append(c.begun[j.Device], time.Now())
		c.running[j.Device]++
		if c.running[j.Device] > 1 {
			c.overlap++
		}
		c.now++
		c.most = max(c.most, c.now)
		c.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(took(j)):
		}
		c.mu.Lock()
		c.running[j.Device]--
		c.now--
		c.mu.Unlock()
	}
}

func (c *tally) missed(j agent.Job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.overload[j.Device]++
}

// run lets a schedule run for d of virtual time.
func run(t *testing.T, s *agent.Schedule, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	time.Sleep(d)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

func TestScheduleKeepsHealthyDevicesOnTimeBesideDeadOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval, timeout, cycles = 10 * time.Second, 3 * time.Second, 30
		c := newTally()
		dead := func(d vouch.DeviceID) bool { return d[len(d)-1] == '0' || d[len(d)-1] == '5' }
		s := agent.NewSchedule("a1", 10_000, c.attempt(func(j agent.Job) time.Duration {
			if dead(j.Device) {
				return timeout
			}
			return 20 * time.Millisecond
		}), c.missed)
		all := jobs(1000, interval, timeout)
		s.Assign(all, time.Now())
		run(t, s, cycles*interval-time.Millisecond) // at the end itself another one may be due

		together := map[time.Time]int{}
		for _, j := range all {
			begun := c.begun[j.Device]
			if len(begun) > 0 {
				together[begun[0]]++
			}
			if len(begun) != cycles {
				t.Errorf("device %s: attempts = %d, want %d", j.Device, len(begun), cycles)
				continue
			}
			for i := 1; i < len(begun); i++ {
				if gap := begun[i].Sub(begun[i-1]); gap != interval {
					t.Errorf("device %s: attempt %d came %v after the one before, want %v", j.Device, i, gap, interval)
					break
				}
			}
		}
		if len(together) != 50 {
			t.Errorf("1,000 devices begin at %d instants of 10 s, want one each 200 ms", len(together))
		}
		if len(c.overload) != 0 {
			t.Errorf("overload = %d devices, want 0", len(c.overload))
		}
		if c.overlap != 0 {
			t.Errorf("overlapping attempts = %d, want 0", c.overlap)
		}
		if room := agent.Room(all); c.most > room {
			t.Errorf("attempts at once = %d, want at most %d", c.most, room)
		}
	})
}

func TestScheduleSaysOverloadInsteadOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval, timeout, cycles = 10 * time.Second, 9 * time.Second, 20
		c := newTally()
		s := agent.NewSchedule("a1", 4, c.attempt(func(agent.Job) time.Duration { return timeout }), c.missed)
		all := jobs(40, interval, timeout)
		if need := s.Assign(all, time.Now()); need <= 4 {
			t.Fatalf("Assign = %d, want more than the limit of 4", need)
		}
		run(t, s, cycles*interval+interval/2+time.Millisecond)

		if c.most > 4 {
			t.Errorf("attempts at once = %d, want at most 4", c.most)
		}
		for _, j := range all {
			if got := len(c.begun[j.Device]) + c.overload[j.Device]; got < cycles || got > cycles+1 {
				t.Errorf("device %s: attempts + overload = %d, want one for each of %d slots", j.Device, got, cycles)
			}
		}
		if len(c.overload) == 0 {
			t.Error("overload = 0 devices, want some: four slots cannot serve forty silent devices")
		}
	})
}

func TestScheduleNeverOverlapsAttemptsThatOverrun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTally()
		s := agent.NewSchedule("a1", 100, c.attempt(func(agent.Job) time.Duration { return 25 * time.Second }), c.missed)
		s.Assign(jobs(5, 10*time.Second, 5*time.Second), time.Now())
		run(t, s, 10*time.Minute)
		if c.overlap != 0 {
			t.Errorf("overlapping attempts = %d, want 0", c.overlap)
		}
		if c.overload["d0000"] == 0 {
			t.Error("overload = 0, want the slots that passed during an attempt")
		}
	})
}

func TestAssignDisturbsOnlyWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval = 10 * time.Second
		c := newTally()
		s := agent.NewSchedule("a1", 100, c.attempt(func(agent.Job) time.Duration { return time.Second }), c.missed)
		first := jobs(20, interval, 2*time.Second)
		s.Assign(first, time.Now())
		go func() {
			time.Sleep(33 * time.Second)
			second := jobs(21, interval, 2*time.Second)
			second[3].Check.Interval = 5 * time.Second
			s.Assign(append(second[:7], second[8:]...), time.Now()) // d0007 goes, d0020 comes
		}()
		run(t, s, 100*time.Second)

		want := map[vouch.DeviceID]int{"d0003": 17, "d0007": 4, "d0020": 7}
		for i := range 21 {
			d := vouch.DeviceID(fmt.Sprintf("d%04d", i))
			n, special := want[d]
			if !special {
				n = 10
			}
			if got := len(c.begun[d]); got < n-1 || got > n || (!special && got != n) {
				t.Errorf("device %s: attempts = %d, want %d", d, got, n)
			}
			if special {
				continue
			}
			for k := 1; k < len(c.begun[d]); k++ {
				if gap := c.begun[d][k].Sub(c.begun[d][k-1]); gap != interval {
					t.Errorf("device %s: attempt %d came %v after the one before, want %v", d, k, gap, interval)
				}
			}
		}
	})
}

func TestScheduleWaitsForTheBeginOfAnAssignment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTally()
		s := agent.NewSchedule("a1", 10, c.attempt(func(agent.Job) time.Duration { return 0 }), c.missed)
		list := jobs(1, time.Second, 500*time.Millisecond)
		from := time.Now().Add(time.Minute)
		s.Assign(list, from)
		run(t, s, 70*time.Second)
		begun := c.begun["d0000"]
		if len(begun) == 0 || begun[0].Before(from) {
			t.Errorf("first attempt = %v, want one at or after %v", begun[:min(1, len(begun))], from)
		}
	})
}

// The checks of an agent are spread over the interval, and the agents that measure one
// device each begin in a part of it of their own, whichever of them there are.
func TestPhasesSpreadOverTheIntervalAndOverAgents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval, agents = 10 * time.Second, 4
		zero := time.Now()
		var begun [agents]*tally
		all := jobs(1000, interval, time.Second)
		for turn := range begun {
			list := slices.Clone(all)
			for i := range list {
				list[i] = agent.WithTurn(list[i], turn)
			}
			c := newTally()
			s := agent.NewSchedule(vouch.AgentID(fmt.Sprintf("a%d", turn)), 1000, c.attempt(func(agent.Job) time.Duration { return 0 }), c.missed)
			s.Assign(list, zero)
			go run(t, s, interval)
			begun[turn] = c
		}
		time.Sleep(interval + time.Second)
		synctest.Wait()
		var seconds [10]int
		for _, j := range all {
			seconds[begun[0].begun[j.Device][0].Sub(zero)/time.Second]++
			for a := range begun {
				for b := range a {
					apart := begun[a].begun[j.Device][0].Sub(begun[b].begun[j.Device][0]).Abs()
					if apart = min(apart, interval-apart); apart < interval/agents-200*time.Millisecond {
						t.Errorf("agents %d and %d ask %s %v apart, want a quarter of the interval", a, b, j.Device, apart)
					}
				}
			}
		}
		for i, n := range seconds {
			if n < 60 || n > 140 {
				t.Errorf("attempts in second %d of the interval = %d, want about 100", i, n)
			}
		}
	})
}
