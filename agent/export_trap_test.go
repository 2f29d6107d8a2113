// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// Extra has the checks of a device of acme attempted out of turn.
func (s *schedule) Extra(d vouch.DeviceID, since time.Time) { s.extra(deviceKey{"acme", d}, since) }

const (
	MaxExtras     = maxExtras
	MaxTrapNames  = maxTrapNames
	PromptPause   = promptPause
	PromptSpacing = promptSpacing
)

// Prompts turns traps into polls and notes.
type Prompts = prompts

// NewPrompts returns prompts for devices of acme.
func NewPrompts(poll func(d vouch.DeviceID, since time.Time), note func(d vouch.DeviceID, counts map[string]uint64)) *Prompts {
	p := newPrompts()
	p.poll = func(d deviceKey, since time.Time) { poll(d.Device, since) }
	p.note = func(d deviceKey, list []trapCount) {
		counts := map[string]uint64{}
		for _, c := range list {
			counts[c.name] = c.n
		}
		note(d.Device, counts)
	}
	return p
}

func (p *prompts) Hear(d vouch.DeviceID, name, oid string) {
	p.hear(deviceKey{"acme", d}, name, oid, time.Now())
}

// Held returns of how many devices something is remembered.
func (p *prompts) Held() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.devices) + len(p.fresh) + len(p.resting) + len(p.queue)
}
