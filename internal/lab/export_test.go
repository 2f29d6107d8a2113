// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Answer returns what a device with the walk says to a datagram.
func Answer(w Walk, datagram []byte, b Behaviour) []byte {
	d := Play(w, Options{})
	a := agent{value: make([]byte, 0, 64)}
	return a.answer(datagram, d, &b, time.Unix(10, 0))
}

// Play returns a device without a socket, that started at second 0.
func Play(w Walk, opts Options) *Device {
	l := &Lab{pending: map[*time.Timer]struct{}{}}
	d := l.add("device", netip.MustParseAddrPort("127.0.0.1:161"), NewRecording("device", w), opts, 0)
	d.clock.start = time.Unix(0, 0)
	return d
}

// DoAt is Do at an instant.
func (l *Lab) DoAt(line string, now time.Time) (Effect, error) { return l.do(line, now) }

// Ask returns what the device answers to a request at an instant, and how much later;
// nil for nothing.
func (d *Device) Ask(request []byte, now time.Time) (answer []byte, later time.Duration) {
	a := agent{value: make([]byte, 0, 64)}
	d.mu.Lock()
	defer d.mu.Unlock()
	b, drop, delay := d.next(netip.MustParseAddr("127.0.0.1"), now)
	if drop {
		return nil, 0
	}
	return a.answer(request, d, &b, now), delay
}

// Started returns when the device was started.
func (d *Device) Started() time.Time { return d.clock.start }

// BoundTo returns the interface that the socket of the lab belongs to.
func (l *Lab) BoundTo() (device string, err error) {
	c, err := l.conn.SyscallConn()
	if err != nil {
		return "", err
	}
	controlled := c.Control(func(fd uintptr) { device, err = unix.GetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE) })
	return device, errors.Join(err, controlled)
}

// Lab returns the lab of the device.
func (d *Device) Lab() *Lab { return d.lab }

// Play3 is Play for a device that speaks SNMPv3.
func Play3(w Walk, u *User) *Device {
	user, err := newUSM(*u)
	if err != nil {
		panic(err)
	}
	d := Play(w, Options{})
	d.user = user
	return d
}
