// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// action does what a command says to one device. until is zero for until further
// notice.
type action func(d *Device, now, until time.Time) error

// act returns what the command does to each device, and a sentence about it.
func (c command) act() (action, string, error) {
	switch c.verb {
	case "dead":
		return c.fault(0, "answers nobody over SNMP (ping is still answered, by the kernel: the address is this machine's)", func(b *Behaviour) { b.Silent = true })
	case "loss":
		return c.loss()
	case "delay":
		return c.delay()
	case "reboot":
		return c.start("starts again: uptime and counters from zero, one boot more", (*Device).restart)
	case "swap":
		return c.start("is another box: other engine id, serial numbers and hardware addresses, boots 1", (*Device).swap)
	case "interface":
		return c.link()
	case "set":
		return c.set()
	case "wrong":
		return c.wrong()
	case "heal":
		return func(d *Device, _, _ time.Time) error { d.heal(); return nil }, "answers properly", c.want(0)
	}
	return nil, "", fmt.Errorf("%q is not a command; there are dead, loss, delay, reboot, swap, interface, set, wrong and heal", c.verb)
}

// want reports whether the command has the number of arguments.
func (c command) want(n int) error {
	if len(c.args) != n {
		return fmt.Errorf("%s has %d words after the devices, want %d", c.verb, len(c.args), n)
	}
	return nil
}

// fault lets the devices misbehave; args is how many words the command has.
func (c command) fault(args int, said string, apply func(*Behaviour)) (action, string, error) {
	return func(d *Device, _, until time.Time) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.faults = slices.DeleteFunc(d.faults, func(f fault) bool { return f.verb == c.verb })
		d.faults = append(d.faults, fault{c.verb, until, apply})
		return nil
	}, said, c.want(args)
}

func (c command) loss() (action, string, error) {
	if err := c.want(1); err != nil {
		return nil, "", err
	}
	share, err := percent(c.args[0])
	if err != nil {
		return nil, "", fmt.Errorf("loss %w", err)
	}
	return c.fault(1, "leaves "+c.args[0]+" of the requests unanswered", func(b *Behaviour) { b.Loss = share })
}

// percent reads a share such as "2.5%".
func percent(s string) (float64, error) {
	number, ok := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || math.IsNaN(v) || v < 0 || v > 100 {
		return 0, fmt.Errorf("%q: write a share from 0%% to 100%%", s)
	}
	return v / 100, nil
}

func (c command) delay() (action, string, error) {
	var times [2]time.Duration
	if len(c.args) < 1 || len(c.args) > 2 {
		return nil, "", errors.New("delay needs a duration, and may have a jitter: delay all 200ms 50ms")
	}
	for i, word := range c.args {
		d, err := time.ParseDuration(word)
		if err != nil || d < 0 || d > time.Hour {
			return nil, "", fmt.Errorf("delay %q: write a duration from 0s to 1h", word)
		}
		times[i] = d
	}
	said := "answers " + times[0].String() + " later"
	if times[1] > 0 {
		said += ", more or less by up to " + times[1].String()
	}
	return c.fault(len(c.args), said, func(b *Behaviour) { b.Delay, b.Jitter = times[0], times[1] })
}

// start lets devices begin again, after a while of silence where the command has one.
func (c command) start(said string, begin func(*Device, time.Time)) (action, string, error) {
	if c.hold > 0 {
		said += "; silent"
	}
	silence, _, err := c.fault(0, "", func(b *Behaviour) { b.Silent = true })
	return func(d *Device, now, until time.Time) error {
		if until.IsZero() {
			begin(d, now)
			d.notify(coldStart, 0)
			return nil
		}
		begin(d, until)
		d.lab.after(until.Sub(now), func() { d.notify(coldStart, 0) })
		return silence(d, now, until)
	}, said, err
}

func (c command) set() (action, string, error) {
	if err := c.want(1); err != nil {
		return nil, "", fmt.Errorf("%w: OID|TYPE|VALUE, in quotes where it has spaces", err)
	}
	v, err := parseLine(c.args[0])
	if err != nil {
		return nil, "", err
	}
	return func(d *Device, now, until time.Time) error {
		at, found := d.rec.find(v.OID)
		if !found {
			return fmt.Errorf("%s has no object %s", d.name, v.OID)
		}
		d.put(at, value{v.Tag, v.Value, now, until})
		return nil
	}, "has another value for " + v.OID.String(), nil
}

