// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"cmp"
	"context"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// autoProfile asks the device what it is.
const autoProfile = "auto"

func newProbeSNMPCmd() *cobra.Command {
	var flags probeFlags
	var who credentialFlags
	var profile string
	c := &cobra.Command{
		Use:   "snmp ADDR[:PORT]...",
		Short: "Ask devices over SNMP, recognise them and show what would be measured",
		Long: "snmp asks each address once and shows what it is and what a check would measure.\n" +
			"Passwords are read from files. --community is for trying what is no secret: everybody on this host sees it.\n" +
			"Exit code 0: every address answered, 1: one did not, 2: one could not be asked or refused who asks, or misused.",
		RunE: func(c *cobra.Command, args []string) error {
			addrs, source, err := flags.parse(args, true)
			if err != nil {
				return err
			}
			credential, version, err := who.parse()
			if err != nil {
				return err
			}
			choose, err := chooser(profile)
			if err != nil {
				return err
			}
			p := snmp.New()
			defer p.Close()
			return probeAll(c.OutOrStdout(), flags.json, addrs, func(a netip.AddrPort) snmpReport {
				return askSNMP(c.Context(), p, choose, a, probes.Target{Source: source, Credential: credential, Check: vouch.Check{
					Kind: vouch.KindSNMP, Addr: a.Addr(), Port: a.Port(), Version: version,
					Interval: 2 * flags.timeout, Timeout: flags.timeout,
				}})
			})
		},
	}
	flags.add(c, 5*time.Second)
	who.add(c)
	c.Flags().StringVar(&profile, "profile", autoProfile, "`NAME` of the profile to measure by, auto to recognise the device")
	return c
}

// chooser returns what chooses the profile for a device by its sysObjectID.
func chooser(name string) (func(objectID string) *vouch.Profile, error) {
	all := configs.Profiles()
	if name == "" || name == autoProfile {
		return func(objectID string) *vouch.Profile {
			for i := range all {
				if all[i].Matches(objectID) {
					return &all[i].Profile
				}
			}
			return snmp.Generic()
		}, nil
	}
	p, err := configs.FindProfile(all, name)
	if err != nil {
		return nil, exit.Misused("%v", err)
	}
	return func(string) *vouch.Profile { return &p.Profile }, nil
}

// interfaces is the profile from which the list of interfaces is made, whatever the
// device is measured by.
func interfaces() *vouch.Profile {
	p := snmp.Generic()
	p.Tables[0].Columns = append(p.Tables[0].Columns, vouch.Symbol{OID: "1.3.6.1.2.1.2.2.1.1", Name: "index", Type: vouch.TypeGauge})
	return p
}

// snmpReport is what one device told.
type snmpReport struct {
	Address    string            `json:"address"`
	Outcome    vouch.Outcome     `json:"outcome"`
	Reason     vouch.Reason      `json:"reason,omitempty"`
	Detail     string            `json:"detail,omitempty"`
	Device     *deviceReport     `json:"device,omitempty"`
	Interfaces []interfaceReport `json:"interfaces,omitempty"`
	Metrics    []metricReport    `json:"metrics,omitempty"`

	result  vouch.Result
	version string
	timeout time.Duration
	lines   int
}

// deviceReport is what a device says it is, and how it was recognised.
type deviceReport struct {
	Name        string      `json:"name,omitempty"`
	Description string      `json:"description,omitempty"`
	ObjectID    string      `json:"object_id,omitempty"`
	Uptime      *float64    `json:"uptime_seconds,omitempty"`
	Class       vouch.Class `json:"class"`
	Profile     string      `json:"profile"`
}

// askSNMP asks one device what it is, chooses the profile, and measures once by it
// and once for the list of interfaces.
func askSNMP(ctx context.Context, p *snmp.Prober, choose func(string) *vouch.Profile, a netip.AddrPort, t probes.Target) snmpReport {
	facts, r := p.Facts(ctx, t)
	report := snmpReport{
		Address: shown(a), Outcome: r.Outcome, Reason: r.Reason, Detail: r.Detail,
		result: r, version: t.Check.Version, timeout: t.Check.Timeout,
	}
	if r.Outcome != vouch.Up {
		return report
	}
	profile := choose(facts.SysObjectID)
	report.Device = &deviceReport{
		Name: facts.SysName, Description: facts.SysDescr, ObjectID: facts.SysObjectID,
		Class: cmp.Or(profile.Class, vouch.ClassOther), Profile: profile.Name,
	}
	if facts.UpTime > 0 {
		seconds := facts.UpTime.Seconds()
		report.Device.Uptime = &seconds
	}
	t.Profile = profile
	measured := p.Probe(ctx, t)
	if measured.Outcome == vouch.Up {
		report.result = measured
	}
	report.lines = len(measured.Points)
	report.Metrics = metricsOf(measured.Points, profile)
	t.Profile = interfaces()
	report.Interfaces = interfacesOf(p.Probe(ctx, t).Points)
	if report.Detail == "" {
		report.Detail = measured.Detail
	}
	return report
}

func (r snmpReport) outcome() vouch.Outcome { return r.Outcome }
