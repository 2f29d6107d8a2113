// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"sync"
	"time"
)

// Bounds of what traps set off, whatever comes in.
const (
	promptPause   = 5 * time.Second        // between two polls out of turn of one device, and between two notes of its traps
	promptSpacing = 100 * time.Millisecond // between such polls of any two devices
	maxTrapNames  = 16                     // kept apart between two notes of one device; the rest are others
)

// prompts turns traps into polls out of turn and into notes for people, both bounded: the
// first trap of a device is followed at once, those that come within the pause after it
// together when it is over. It decides nothing: a poll does.
type prompts struct {
	poll func(d deviceKey, since time.Time)  // its checks, unless they were attempted after since
	note func(d deviceKey, list []trapCount) // the traps of a device since the note before

	wake chan struct{} // capacity 1: a device has its first trap

	mu      sync.Mutex // guards all below
	devices map[deviceKey]*prompted
	fresh   []deviceKey // have traps to note, and their pause is over
	resting []deviceKey // in their pause, by its end
	queue   []deviceKey // to be polled
	polled  time.Time   // when the latest of these was
}

// prompted is a device with a trap of late.
type prompted struct {
	counts []trapCount // since the note before
	last   time.Time   // when the latest trap came
	rests  time.Time   // until then
	queued bool
}

// trapCount is how often a trap came.
type trapCount struct {
	name, oid string
	n         uint64
}

func newPrompts() *prompts {
	return &prompts{wake: make(chan struct{}, 1), devices: map[deviceKey]*prompted{}}
}

// hear takes note of a trap of a device that is assigned.
func (p *prompts) hear(d deviceKey, name, oid string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.devices[d]
	if x == nil {
		x = &prompted{}
		p.devices[d] = x
		p.fresh = append(p.fresh, d)
		poke(p.wake)
	}
	x.last = now
	x.add(name, oid)
}

func (x *prompted) add(name, oid string) {
	for i := range x.counts {
		if c := &x.counts[i]; c.name == name {
			c.oid = oid
			c.n++
			return
		}
	}
	if len(x.counts) >= maxTrapNames-1 && name != otherTrap {
		x.add(otherTrap, oid)
		return
	}
	x.counts = append(x.counts, trapCount{name, oid, 1})
}

// Run notes and polls until ctx ends.
func (p *prompts) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
		case <-timer.C:
		}
		now := time.Now()
		notes, polls, next := p.advance(now)
		for _, n := range notes {
			p.note(n.device, n.counts)
		}
		for _, d := range polls {
			p.poll(d.device, d.since)
		}
		timer.Reset(next.Sub(now))
	}
}

type promptNote struct {
	device deviceKey
	counts []trapCount
}

type promptPoll struct {
	device deviceKey
	since  time.Time
}

// advance returns what is to be noted and polled now, and when to look again at the latest.
func (p *prompts) advance(now time.Time) (notes []promptNote, polls []promptPoll, next time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.resting) > 0 && !p.devices[p.resting[0]].rests.After(now) {
		d := p.resting[0]
		p.resting = p.resting[1:]
		switch x := p.devices[d]; {
		case len(x.counts) > 0:
			p.fresh = append(p.fresh, d)
		case x.queued:
			p.rest(d, now)
		default:
			delete(p.devices, d)
		}
	}
	for _, d := range p.fresh {
		x := p.devices[d]
		notes = append(notes, promptNote{d, x.counts})
		x.counts = nil
		p.rest(d, now)
		if !x.queued {
			x.queued = true
			p.queue = append(p.queue, d)
		}
	}
	p.fresh = p.fresh[:0]
	if len(p.queue) > 0 && now.Sub(p.polled) >= promptSpacing {
		d := p.queue[0]
		p.queue = p.queue[1:]
		x := p.devices[d]
		x.queued = false
		polls = append(polls, promptPoll{d, x.last})
		p.polled = now
	}
	next = now.Add(time.Hour) // nothing to do: a trap wakes the loop
	if len(p.resting) > 0 {
		next = p.devices[p.resting[0]].rests
	}
	if len(p.queue) > 0 {
		next = earlier(next, p.polled.Add(promptSpacing))
	}
	return notes, polls, next
}

// rest begins the pause of a device. The caller holds mu.
func (p *prompts) rest(d deviceKey, now time.Time) {
	p.devices[d].rests = now.Add(promptPause)
	p.resting = append(p.resting, d)
}
