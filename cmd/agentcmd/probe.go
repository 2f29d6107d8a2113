// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
)

// Exit codes of a probe; of several addresses the highest counts.
const (
	probeAnswered = 0
	probeSilent   = 1
	probeNotAsked = 2 // or misused
)

// maxAddresses bounds one call, and parallel how many of them are asked at once.
const (
	maxAddresses = 256
	parallel     = 8
)

func newProbeCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "probe",
		Short: "Ask devices once and show what would be measured",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return exit.Misused("say how to ask: vouch-agent probe icmp ADDR..., vouch-agent probe snmp ADDR..., or vouch-agent probe sip ADDR...")
		},
	}
	c.AddCommand(newProbeICMPCmd(), newProbeSNMPCmd(), newProbeSIPCmd())
	return c
}

// probeFlags are the flags of every probe.
type probeFlags struct {
	timeout time.Duration
	source  string
	json    bool
}

func (f *probeFlags) add(c *cobra.Command, timeout time.Duration) {
	c.Flags().DurationVar(&f.timeout, "timeout", timeout, "for the whole attempt, 10ms to 1m")
	c.Flags().StringVar(&f.source, "source", "", "local `ADDRESS` to ask from")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON: an object for one address, a list for several")
}

// parse checks the flags and the addresses. A port may follow an address where
// ports is true.
func (f *probeFlags) parse(args []string, ports bool) (addrs []netip.AddrPort, source netip.Addr, err error) {
	if len(args) == 0 || len(args) > maxAddresses {
		return nil, source, exit.Misused("give 1 to %d addresses", maxAddresses)
	}
	if f.timeout < 10*time.Millisecond || f.timeout > time.Minute {
		return nil, source, exit.Misused("timeout %v: allowed are 10ms to 1m", f.timeout)
	}
	if f.source != "" {
		if source, err = netip.ParseAddr(f.source); err != nil {
			return nil, source, exit.Misused("source %q is not an IP address", f.source)
		}
	}
	for _, arg := range args {
		a, err := netip.ParseAddr(arg)
		ap := netip.AddrPortFrom(a, 0)
		if err != nil && ports {
			ap, err = netip.ParseAddrPort(arg)
		}
		if err != nil {
			// A name would be looked up here and mean something else elsewhere.
			return nil, source, exit.Misused("%q is not an IP address", arg)
		}
		addrs = append(addrs, ap)
	}
	return addrs, source, nil
}

// report is what a probe found at one address.
type probeReport interface {
	text(w io.Writer) // for a person
	outcome() vouch.Outcome
}

// probeAll asks every address, a few at a time, prints the reports in the order of
// the addresses and returns the exit code as an error.
func probeAll[R probeReport](out io.Writer, asJSON bool, addrs []netip.AddrPort, ask func(netip.AddrPort) R) error {
	reports := make([]R, len(addrs))
	slots := make(chan struct{}, parallel)
	var asking sync.WaitGroup
	for i, a := range addrs {
		slots <- struct{}{} // freed within the timeout of an attempt
		asking.Go(func() {
			reports[i] = ask(a)
			<-slots
		})
	}
	asking.Wait()
	code := probeAnswered
	for _, r := range reports {
		code = max(code, exitOf(r.outcome()))
	}
	if err := printReports(out, asJSON, reports); err != nil {
		return err
	}
	if code != probeAnswered {
		return exit.Error{Code: code} // the report is the message
	}
	return nil
}

func exitOf(o vouch.Outcome) int {
	switch o {
	case vouch.Up:
		return probeAnswered
	case vouch.Down:
		return probeSilent
	}
	return probeNotAsked
}

func printReports[R probeReport](out io.Writer, asJSON bool, reports []R) error {
	var buf bytes.Buffer
	if asJSON {
		e := json.NewEncoder(&buf)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		var v any = reports
		if len(reports) == 1 {
			v = reports[0]
		}
		if err := e.Encode(v); err != nil {
			return fmt.Errorf("encode the report: %v", err)
		}
	} else {
		for i, r := range reports {
			if i > 0 {
				buf.WriteByte('\n')
			}
			r.text(&buf)
		}
	}
	_, err := out.Write(buf.Bytes())
	return err
}

// printable makes a text of a device safe for a terminal: one line, and nothing that
// could move the cursor or change colours.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.Join(strings.Fields(s), " ")
}

// millis prints a round trip for a person.
func millis(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
}

// shown is the address as it was given: the port where there is one.
func shown(a netip.AddrPort) string {
	if a.Port() == 0 {
		return a.Addr().String()
	}
	return a.String()
}

// failure says, for a person, why there was no answer.
func failure(w io.Writer, address string, r vouch.Result, timeout time.Duration) {
	switch {
	case r.Outcome == vouch.Down && r.Reason == vouch.ReasonTimeout:
		fmt.Fprintf(w, "%s: no answer within %v\n", address, timeout)
	case r.Reason == vouch.ReasonRejected:
		fmt.Fprintf(w, "%s: rejects what it is asked\n", address)
	case r.Outcome == vouch.Down:
		fmt.Fprintf(w, "%s: does not answer (%s)\n", address, r.Reason)
	default:
		fmt.Fprintf(w, "%s: unknown (%s)\n", address, r.Reason)
	}
	if r.Detail != "" {
		fmt.Fprintf(w, "  %s\n", printable(r.Detail))
	}
}
