// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"math/bits"
	"time"
)

// motion makes a walk move. Time ticks of the system's uptime run; every counter
// grows at the mean rate that its value and the recorded uptime imply, so that busy
// interfaces are busy and those without errors stay without.
type motion struct {
	still    bool
	start    time.Time // when the values were those of the walk, or of the last reboot
	boots    uint64    // reboots since the beginning
	recorded uint64    // uptime of the walk, hundredths of a second
	kinds    []moving  // by index in the walk
	values   []uint64  // recorded values
}

// moving says how an object moves.
type moving byte

const (
	fixed     moving = iota
	uptime           // hundredths of a second since the start
	seconds          // seconds since the start
	boots            // number of starts
	counter32        // grows at its mean rate
	counter64        // grows at its mean rate
)

// Objects that tell how long a device has been up (SNMPv2-MIB, HOST-RESOURCES-MIB,
// SNMP-FRAMEWORK-MIB).
const (
	oidSysUpTime      = "1.3.6.1.2.1.1.3.0"
	oidHrSystemUptime = "1.3.6.1.2.1.25.1.1.0"
	oidEngineBoots    = "1.3.6.1.6.3.10.2.1.2.0"
	oidEngineTime     = "1.3.6.1.6.3.10.2.1.3.0"
)

func newMotion(w Walk, still bool, now time.Time) motion {
	m := motion{still: still, start: now, recorded: 8_640_000} // a day, where the walk does not say
	m.kinds = make([]moving, len(w))
	m.values = make([]uint64, len(w))
	for i, v := range w {
		m.values[i] = decodeUint(v.Value)
		m.kinds[i] = kindOf(v)
		if m.values[i] > 0 && v.Tag == tagTimeTicks && v.OID.String() == oidSysUpTime {
			m.recorded = m.values[i]
		}
	}
	return m
}

func kindOf(v Var) moving {
	switch v.Tag {
	case tagCounter32:
		return counter32
	case tagCounter64:
		return counter64
	case tagTimeTicks:
		if s := v.OID.String(); s == oidSysUpTime || s == oidHrSystemUptime {
			return uptime
		}
	case tagInteger:
		switch v.OID.String() {
		case oidEngineBoots:
			return boots
		case oidEngineTime:
			return seconds
		}
	}
	return fixed
}

func (m *motion) reboot(now time.Time) {
	m.start = now
	m.boots++
}

// value appends the content octets of the object now, or returns nil where it stands
// as recorded.
func (m *motion) value(b []byte, at int, now time.Time) []byte {
	kind := m.kinds[at]
	if kind == fixed || m.still && m.boots == 0 {
		return nil
	}
	var elapsed uint64 // hundredths of a second
	if !m.still {
		elapsed = uint64(max(now.Sub(m.start), 0) / (10 * time.Millisecond))
	}
	value, recorded := m.values[at], m.recorded
	if m.boots > 0 {
		value, recorded = 0, 0
	}
	switch kind {
	case uptime:
		return appendUint(b, (value+elapsed)&(1<<32-1))
	case seconds:
		return appendUint(b, (value+elapsed/100)&(1<<31-1))
	case boots:
		return appendUint(b, m.values[at]+m.boots)
	case counter32:
		return appendUint(b, m.scale(at, recorded+elapsed)&(1<<32-1))
	}
	return appendUint(b, m.scale(at, recorded+elapsed))
}

// scale returns value*up/recorded modulo 2^64, which is value at the recorded uptime.
func (m *motion) scale(at int, up uint64) uint64 {
	hi, lo := bits.Mul64(m.values[at], up)
	v, _ := bits.Div64(hi%m.recorded, lo, m.recorded)
	return v
}
