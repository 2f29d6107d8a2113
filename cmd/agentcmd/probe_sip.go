// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/sip"
	"github.com/vouch-sla/vouch/voice"
)

func newProbeSIPCmd() *cobra.Command {
	var flags probeFlags
	var how vouch.SIP
	var accept string
	var call voiceFlag
	c := &cobra.Command{
		Use:   "sip ADDR[:PORT]...",
		Short: "Ask devices for their SIP options and show how they answer",
		Long: "sip sends one OPTIONS to each address, over UDP again while nothing comes, and shows what a check would measure.\n" +
			"It registers nothing and calls nobody. 401, 404 and the like are answers too: --accept says which are up.\n" +
			"Exit code 0: every address gave an answer that is accepted, 1: one did not, 2: one could not be asked or gave an answer\n" +
			"that cannot be read, or misused.",
		RunE: func(c *cobra.Command, args []string) error {
			addrs, source, err := flags.parse(args, true)
			if err != nil {
				return err
			}
			if accept != "" {
				how.Accept = strings.Split(accept, ",")
			}
			how.TLSPin = strings.TrimPrefix(how.TLSPin, "sha256:")
			if err := how.Valid(); err != nil {
				return exit.Misused("%v", err)
			}
			codec, err := call.parse()
			if err != nil {
				return err
			}
			p := &sip.Prober{}
			return probeAll(c.OutOrStdout(), flags.json, addrs, func(a netip.AddrPort) sipReport {
				return askSIP(c.Context(), p, a, codec, probes.Target{Source: source, Check: vouch.Check{
					Kind: vouch.KindSIP, Addr: a.Addr(), Port: a.Port(), Interval: 2 * flags.timeout, Timeout: flags.timeout, SIP: how,
				}})
			})
		},
	}
	flags.add(c, 5*time.Second) // as a contract has it where it does not say
	call.add(c)
	c.Flags().StringVar(&how.Transport, "transport", vouch.SIPOverUDP, "udp, tcp or tls; the port is 5060, with tls 5061, where the address has none")
	c.Flags().StringVar(&accept, "accept", "", "`LIST` of the answers that are up, as 2xx,404 (default 2xx,3xx,4xx, but not 408)")
	c.Flags().StringVar(&how.User, "user", "", "`USER` to ask for instead of the server itself")
	c.Flags().StringVar(&how.Host, "host", "", "`HOST` to ask for, where it is not the address")
	c.Flags().StringVar(&how.TLSName, "tls-name", "", "`NAME` that the certificate must hold, where it is not the address")
	c.Flags().StringVar(&how.TLSPin, "tls-pin", "", "`SHA-256` of the certificate in hexadecimal, instead of a root that this host knows")
	c.Flags().BoolVar(&how.TLSInsecure, "tls-insecure", false, "take any certificate, and say so")
	return c
}

// sipReport is how one device answered. Its JSON has the names of the samples.
type sipReport struct {
	Address   string        `json:"address"`
	Outcome   vouch.Outcome `json:"outcome"`
	Reason    vouch.Reason  `json:"reason,omitempty"`
	Detail    string        `json:"detail,omitempty"`
	Transport string        `json:"transport"`
	Status    int64         `json:"status,omitempty"` // of the final answer
	Server    string        `json:"server,omitempty"`
	Resent    int64         `json:"resent"`
	Sent      int           `json:"sent"`
	Lost      int           `json:"lost"`
	RTT       *rttReport    `json:"rtt,omitempty"`
	Voice     *voiceReport  `json:"voice,omitempty"`

	result  vouch.Result
	timeout time.Duration
}

func askSIP(ctx context.Context, p probes.Prober, a netip.AddrPort, codec *voice.Codec, t probes.Target) sipReport {
	r := p.Probe(ctx, t)
	report := sipReport{
		Address: shown(a), Outcome: r.Outcome, Reason: r.Reason, Detail: r.Detail, Transport: cmp.Or(t.Check.SIP.Transport, vouch.SIPOverUDP),
		Sent: r.Sent, Lost: r.Lost, result: r, timeout: t.Check.Timeout,
	}
	for _, point := range r.Points {
		for _, f := range point.Fields {
			switch f.Name {
			case "status":
				report.Status = f.Value.Int()
			case "resent":
				report.Resent = f.Value.Int()
			case "server":
				report.Server = f.Value.Text()
			}
		}
	}
	if r.RTT.Avg > 0 {
		report.RTT = &rttReport{Min: r.RTT.Min.Microseconds(), Avg: r.RTT.Avg.Microseconds(), Max: r.RTT.Max.Microseconds()}
	}
	if report.Resent == 0 { // else the time to the answer is no round trip of a packet
		report.Voice = heard(codec, r, false)
	}
	return report
}

func (r sipReport) outcome() vouch.Outcome { return r.Outcome }

func (r sipReport) text(w io.Writer) {
	if r.Outcome != vouch.Up {
		failure(w, r.Address, r.result, r.timeout)
	} else {
		fmt.Fprintf(w, "%s: answers %d over %s\n", r.Address, r.Status, strings.ToUpper(r.Transport))
		if r.Detail != "" {
			fmt.Fprintf(w, "  %s\n", printable(r.Detail))
		}
	}
	if r.Server != "" {
		fmt.Fprintf(w, "  server      %s\n", printable(r.Server))
	}
	if r.RTT != nil {
		fmt.Fprintf(w, "  round trip  %s", millis(r.result.RTT.Avg))
		if r.Resent > 0 {
			fmt.Fprintf(w, ", with the request sent %d times", r.Resent+1)
		}
		fmt.Fprintln(w)
	}
	r.Voice.text(w)
}
