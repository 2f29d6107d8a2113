// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package snmp asks devices over SNMP v1, v2c and v3: the system group and what a
// profile names beyond it. SNMPv3 is gosnmp's; the simpler messages of v1 and v2c are
// written and read here, because that is most of what a poll costs.
//
// It is not a MIB browser and not a walker. It reads only what it was told to, matches
// every name in an answer itself, and passes nothing half-read off as whole. It never
// writes to a device.
package snmp

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// defaultPort is where SNMP agents listen (RFC 3417).
const defaultPort = 161

// Prober asks devices over SNMP. It keeps, within bounds, what it learned about
// devices and their SNMPv3 engines, which only makes polls cheaper. Make one with [New].
type Prober struct {
	attempts sync.Pool // of *attempt: buffers
	libs     sync.Pool // of *library: SNMPv3
	keys     usmCounter

	mu    sync.Mutex
	plans map[*vouch.Profile]*plan
	known map[target]*knowledge
}

// target is what knowledge is kept about. Another credential is another target.
type target struct {
	addr       netip.AddrPort
	source     netip.Addr
	version    string
	credential probes.Credential
}

// knowledge is what is kept about a target between attempts. Who takes it out of
// Prober.known owns it until it is put back.
type knowledge struct {
	memory *memory
	engine *authority // SNMPv3 only; nil where it is not known
	// Of what the check asks beside its profile; nil where it asks nothing.
	identity  *identity
	selection *selection
	used      time.Time
}

// Bounds on what a prober keeps.
const (
	maxPlans  = 1024
	maxKnown  = 8192 // about 1 KB each, 2 KB with an engine
	idleAfter = 15 * time.Minute
)

// New returns a prober. It is to be closed after the last attempt.
func New() *Prober {
	p := &Prober{plans: make(map[*vouch.Profile]*plan), known: make(map[target]*knowledge)}
	p.attempts.New = func() any { return new(attempt) }
	return p
}

// Close forgets what is kept, keys of SNMPv3 among it. It is not called while an
// attempt is under way.
func (p *Prober) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.known)
}

// Probe implements [probes.Prober].
//
// Up means that the device answered with the version and credential of the check,
// whatever the answer was. The round-trip time is that of the first exchange, which
// asks for the system group; sent and lost count requests with their repetitions.
// The points are one of measurement "snmp" (sys_uptime_ticks, sys_name and the
// profile's scalars) and one for each row of the profile's tables. An object that the
// device lacks yields no field. A table that could not be read to its end yields no
// point, and the detail says so.
//
// Where a check says which unit is on record, the device is asked for its serial number
// or engine now and then, and the answer stands in the point "snmp". Another unit than
// that is Unknown(identity), in every poll until it tells the right one; nothing else
// that such a poll measured is in the result. What a device does not tell judges nothing.
//
// Silence is Down(timeout); ICMP port unreachable is Down(refused). A device that
// refuses the credential is Unknown(credentials), with what is wrong with it as far as
// the device tells. With SNMPv1 and v2c a wrong community is met with silence and
// cannot be told from a dead device.
func (p *Prober) Probe(ctx context.Context, t probes.Target) vouch.Result {
	return p.attempt(ctx, t, p.plan(t.Profile), (*attempt).run)
}

// attempt prepares an attempt, lets do make it, and keeps what it taught.
func (p *Prober) attempt(ctx context.Context, t probes.Target, pl *plan, do func(*attempt, context.Context) vouch.Result) (r vouch.Result) {
	began := probes.Begin()
	defer func() {
		// The decoders have no known way to panic; if a device finds one, it costs this
		// attempt and not the agent. What the attempt held is left to the collector.
		if v := recover(); v != nil {
			r = probes.Unknown(vouch.ReasonProtocol, fmt.Sprintf("reading an answer failed: %v", v))
		}
		r = began.End(r)
	}()
	if problem := probes.Problem(t); problem != "" {
		return probes.Unknown(vouch.ReasonSocket, problem)
	}
	tg := newTarget(t)
	if err := t.Credential.Validate(tg.version); err != nil {
		return unknownCredential(err)
	}
	deadline := time.Now().Add(t.Check.Timeout - began.Elapsed())
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	know := p.take(tg)
	know.memory = know.memory.current(pl, time.Now())
	a := p.attempts.Get().(*attempt)
	s, err := p.open(ctx, tg, know, a)
	if err != nil {
		p.attempts.Put(a)
		p.put(tg, know)
		return verdict(err)
	}
	a.start(s, deadline, pl, know.memory, newWay(tg.version, t.Profile))
	a.identity, a.selection = know.identityOf(t), know.selectionOf(t.Check)
	whole := false
	defer func() {
		s.release(whole && r.Outcome == vouch.Up)
		if whole { // and not on the way to the recover above
			a.session, a.identity, a.selection = nil, nil, nil
			p.attempts.Put(a)
			p.put(tg, know)
		}
	}()
	r = do(a, ctx)
	whole = true
	return r
}

func newTarget(t probes.Target) target {
	port := t.Check.Port
	if port == 0 {
		port = defaultPort
	}
	return target{
		addr:       netip.AddrPortFrom(t.Check.Addr.Unmap(), port),
		source:     t.Source,
		version:    cmp.Or(t.Check.Version, t.Credential.Version, probes.SNMPv2c),
		credential: t.Credential,
	}
}

// open returns a session to the target. The error is a *failure.
func (p *Prober) open(ctx context.Context, tg target, know *knowledge, a *attempt) (session, error) {
	switch tg.version {
	case probes.SNMPv1:
		return orError(dialWire(ctx, tg.addr, tg.source, wireV1, string(tg.credential.Community), &a.buffers))
	case probes.SNMPv2c:
		return orError(dialWire(ctx, tg.addr, tg.source, wireV2c, string(tg.credential.Community), &a.buffers))
	}
	return orError(p.openUSM(tg, know))
}

// orError keeps a nil pointer from becoming a session that is not nil.
func orError[S session](s S, err error) (session, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// plan returns the plan of a profile, made once.
func (p *Prober) plan(profile *vouch.Profile) *plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	pl, ok := p.plans[profile]
	if !ok {
		if len(p.plans) >= maxPlans {
			clear(p.plans)
		}
		pl = newPlan(profile)
		p.plans[profile] = pl
	}
	return pl
}
