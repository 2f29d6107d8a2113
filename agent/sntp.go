// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"time"
)

// This file is one question to a time server (RFC 5905 section 14, a client without a clock
// discipline). It is our own because nothing of NTP beyond it is needed, and each program for
// the edge has to stay small.

const (
	ntpSize = 48 // bytes of a header without extensions
	// The server's own error at most (MAXDISP), and how long it may not have heard of its
	// own source: the longest poll of RFC 5905.
	mostRootDistance = 16 * time.Second
	mostStale        = 131072 * time.Second
	mostStray        = 8 // packets that answer no question of ours, such as late ones
)

// ntpAnswer is what a server said.
type ntpAnswer struct {
	received, sent time.Time     // by its clock: the question, the answer
	distance       time.Duration // bound of its own error: half of the root delay, root dispersion, precision
}

// askNTP asks over c, whose deadline is set.
func askNTP(c net.Conn) (ntpAnswer, error) {
	// A random number in place of our time: nobody can answer who did not see it, and it
	// says nothing of our clock.
	q := make([]byte, ntpSize)
	q[0] = 4<<3 | 3 // version 4, client
	if _, err := rand.Read(q[40:]); err != nil {
		return ntpAnswer{}, err
	}
	if _, err := c.Write(q); err != nil {
		return ntpAnswer{}, err
	}
	p := make([]byte, 512)
	for range mostStray {
		n, err := c.Read(p)
		if err != nil {
			return ntpAnswer{}, err
		}
		if n >= ntpSize && [8]byte(p[24:32]) == [8]byte(q[40:48]) {
			return parseNTP(p[:ntpSize])
		}
	}
	return ntpAnswer{}, fmt.Errorf("no answer among %d packets", mostStray)
}

// parseNTP reads the header of an answer (RFC 5905 section 7.3).
func parseNTP(p []byte) (a ntpAnswer, err error) {
	leap, version, mode, stratum := p[0]>>6, p[0]>>3&7, p[0]&7, p[1]
	delay, dispersion := ntpShort(p[4:]), ntpShort(p[8:])
	reference := ntpTime(p[16:])
	a.received, a.sent = ntpTime(p[32:]), ntpTime(p[40:])
	precision := time.Duration(math.Ldexp(1e9, max(-64, min(int(int8(p[3])), 5))))
	a.distance = delay/2 + dispersion + precision
	unusable := func(why string) (ntpAnswer, error) {
		return ntpAnswer{}, fmt.Errorf("the answer cannot be used: %s", why)
	}
	switch {
	case mode != 4 || version < 3 || version > 4:
		return unusable("it is not that of a server of version 3 or 4")
	case stratum == 0:
		return ntpAnswer{}, errKiss(kissCode(p[12:16]))
	case leap == 3 || stratum > 15:
		return unusable("the server's clock is not synchronised")
	case a.distance > mostRootDistance:
		return unusable("the server knows its own time too badly")
	case a.sent.Before(a.received):
		return unusable("it was sent before the question came")
	case a.sent.Before(reference) || a.sent.Sub(reference) > mostStale:
		return unusable("the server has not heard of its own source lately")
	}
	return a, nil
}

// ntpTime reads a time stamp: seconds since 1900 and a fraction of 32 bits. From 2036 on it
// begins anew (RFC 4330 section 3).
func ntpTime(p []byte) time.Time {
	const to1970, era = 2_208_988_800, 1 << 32
	s := int64(binary.BigEndian.Uint32(p))
	if s < 1<<31 {
		s += era
	}
	return time.Unix(s-to1970, int64(uint64(binary.BigEndian.Uint32(p[4:]))*1e9>>32))
}

// ntpShort reads a duration of 16 bits of seconds and 16 of a fraction.
func ntpShort(p []byte) time.Duration {
	return time.Duration(uint64(binary.BigEndian.Uint32(p)) * 1e9 >> 16)
}

// kissCode keeps of four bytes what can be shown.
func kissCode(p []byte) string {
	for _, b := range p {
		if b < 'A' || b > 'Z' {
			return "unknown"
		}
	}
	return string(p)
}
