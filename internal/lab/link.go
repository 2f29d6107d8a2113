// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// link is the command that takes an interface down or up. What it did for a time it
// undoes itself, with a notification, as a cable that is plugged in again.
func (c command) link() (action, string, error) {
	if len(c.args) != 2 || c.args[1] != "up" && c.args[1] != "down" {
		return nil, "", errors.New("interface needs its name and up or down: interface 127.1.0.7 eth0 down")
	}
	name, status := c.args[0], int64(ifDown)
	if c.args[1] == "up" {
		status = ifUp
	}
	return func(d *Device, now, until time.Time) error {
		index, found := d.rec.interfaceIndex(name)
		if !found {
			return fmt.Errorf("%s has no interface %q with a state%s", d.name, name, d.rec.someInterfaces())
		}
		before, set := d.turn(index, status, now)
		if !until.IsZero() {
			d.lab.after(until.Sub(now), func() {
				if d.stands(index, set) && before != status {
					d.turn(index, before, until)
				}
			})
		}
		return nil
	}, "has interface " + name + " " + c.args[1], nil
}

// States of an interface (ifOperStatus, RFC 2863).
const (
	ifUp   = 1
	ifDown = 2
)

// interfaceIndex returns the ifIndex of an interface that has a state, by ifName,
// ifDescr, ifAlias or the index itself.
func (r *Recording) interfaceIndex(name string) (uint32, bool) {
	state := func(index uint32) bool {
		_, found := r.find(column(ifEntry, 8, index))
		return found
	}
	for _, names := range []OID{column(ifXEntry, 1), column(ifEntry, 2), column(ifXEntry, 18)} {
		at, _ := r.find(names)
		for ; at < len(r.walk) && r.walk[at].OID.HasPrefix(names); at++ {
			index := r.walk[at].OID[len(r.walk[at].OID)-1]
			if string(r.walk[at].Value) == name && state(index) {
				return index, true
			}
		}
	}
	index, err := strconv.ParseUint(name, 10, 32)
	return uint32(index), err == nil && state(uint32(index))
}

// someInterfaces names the first few interfaces that have a state, for a person who
// named another one.
func (r *Recording) someInterfaces() string {
	var names []string
	states := column(ifEntry, 8)
	at, _ := r.find(states)
	for ; at < len(r.walk) && r.walk[at].OID.HasPrefix(states) && len(names) < 8; at++ {
		index := r.walk[at].OID[len(r.walk[at].OID)-1]
		name := strconv.FormatUint(uint64(index), 10)
		if d, found := r.find(column(ifEntry, 2, index)); found && len(r.walk[d].Value) > 0 {
			name = strconv.Quote(string(r.walk[d].Value))
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return ", nor any other"
	}
	return "; it has " + strings.Join(names, ", ")
}

func column(table OID, rest ...uint32) OID { return append(slices.Clone(table), rest...) }

// turn sets ifOperStatus and ifLastChange (RFC 2863), and says so to whoever gets the
// traps. It returns the status before, and what stands there now.
func (d *Device) turn(index uint32, status int64, now time.Time) (before int64, set []byte) {
	set = appendInt(nil, status)
	if at, found := d.rec.find(column(ifEntry, 8, index)); found {
		d.mu.Lock()
		_, content := d.read(nil, at, now)
		d.mu.Unlock()
		before = decodeInt(content)
		d.put(at, value{tag: tagInteger, content: set})
	}
	if at, found := d.rec.find(column(ifEntry, 9, index)); found {
		d.put(at, value{tag: tagTimeTicks, content: appendUint(nil, d.uptime(now))})
	}
	notification := uint32(linkDown)
	if status == ifUp {
		notification = linkUp
	}
	d.notify(notification, index)
	return before, set
}

// stands reports whether what was set as the state of an interface still is: neither
// healed nor set again.
func (d *Device) stands(index uint32, set []byte) bool {
	at, _ := d.rec.find(column(ifEntry, 8, index))
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.values[at]
	return ok && &v.content[0] == &set[0]
}

// uptime returns sysUpTime at an instant, in hundredths of a second.
func (d *Device) uptime(now time.Time) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, found := d.rec.find(OID{1, 3, 6, 1, 2, 1, 1, 3, 0})
	if !found {
		return d.clock.elapsed(now) & (1<<32 - 1)
	}
	_, content := d.read(nil, at, now)
	return decodeUint(content)
}
