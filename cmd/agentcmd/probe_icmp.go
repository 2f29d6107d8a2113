// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/icmp"
	"github.com/vouch-sla/vouch/voice"
)

func newProbeICMPCmd() *cobra.Command {
	var flags probeFlags
	var count, size int
	var spacing time.Duration
	var call voiceFlag
	c := &cobra.Command{
		Use:   "icmp ADDR...",
		Short: "Ask devices by ICMP echo and show loss and round trips",
		Long: "icmp sends one round of echo requests to each address and shows what a check would measure.\n" +
			"Exit code 0: every address answered, 1: one did not, 2: one could not be asked, or misused.",
		RunE: func(c *cobra.Command, args []string) error {
			addrs, source, err := flags.parse(args, false)
			switch {
			case err != nil:
				return err
			case count < 1 || count > 20:
				return exit.Misused("count %d: allowed are 1 to 20", count)
			case size < 24 || size > 1400:
				return exit.Misused("size %d: allowed are 24 to 1400 bytes", size)
			case spacing < 10*time.Millisecond || time.Duration(count-1)*spacing >= flags.timeout:
				return exit.Misused("%d requests %v apart do not fit in a timeout of %v: at least 10ms apart, and all before it ends", count, spacing, flags.timeout)
			}
			codec, err := call.parse()
			if err != nil {
				return err
			}
			mode, err := icmp.Access(c.Context())
			if err != nil && !flags.json {
				return exit.Error{Code: probeNotAsked, Err: err}
			}
			p := icmp.New(mode)
			defer p.Close()
			return probeAll(c.OutOrStdout(), flags.json, addrs, func(a netip.AddrPort) icmpReport {
				return askICMP(c.Context(), p, codec, probes.Target{Source: source, Check: vouch.Check{
					Kind: vouch.KindICMP, Addr: a.Addr(), Interval: 2 * flags.timeout, Timeout: flags.timeout,
					Count: count, Spacing: spacing, Size: size,
				}})
			})
		},
	}
	call.add(c)
	flags.add(c, 5*time.Second) // this and the next as a contract has them where it does not say
	c.Flags().IntVar(&count, "count", 3, "echo requests, 1 to 20")
	c.Flags().DurationVar(&spacing, "spacing", time.Second, "between two requests; many devices limit faster ones, which looks like loss")
	c.Flags().IntVar(&size, "size", 56, "bytes of payload, 24 to 1400")
	return c
}

// icmpReport is what a round found. Its JSON has the names of the samples.
type icmpReport struct {
	Address string        `json:"address"`
	Outcome vouch.Outcome `json:"outcome"`
	Reason  vouch.Reason  `json:"reason,omitempty"`
	Detail  string        `json:"detail,omitempty"`
	Sent    int           `json:"sent"`
	Lost    int           `json:"lost"`
	RTT     *rttReport    `json:"rtt,omitempty"`
	Voice   *voiceReport  `json:"voice,omitempty"`

	result  vouch.Result
	timeout time.Duration
}

// rttReport is the round trips in microseconds.
type rttReport struct {
	Min    int64 `json:"min_us"`
	Avg    int64 `json:"avg_us"`
	Max    int64 `json:"max_us"`
	Jitter int64 `json:"jitter_us"`
}

func askICMP(ctx context.Context, p probes.Prober, codec *voice.Codec, t probes.Target) icmpReport {
	r := p.Probe(ctx, t)
	report := icmpReport{
		Address: t.Check.Addr.String(), Outcome: r.Outcome, Reason: r.Reason, Detail: r.Detail,
		Sent: r.Sent, Lost: r.Lost, result: r, timeout: t.Check.Timeout,
	}
	if r.Outcome == vouch.Up {
		report.RTT = &rttReport{
			Min: r.RTT.Min.Microseconds(), Avg: r.RTT.Avg.Microseconds(),
			Max: r.RTT.Max.Microseconds(), Jitter: r.RTT.Jitter.Microseconds(),
		}
		report.Voice = heard(codec, r, true)
	}
	return report
}

func (r icmpReport) outcome() vouch.Outcome { return r.Outcome }

func (r icmpReport) text(w io.Writer) {
	if r.Outcome != vouch.Up {
		failure(w, r.Address, r.result, r.timeout)
		return
	}
	rtt := r.result.RTT
	fmt.Fprintf(w, "%s: answers, %d of %d replies\n", r.Address, r.Sent-r.Lost, r.Sent)
	fmt.Fprintf(w, "  round trip  %s mean, %s to %s\n", millis(rtt.Avg), millis(rtt.Min), millis(rtt.Max))
	fmt.Fprintf(w, "  variation   %s\n", millis(rtt.Jitter))
	fmt.Fprintf(w, "  loss        %d of %d\n", r.Lost, r.Sent)
	r.Voice.text(w)
}
