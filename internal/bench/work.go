// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/wire"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// The work: every device is asked for 113 values (134 variable bindings) every ten
// seconds, as the peers are; the agent also asks for what tells a restart.
const (
	interval        = 10 * time.Second
	valuesPerPoll   = 113
	agentsValues    = valuesPerPoll + 1 // the agent reads hrSystemUptime, too
	devicePort      = 1161
	community       = "public"
	credentialName  = "bench"
	perCustomer     = 20 // devices
	agentID         = "bench-a"
	benchProfile    = "bench"
	interfacesARow  = 10
	agentStartsSoon = 2 * time.Second
)

// deviceAddr is the address of the i-th simulated device.
func deviceAddr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 1, byte(i / 250), byte(1 + i%250)})
}

func customer(i int) vouch.CustomerID { return vouch.CustomerID(fmt.Sprint("customer-", i)) }

// profile is 13 columns of ten interfaces, one processor and one storage area; the
// system group comes with every poll.
func profile() vouch.Profile {
	p := *snmp.Generic()
	p.Name = benchProfile
	p.Scalars = []vouch.Symbol{
		{OID: "1.3.6.1.2.1.25.3.3.1.2.1", Name: "cpu", Type: vouch.TypeGauge},
		{OID: "1.3.6.1.2.1.25.2.3.1.6.1", Name: "mem", Type: vouch.TypeGauge},
	}
	return p
}

// assignment is the work for n devices, with a gateway and a reference as an agent
// has them. A chain is sealed every interval, six times as often as by default, so
// that every window holds the same share of sealing and upload.
func assignment(n int, now time.Time) wire.Assignment {
	a := wire.Assignment{
		Agent: agentID, Location: "bench", From: now.UTC().Truncate(time.Millisecond), Sealing: interval, Heartbeat: 10 * time.Second,
		Profiles: []vouch.Profile{profile()},
	}
	for i := range n {
		c := customer(i / perCustomer)
		if i%perCustomer == 0 {
			a.Customers = append(a.Customers, c)
		}
		a.Devices = append(a.Devices, wire.Device{
			Customer: c, ID: vouch.DeviceID(fmt.Sprint("router-", i)), Class: vouch.ClassRouter, Profiles: []string{benchProfile},
			Checks: []vouch.Check{{
				Name: "snmp", Kind: vouch.KindSNMP, Addr: deviceAddr(i), Port: devicePort, Interval: interval, Timeout: 2 * time.Second,
				Version: "2c", Credential: credentialName, Profile: benchProfile,
			}},
		})
	}
	for i, name := range []string{"gateway", "exchange"} {
		a.References = append(a.References, wire.Reference{Customers: a.Customers, Reference: vouch.Reference{
			Name: name, Gateway: i == 0, Kind: vouch.KindSNMP, Addr: deviceAddr(i), Port: devicePort, Version: "2c", Credential: credentialName,
		}})
	}
	return a
}
