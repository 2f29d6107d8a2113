// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"cmp"
	"context"
	"net/netip"
	"strings"
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
			choose, err := chooseProfile(profile)
			if err != nil {
				return err
			}
			p := snmp.New()
			defer p.Close()
			return probeAll(c.OutOrStdout(), flags.json, addrs, func(a netip.AddrPort) snmpReport {
				return askSNMP(c.Context(), p, choose, a, probes.Target{Source: source, Credential: credential, Check: vouch.Check{
					Kind: vouch.KindSNMP, Addr: a.Addr(), Port: a.Port(), Version: version,
					Interval: 2 * flags.timeout, Timeout: flags.timeout,
				}}, time.Now)
			})
		},
	}
	flags.add(c, 5*time.Second)
	who.add(c)
	c.Flags().StringVar(&profile, "profile", autoProfile, "`NAME` of the profile to measure by, a file that holds one, or auto to recognise the device")
	return c
}

// choice is what a device is measured by: a profile, or what it is recognised as.
type choice struct {
	fixed *vouch.Profile
	among []vouch.Profile
}

// chooseProfile reads the flag: auto, the name of a profile, or the path of a file.
func chooseProfile(name string) (choice, error) {
	if strings.ContainsAny(name, "./") && strings.HasSuffix(name, ".yaml") {
		p, err := ownProfile(name)
		return choice{fixed: &p.Profile}, err
	}
	all := configs.Profiles()
	if name != "" && name != autoProfile {
		p, err := configs.FindProfile(all, name)
		if err != nil {
			return choice{}, exit.Misused("%v", err)
		}
		return choice{fixed: &p.Profile}, nil
	}
	var c choice
	for _, p := range all {
		c.among = append(c.among, p.Profile)
	}
	return c, nil
}

// find asks the device what it is.
func (c choice) find(ctx context.Context, p *snmp.Prober, t probes.Target) (snmp.Device, vouch.Result) {
	if c.fixed != nil {
		return p.Describe(ctx, t, c.fixed)
	}
	d, r := p.Recognise(ctx, t, c.among)
	if r.Outcome == vouch.Up && d.Profile == nil {
		d.Profile = snmp.Generic()
		for i := range c.among {
			if c.among[i].Name == d.Profile.Name {
				d.Profile = &c.among[i]
			}
		}
	}
	return d, r
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
	profile *vouch.Profile
	version string
	timeout time.Duration
	running time.Duration
	lines   int
}

// deviceReport is what a device says it is, and how it was recognised. Uptime is
// sysUpTime, which tells since when its SNMP agent runs; RebootedAt rests on the best
// clock that it has.
type deviceReport struct {
	Name        string      `json:"name,omitempty"`
	Description string      `json:"description,omitempty"`
	ObjectID    string      `json:"object_id,omitempty"`
	Uptime      *float64    `json:"uptime_seconds,omitempty"`
	RebootedAt  *time.Time  `json:"rebooted_at,omitempty"`
	Class       vouch.Class `json:"class"`
	Kind        string      `json:"kind,omitempty"`
	Vendor      string      `json:"vendor,omitempty"`
	Model       string      `json:"model,omitempty"`
	Version     string      `json:"version,omitempty"`
	Serial      string      `json:"serial,omitempty"`
	EngineID    string      `json:"engine_id,omitempty"`
	Profile     string      `json:"profile"`
}

// identify asks one device what it is.
func identify(ctx context.Context, p *snmp.Prober, choose choice, a netip.AddrPort, t probes.Target, now func() time.Time) snmpReport {
	d, r := choose.find(ctx, p, t)
	report := snmpReport{
		Address: shown(a), Outcome: r.Outcome, Reason: r.Reason, Detail: r.Detail,
		result: r, version: t.Check.Version, timeout: t.Check.Timeout,
	}
	if r.Outcome != vouch.Up {
		return report
	}
	report.profile = d.Profile
	report.Device = &deviceReport{
		Name: d.SysName, Description: d.SysDescr, ObjectID: d.SysObjectID, EngineID: d.EngineID,
		Class: cmp.Or(d.Profile.Class, vouch.ClassOther), Kind: d.Profile.Kind, Profile: d.Profile.Name,
		Vendor: d.Vendor, Model: d.Model, Version: d.Version, Serial: d.Serial,
	}
	if d.UpTime > 0 {
		seconds := d.UpTime.Seconds()
		report.Device.Uptime = &seconds
	}
	if up, ok := d.Running(d.Profile.Uptime); ok {
		at := now().Add(-up).UTC().Truncate(time.Second)
		report.Device.RebootedAt, report.running = &at, up
	}
	return report
}

// askSNMP asks one device what it is, measures once by its profile, and lists its
// interfaces.
func askSNMP(ctx context.Context, p *snmp.Prober, choose choice, a netip.AddrPort, t probes.Target, now func() time.Time) snmpReport {
	report := identify(ctx, p, choose, a, t, now)
	if report.Outcome != vouch.Up {
		return report
	}
	t.Profile = report.profile
	measured := p.Probe(ctx, t)
	if measured.Outcome == vouch.Up {
		report.result = measured
	}
	report.lines = len(measured.Points)
	report.Metrics = metricsOf(measured.Points, report.profile)
	report.Detail = cmp.Or(report.Detail, measured.Detail)
	interfaces, listed := p.Interfaces(ctx, t)
	report.Interfaces = interfacesOf(interfaces)
	report.Detail = cmp.Or(report.Detail, listed.Detail)
	return report
}

func (r snmpReport) outcome() vouch.Outcome { return r.Outcome }
