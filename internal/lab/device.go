// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what a device is like for good; see [Behaviour] for what may change.
type Options struct {
	Community string // empty means "public"
	Still     bool   // counters and uptime stand still, for tests that compare values
	MaxSize   int    // largest answer in bytes; 0 means 1,400
}

// Device is one simulated device. Several may share a socket and a recording.
type Device struct {
	lab     *Lab
	name    string
	addr    netip.AddrPort
	rec     *Recording
	opts    Options
	user    *usm // of SNMPv3; nil for none
	asked   atomic.Int64
	answers atomic.Int64

	mu        sync.Mutex // guards all below
	clock     clock
	box       uint64 // which box stands there; 0 is the recorded one
	engine    engine // of SNMPv3
	behaviour Behaviour
	requests  int // since the behaviour was set
	faults    []fault
	values    map[int]value // set on command, by index in the walk
	dice      rand.PCG
}

// fault is one thing that a command does to a device, for a time.
type fault struct {
	verb  string
	until time.Time // zero: until further notice
	apply func(*Behaviour)
}

// value stands in place of what is recorded, for a time.
type value struct {
	tag     byte
	content []byte
	since   time.Time // where the object moves, it goes on from there
	until   time.Time // zero: until further notice
}

// over reports whether a time has passed; none never has.
func over(until, now time.Time) bool { return !until.IsZero() && !now.Before(until) }

// Listen opens the socket of a single device at addr (port 0 takes a free one) that
// answers from walk. The walk is not changed and may be shared. Nothing is answered
// before [Device.Run]; requests that come earlier wait in the socket. Such a device
// speaks v1 and v2c; those of [Open] may speak v3.
func Listen(addr netip.AddrPort, walk Walk, opts Options) (*Device, error) {
	l, err := open(addr)
	if err != nil {
		return nil, err
	}
	return l.add("device", l.Addr(), NewRecording("device", walk), opts, 0), nil
}

// Name returns what commands call the device.
func (d *Device) Name() string { return d.name }

// Recording returns what the device answers from.
func (d *Device) Recording() *Recording { return d.rec }

// Community returns what the device answers to over v1 and v2c.
func (d *Device) Community() string { return d.opts.Community }

// Addr returns the address that the device answers at.
func (d *Device) Addr() netip.AddrPort { return d.addr }

// Set replaces the behaviour, from the next request on.
func (d *Device) Set(b Behaviour) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.behaviour, d.requests = b, 0
}

// Reboot sets uptime and counters back to zero and raises snmpEngineBoots.
func (d *Device) Reboot() { d.restart(time.Now()) }

func (d *Device) restart(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clock.start, d.clock.fresh = at, true
	d.clock.boots++
	d.forgetMoving()
}

// forgetMoving lets what was set on command keep its value, but for what counts from
// the start: uptimes, counters, and when something last changed. d.mu is held.
func (d *Device) forgetMoving() {
	maps.DeleteFunc(d.values, func(at int, _ value) bool { k := d.rec.kinds[at]; return k != fixed && k < serial })
}

// Swap puts another box of the same model in the device's place: another engine id,
// other serial numbers and hardware addresses, snmpEngineBoots 1, everything counting
// from zero.
func (d *Device) Swap() { d.swap(time.Now()) }

func (d *Device) swap(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clock = clock{start: at, fresh: true, swapped: true}
	d.box += 1 << 32 // the boxes of other devices have smaller numbers
	d.engine = engine{}
	d.forgetMoving()
}

// Asked returns how many requests came, answered or not.
func (d *Device) Asked() int { return int(d.asked.Load()) }

// Answered returns how many answers were sent.
func (d *Device) Answered() int { return int(d.answers.Load()) }

// Run answers requests until ctx is cancelled, then closes the socket, drops delayed
// answers and returns nil. It is called once, for a device of [Listen].
func (d *Device) Run(ctx context.Context) error { return d.lab.Run(ctx) }

// Close closes the socket of a device that is not run.
func (d *Device) Close() error { return d.lab.Close() }

// effective returns the behaviour at an instant; what is over is forgotten. d.mu is
// held.
func (d *Device) effective(now time.Time) Behaviour {
	b := d.behaviour
	if len(d.faults) == 0 {
		return b
	}
	d.faults = slices.DeleteFunc(d.faults, func(f fault) bool { return over(f.until, now) })
	for _, f := range d.faults {
		f.apply(&b)
	}
	return b
}

// Doing says what commands have made of the device and still hold, one word each with
// until when.
func (d *Device) Doing() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	_ = d.effective(now) // forgets what is over
	var out []string
	say := func(what string, until time.Time) {
		if !until.IsZero() {
			what += " until " + until.Format("15:04:05")
		}
		out = append(out, what)
	}
	for _, f := range d.faults {
		say(f.verb, f.until)
	}
	set := 0
	for _, v := range d.values {
		if !over(v.until, now) {
			set++
		}
	}
	if set > 0 {
		say(strconv.Itoa(set)+" set", time.Time{})
	}
	return out
}

// roll returns a number from 0 to below 1. d.mu is held.
func (d *Device) roll() float64 { return float64(d.dice.Uint64()>>11) / (1 << 53) }

// next returns the behaviour for a request, whether it is to be left unanswered, and
// how much later it is to be answered. d.mu is held.
func (d *Device) next(from netip.Addr, now time.Time) (b Behaviour, drop bool, delay time.Duration) {
	b = d.effective(now)
	if b.ignores(from) {
		return b, true, 0
	}
	d.requests++
	drop = d.requests <= b.LoseFirst ||
		b.LoseEvery > 0 && d.requests%b.LoseEvery == 0 ||
		b.MuteAfter > 0 && d.requests > b.MuteAfter ||
		b.Loss > 0 && d.roll() < b.Loss
	var dice float64
	if b.Jitter > 0 {
		dice = d.roll()
	}
	return b, drop, b.delay(from, dice)
}

// read returns what an object is now, appending its content octets to b. d.mu is held.
func (d *Device) read(b []byte, at int, now time.Time) (tag byte, content []byte) {
	recorded := &d.rec.walk[at]
	if v, ok := d.values[at]; ok {
		if !over(v.until, now) {
			return d.set(b, at, v, now)
		}
		delete(d.values, at)
	}
	switch k := d.rec.kinds[at]; {
	case k == fixed, k < serial && d.opts.Still && !d.clock.fresh, k >= serial && d.box == 0, k == sysName && uint32(d.box) == 0:
		return recorded.Tag, recorded.Value
	case k < serial:
		var elapsed uint64
		if !d.opts.Still {
			elapsed = d.clock.elapsed(now)
		}
		return recorded.Tag, appendUint(b, d.rec.moved(at, d.clock, elapsed))
	default:
		return recorded.Tag, otherBox(b, k, recorded.Value, d.box, d.name)
	}
}

// set returns what a value that was set is now: where the object moves and kept its
// type, it goes on from there. d.mu is held.
func (d *Device) set(b []byte, at int, v value, now time.Time) (tag byte, content []byte) {
	if d.opts.Still || v.tag != d.rec.walk[at].Tag {
		return v.tag, v.content
	}
	switch d.rec.kinds[at] {
	case uptime, seconds, counter32, counter64:
		elapsed := clock{start: v.since}.elapsed(now)
		return v.tag, appendUint(b, d.rec.advanced(at, decodeUint(v.content), elapsed))
	}
	return v.tag, v.content
}

// tag returns the type of an object. d.mu is held.
func (d *Device) tag(at int) byte {
	if v, ok := d.values[at]; ok {
		return v.tag
	}
	return d.rec.walk[at].Tag
}
