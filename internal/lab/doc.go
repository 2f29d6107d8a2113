// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package lab plays devices: SNMP v1, v2c and v3 responders that answer from a recording
// over real UDP sockets, whose counters move, and that misbehave on command. The demo
// is made of them, the tests of the probers ask them, and `vouch lab` plays thousands.
//
// It is not an SNMP agent for production: it knows no SET and no access control beyond
// a community, or one user of SNMPv3. It shares no code with the probers, so that no mistake can cancel
// itself out, and links no web server and no command line: the edge agent holds it,
// too, to test profiles with.
package lab
