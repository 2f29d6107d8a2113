// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// maxTimeServers bounds how many are asked: more make no clock better known.
const maxTimeServers = 8

// timeServers reads a list of NTP servers, each a name or an address, with a port or
// without.
func (v value) timeServers() (servers []string) {
	for i, e := range v.list() {
		s, ok := e.rawText()
		switch {
		case !ok:
			continue
		case i >= maxTimeServers:
			e.wrong("%s has more than %d servers, allowed are at most %d", v.key, maxTimeServers, maxTimeServers)
			return servers
		case !validTimeServer(s):
			e.wrong("%s %s is no time server, allowed is HOST or HOST:PORT as ntp.example.net, 192.0.2.1:123 or [2001:db8::1]:123", e.key, show(s))
			continue
		case slices.Contains(servers, s):
			e.wrong("%s %s is named twice", e.key, show(s))
			continue
		}
		servers = append(servers, s)
	}
	return servers
}

func validTimeServer(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil || validHost(s) {
		return true
	}
	host, port, err := net.SplitHostPort(s)
	n, perr := strconv.ParseUint(port, 10, 16)
	return err == nil && perr == nil && n > 0 && validHost(host)
}
