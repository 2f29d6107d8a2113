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
	if k.session != nil {
		p.usm.open--
	}
	return k
}

// put keeps what is known about a target for the next attempt. Where there is no
// room, whatever has not been used for long goes first, then anything.
func (p *Prober) put(tg target, k *knowledge) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k.used = time.Now()
	if k.session != nil && k.session.closed() {
		k.session = nil
	}
	if have, ok := p.known[tg]; ok {
		p.drop(tg, have)
	}
	if len(p.known) >= maxKnown || k.session != nil && p.usm.open >= maxSessions {
		p.evict(k.used.Add(-idleAfter), k.session != nil)
	}
	if k.session != nil {
		p.usm.open++
	}
	p.known[tg] = k
}

// maxLooks bounds how many pieces of knowledge are looked at to find room for one:
// a map begins to iterate anywhere, so that in the long run all are looked at.
const maxLooks = 64

// evict drops what is unused since the instant among a few, and if that was nothing,
// one piece of knowledge: with an open session where that is what is short.
func (p *Prober) evict(unusedSince time.Time, session bool) {
	dropped, looks := false, 0
	for tg, k := range p.known {
		if k.used.Before(unusedSince) {
			p.drop(tg, k)
			dropped = true
		}
		if looks++; looks == maxLooks {
			break
		}
	}
	if dropped && !session {
		return
	}
	for tg, k := range p.known {
		if !session || k.session != nil {
			p.drop(tg, k)
			return
		}
	}
}

// drop forgets a target.
func (p *Prober) drop(tg target, k *knowledge) {
	if k.session != nil {
		p.usm.open--
	}
	k.close()
	delete(p.known, tg)
}

func (k *knowledge) close() {
	if k.session != nil {
		k.session.close()
		k.session = nil
	}
}
