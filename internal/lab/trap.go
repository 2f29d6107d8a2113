// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"slices"
	"time"
)

// Notifications (RFC 3418, RFC 2863): the last number of 1.3.6.1.6.3.1.1.5.
const (
	coldStart = 1
	linkDown  = 3
	linkUp    = 4
)

const pduTrap = 0xa7

// notify sends an SNMPv2 notification from the address of the device to where the lab
// sends them, if anywhere. index is the interface of linkDown and linkUp.
func (d *Device) notify(notification, index uint32) {
	l := d.lab
	if !l.traps.IsValid() {
		return
	}
	now := time.Now()
	ticks := appendUint(nil, d.uptime(now))
	binds := appendVar(nil, OID{1, 3, 6, 1, 2, 1, 1, 3, 0}, tagTimeTicks, ticks)
	binds = appendVar(binds, OID{1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}, tagOID, appendOID(nil, OID{1, 3, 6, 1, 6, 3, 1, 1, 5, notification}))
	if index != 0 {
		binds = appendVar(binds, column(ifEntry, 1, index), tagInteger, appendUint(nil, uint64(index)))
		for _, c := range []uint32{7, 8} { // ifAdminStatus, ifOperStatus
			if at, found := d.rec.find(column(ifEntry, c, index)); found {
				d.mu.Lock()
				tag, content := d.read(nil, at, now)
				content = slices.Clone(content)
				d.mu.Unlock()
				binds = appendVar(binds, column(ifEntry, c, index), tag, content)
			}
		}
	}
	id := appendUint(nil, decodeUint(ticks)&(1<<31-1))
	message := appendMessage(nil, version2c, d.opts.Community, appendPDU(nil, pduTrap, id, 0, 0, binds))
	var oob []byte
	if l.ranged {
		oob = from4(d.addr.Addr(), false)
	}
	_, _, _ = l.conn.WriteMsgUDPAddrPort(message, oob, l.traps) // lost, as datagrams are
}

// appendVar appends one variable binding.
func appendVar(b []byte, name OID, tag byte, content []byte) []byte {
	encoded := appendOID(nil, name)
	b = appendLen(append(b, 0x30), tlvSize(len(encoded))+tlvSize(len(content)))
	return appendTLV(appendTLV(b, tagOID, encoded), tag, content)
}
