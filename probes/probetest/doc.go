// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package probetest holds the suite that every prober passes, see [Run], and what the
// tests of probers ask: the simulated devices of package lab, and hosts behind a
// tunnel that answer pings, see [Hosts].
package probetest
