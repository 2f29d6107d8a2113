// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import "time"

// take takes what is known about a target out of the prober, or returns new
// knowledge. Two attempts at one target at once never share it.
func (p *Prober) take(tg target) *knowledge {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, ok := p.known[tg]
	if !ok {
		return new(knowledge)
	}
	delete(p.known, tg)
	return k
}

// put keeps what is known about a target for the next attempt. Where there is no
// room, whatever has not been used for long goes first, then anything.
func (p *Prober) put(tg target, k *knowledge) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k.used = time.Now()
	if len(p.known) >= maxKnown {
		p.evict(k.used.Add(-idleAfter))
	}
	p.known[tg] = k
}

// maxLooks bounds how many pieces of knowledge are looked at to find room for one:
// a map begins to iterate anywhere, so that in the long run all are looked at.
const maxLooks = 64

// evict forgets what is unused since the instant among a few targets, and if that was
// nothing, one target.
func (p *Prober) evict(unusedSince time.Time) {
	dropped, looks := false, 0
	for tg, k := range p.known {
		if k.used.Before(unusedSince) {
			delete(p.known, tg)
			dropped = true
		}
		if looks++; looks == maxLooks {
			break
		}
	}
	if dropped {
		return
	}
	for tg := range p.known {
		delete(p.known, tg)
		return
	}
}
