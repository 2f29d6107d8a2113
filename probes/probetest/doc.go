// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package probetest plays devices: small SNMP v1 and v2c responders that answer from
// a walk over real UDP sockets and misbehave on command. The demo is made of them,
// and the tests of the probers ask them. It also holds the suite that every prober
// passes, see [Run].
//
// It is not an SNMP agent for production: it knows no SNMPv3, no SET and no access
// control beyond a community. It shares no code with the probers, so that no mistake
// can cancel itself out.
package probetest
