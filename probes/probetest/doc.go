// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package probetest holds the suite that every prober passes, see [Run], and hosts
// behind a tunnel that answer pings, see [Hosts]. Devices that answer over SNMP are
// package lab's.
package probetest