// put lets a value stand in place of the recorded one.
func (d *Device) put(at int, v value) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.values == nil {
		d.values = map[int]value{}
	}
	d.values[at] = v
}

func (d *Device) heal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.behaviour, d.requests, d.faults, d.values = Behaviour{}, 0, nil, nil
}

func (c command) wrong() (action, string, error) {
	if len(c.args) == 0 {
		return nil, "", errors.New("wrong needs how: truncated, garbage, id, community, version, address, endless, decreasing, too-big, error or bad-column")
	}
	how, rest := c.args[0], c.args[1:]
	plain := map[string]struct {
		said  string
		apply func(*Behaviour)
	}{
		"truncated":  {"sends half of each answer", func(b *Behaviour) { b.Truncate = true }},
		"garbage":    {"sends what is no SNMP", func(b *Behaviour) { b.Garbage = true }},
		"id":         {"answers under another request-id", func(b *Behaviour) { b.WrongID = true }},
		"community":  {"answers under another community", func(b *Behaviour) { b.WrongCommunity = true }},
		"version":    {"answers in another version", func(b *Behaviour) { b.WrongVersion = true }},
		"address":    {"answers from another address", func(b *Behaviour) { b.OtherSource = true }},
		"endless":    {"has tables that never end", func(b *Behaviour) { b.Endless = true }},
		"decreasing": {"goes back instead of on in tables", func(b *Behaviour) { b.Loop = true }},
	}
	if p, ok := plain[how]; ok {
		return c.fault(1, p.said, p.apply)
	}
	switch {
	case how == "bad-column" && len(rest) == 1:
		if _, err := ParseOID(rest[0]); err != nil {
			return nil, "", err
		}
		return c.fault(2, "answers genErr to what would read "+rest[0], func(b *Behaviour) { b.BadColumn = rest[0] })
	case how == "too-big" && len(rest) == 0:
		return c.fault(1, "answers tooBig to everything", func(b *Behaviour) { b.Status = statusTooBig })
	case (how == "too-big" || how == "error") && len(rest) == 1:
		n, err := strconv.Atoi(rest[0])
		switch {
		case err != nil || n < 1 || n > maxBinds:
			return nil, "", fmt.Errorf("wrong %s %q: write a number from 1 to %d", how, rest[0], maxBinds)
		case how == "too-big":
			return c.fault(2, fmt.Sprintf("answers tooBig to more than %d bindings", n), func(b *Behaviour) { b.MaxBinds = n })
		case n > 18:
			return nil, "", fmt.Errorf("wrong error %d: an error-status is 1 to 18 (RFC 3416), 5 is genErr", n)
		}
		return c.fault(2, fmt.Sprintf("answers everything with error-status %d", n), func(b *Behaviour) { b.Status = n })
	}
	return nil, "", fmt.Errorf("wrong %q is not understood; there are truncated, garbage, id, community, version, address, endless, decreasing, too-big [BINDINGS], error NUMBER and bad-column OID", strings.Join(c.args, " "))
}

// find returns the devices that a command is about, at least one.
func (l *Lab) find(who string) ([]*Device, error) {
	if strings.HasSuffix(who, "%") {
		return l.share(who)
	}
	var out []*Device
	prefix, notPrefix := netip.ParsePrefix(who)
	for _, d := range l.devices {
		match := who == "all" || who == d.name || who == d.addr.Addr().String() || who == d.addr.String()
		if !match && notPrefix == nil {
			match = prefix.Contains(d.addr.Addr())
		}
		if !match && strings.ContainsAny(who, "*?[") {
			match, _ = path.Match(who, d.name)
		}
		if match {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%q is no device of this lab: write an address, a name, a network, a pattern, a share as 10%%, or all", who)
	}
	return out, nil
}

// share returns a share of the devices, always the same ones: those whose names have
// the smallest digests, so that no recording is preferred.
func (l *Lab) share(who string) ([]*Device, error) {
	p, err := percent(who)
	if err != nil {
		return nil, err
	}
	n := int(p*float64(len(l.devices)) + 1e-9)
	if n == 0 {
		return nil, fmt.Errorf("%s of %d devices is none", who, len(l.devices))
	}
	out := slices.Clone(l.devices)
	slices.SortFunc(out, func(a, b *Device) int {
		return cmp.Or(cmp.Compare(diceOf([]byte(a.name), 0), diceOf([]byte(b.name), 0)), cmp.Compare(a.name, b.name))
	})
	return out[:n], nil
}
