// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// recordingTimeout is for a simulated device on this machine, however busy it is.
const recordingTimeout = 20 * time.Second

func newProfileMatchCmd() *cobra.Command {
	var flags probeFlags
	var who credentialFlags
	var recording string
	c := &cobra.Command{
		Use:   "match ADDR[:PORT]... | match --recording FILE",
		Short: "Tell by which profile a device, or a recording of one, would be measured",
		RunE: func(c *cobra.Command, args []string) error {
			choose, err := chooseProfile(autoProfile)
			if err != nil {
				return err
			}
			p := snmp.New()
			defer p.Close()
			if recording != "" {
				if len(args) > 0 {
					return exit.Misused("give addresses or --recording, not both")
				}
				body, err := os.ReadFile(recording)
				if err != nil {
					return exit.Misused("recording: %v", err)
				}
				report, err := askRecording(c.Context(), p, choose, body)
				if err != nil {
					return exit.Misused("recording %s: %v", recording, err)
				}
				return printReports(c.OutOrStdout(), flags.json, []matchReport{matched(recording, report)})
			}
			addrs, source, err := flags.parse(args, true)
			if err != nil {
				return err
			}
			credential, version, err := who.parse()
			if err != nil {
				return err
			}
			return probeAll(c.OutOrStdout(), flags.json, addrs, func(a netip.AddrPort) matchReport {
				t := probes.Target{Source: source, Credential: credential, Check: vouch.Check{
					Kind: vouch.KindSNMP, Addr: a.Addr(), Port: a.Port(), Version: version, Interval: 2 * flags.timeout, Timeout: flags.timeout,
				}}
				return matched(shown(a), identify(c.Context(), p, choose, a, t, time.Now))
			})
		},
	}
	flags.add(c, 5*time.Second)
	who.add(c)
	c.Flags().StringVar(&recording, "recording", "", "`FILE` (.snmprec) to look at instead of a device")
	return c
}

// askRecording plays a recording on loopback and asks it as a device would be.
func askRecording(ctx context.Context, p *snmp.Prober, choose choice, recording []byte) (snmpReport, error) {
	addr, stop, err := lab.Serve(ctx, recording, lab.Options{Community: "public", Still: true})
	if err != nil {
		return snmpReport{}, err
	}
	defer stop()
	return askSNMP(ctx, p, choose, addr, probes.Target{
		Credential: probes.Credential{Community: "public"},
		Check: vouch.Check{Kind: vouch.KindSNMP, Addr: addr.Addr(), Port: addr.Port(), Version: probes.SNMPv2c,
			Interval: 2 * recordingTimeout, Timeout: recordingTimeout},
	}, time.Now), nil
}

// matchReport is what a device was recognised as.
type matchReport struct {
	Address string        `json:"address"`
	Outcome vouch.Outcome `json:"outcome"`
	Reason  vouch.Reason  `json:"reason,omitempty"`
	Detail  string        `json:"detail,omitempty"`
	Device  *deviceReport `json:"device,omitempty"`

	report snmpReport
}

func matched(address string, r snmpReport) matchReport {
	return matchReport{address, r.Outcome, r.Reason, r.Detail, r.Device, r}
}

func (m matchReport) outcome() vouch.Outcome { return m.Outcome }

func (m matchReport) text(w io.Writer) {
	if m.Device == nil {
		m.report.text(w)
		return
	}
	fmt.Fprintf(w, "%s: %s\n", m.Address, m.Device.Profile)
	m.report.facts(w)
}
