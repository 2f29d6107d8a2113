// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package probetest

import "github.com/vouch-sla/vouch/internal/lab"

// The simulated devices of the tests are those of package lab, under the names that
// tests know them by.
type (
	Device    = lab.Device
	Options   = lab.Options
	Behaviour = lab.Behaviour
	Walk      = lab.Walk
	Var       = lab.Var
	OID       = lab.OID
)

// What makes devices and walks.
var (
	Listen       = lab.Listen
	ParseSnmprec = lab.ParseSnmprec
	ParseOID     = lab.ParseOID
	Router       = lab.Router
	Firewall     = lab.Firewall
	Telephony    = lab.Telephony
	Gateway      = lab.Gateway
)
