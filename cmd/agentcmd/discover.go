// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sort"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/icmp"
	"github.com/vouch-sla/vouch/probes/sip"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// Bounds on one sweep. A network of customers is known: who sweeps more than this
// has mistyped a prefix.
const (
	maxSweep      = 4096
	sweepParallel = 32
	maxSweepRate  = 500
)

func newDiscoverCmd() *cobra.Command {
	s := sweep{now: time.Now}
	var who credentialFlags
	var config, from string
	var asJSON bool
	c := &cobra.Command{
		Use:   "discover CIDR|ADDR...",
		Short: "Find the devices of a network and print an installed base to review",
		Long: "discover asks every address once by ICMP, SNMP and SIP, recognises what answers, and prints it as an installed base (base.yaml) to review.\n" +
			"It asks politely: a few addresses a second, each with a handful of packets, and no other ports. Ask only networks that are yours to ask.\n" +
			"With --config it tries every credential of an agent's file by turns; otherwise the one of the flags, which the base then calls by --name.\n" +
			"Exit code 0: something answered, 1: nothing did, 2: the network could not be asked, or misused.",
		RunE: func(c *cobra.Command, args []string) error {
			addrs, err := sweepOf(args)
			if err != nil {
				return err
			}
			if err := s.check(); err != nil {
				return err
			}
			if from != "" {
				if s.source, err = netip.ParseAddr(from); err != nil {
					return exit.Misused("source %q is not an IP address", from)
				}
			}
			if s.credentials, err = sweepCredentials(c.Context(), config, s.name, who); err != nil {
				return err
			}
			found, err := s.run(c.Context(), addrs, progressOn(c.ErrOrStderr()))
			if err != nil {
				return err
			}
			for _, line := range s.summary(len(addrs), found) {
				fmt.Fprintln(c.ErrOrStderr(), line)
			}
			if asJSON {
				err = encodeJSON(c.OutOrStdout(), found)
			} else if len(found) > 0 {
				_, err = io.WriteString(c.OutOrStdout(), baseOf(args, found, s.now()))
			}
			if err == nil && len(found) == 0 {
				err = exit.Error{Code: probeSilent}
			}
			return err
		},
	}
	c.Flags().DurationVar(&s.timeout, "timeout", 2*time.Second, "for each protocol and address, 100ms to 10s")
	c.Flags().IntVar(&s.rate, "rate", 20, "addresses begun a second, 1 to 500")
	c.Flags().StringVar(&from, "source", "", "local `ADDRESS` to ask from")
	c.Flags().StringVar(&config, "config", "", "agent's `FILE` whose credentials are tried")
	c.Flags().StringVar(&s.name, "name", "lab", "what the base calls the credential of the flags")
	c.Flags().Uint16Var(&s.port, "port", 161, "where the SNMP agents listen")
	c.Flags().Uint16Var(&s.sipPort, "sip-port", 5060, "where SIP servers listen, over UDP")
	c.Flags().BoolVar(&asJSON, "json", false, "print what answered as JSON")
	who.add(c)
	return c
}

// sweep finds what answers in a network.
type sweep struct {
	timeout     time.Duration
	rate        int
	port        uint16
	sipPort     uint16
	name        string
	source      netip.Addr
	credentials []namedCredential
	now         func() time.Time

	icmp  *icmp.Prober
	snmp  *snmp.Prober
	among choice
	stop  error // why the sweep ended early
}

type namedCredential struct {
	name       string
	version    string
	credential probes.Credential
}

// found is one address at which something answers.
type found struct {
	Address    string        `json:"address"`
	ICMP       bool          `json:"icmp"`
	SNMP       vouch.Reason  `json:"snmp_refused,omitempty"` // it answers, and refuses who asks
	Version    string        `json:"snmp_version,omitempty"`
	Credential string        `json:"credential,omitempty"`
	Device     *deviceReport `json:"device,omitempty"`
	SIP        int64         `json:"sip_status,omitempty"` // of the final answer to OPTIONS over UDP
	Server     string        `json:"sip_server,omitempty"` // what the SIP server calls itself

	addr netip.Addr
}

func (s *sweep) check() error {
	switch {
	case s.timeout < 100*time.Millisecond || s.timeout > 10*time.Second:
		return exit.Misused("timeout %v: allowed are 100ms to 10s", s.timeout)
	case s.rate < 1 || s.rate > maxSweepRate:
		return exit.Misused("rate %d: allowed are 1 to %d", s.rate, maxSweepRate)
	case vouch.ValidID(s.name) != nil:
		return exit.Misused("name %q is no name of a credential: letters, digits, '.', '_' and '-'", s.name)
	}
	return nil
}

// sweepOf returns the addresses of networks and single addresses, each once. The
// first and the last address of an IPv4 network are those of no device.
func sweepOf(args []string) ([]netip.Addr, error) {
	if len(args) == 0 {
		return nil, exit.Misused("give a network, as 192.0.2.0/24, or addresses")
	}
	var out []netip.Addr
	seen := map[netip.Addr]bool{}
	add := func(a netip.Addr) error {
		if a = a.Unmap(); !seen[a] {
			seen[a] = true
			out = append(out, a)
		}
		if len(out) > maxSweep {
			return exit.Misused("more than %d addresses: give a smaller network", maxSweep)
		}
		return nil
	}
	for _, arg := range args {
		if a, err := netip.ParseAddr(arg); err == nil {
			if err := add(a); err != nil {
				return nil, err
			}
			continue
		}
		p, err := netip.ParsePrefix(arg)
		if err != nil {
			return nil, exit.Misused("%q is neither an IP address nor a network, as 192.0.2.0/24", arg)
		}
		p = p.Masked()
		for a := p.Addr(); p.Contains(a); a = a.Next() {
			edge := p.Addr().Is4() && p.Bits() < 31 && (a == p.Addr() || !p.Contains(a.Next()))
			if edge {
				continue
			}
			if err := add(a); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// sweepCredentials returns the credentials to try: those of an agent's file by their
// names, or the one of the flags.
func sweepCredentials(ctx context.Context, config, name string, who credentialFlags) ([]namedCredential, error) {
	if config == "" {
		c, version, err := who.parse()
		return []namedCredential{{name, version, c}}, err
	}
	agent, problems := configs.LoadAgent(source(ctx), config)
	if err := problems.Err(); err != nil {
		return nil, exit.Misused("%v", err)
	}
	var out []namedCredential
	for name, c := range agent.Credentials {
		out = append(out, namedCredential{name, cmp.Or(c.Version, probes.SNMPv2c), credential(c)})
	}
	sort.Slice(out, func(i, k int) bool { return out[i].name < out[k].name })
	if len(out) == 0 {
		return nil, exit.Misused("%s holds no credentials", config)
	}
	return out, nil
}

// run asks every address, a few at a time and so many a second, and returns what
// answered in the order of the addresses. When ctx ends it returns what it has.
func (s *sweep) run(ctx context.Context, addrs []netip.Addr, progress func(done, all, found int)) ([]found, error) {
	mode, err := icmp.Access(ctx)
	if err == nil {
		s.icmp = icmp.New(mode)
		defer s.icmp.Close()
	} else {
		s.stop = err // told in the summary; SNMP finds most
	}
	s.snmp = snmp.New()
	defer s.snmp.Close()
	if s.among, err = chooseProfile(autoProfile); err != nil {
		return nil, err
	}
	pace := time.NewTicker(time.Second / time.Duration(s.rate))
	defer pace.Stop()
	var mu sync.Mutex
	var out []found
	done := 0
	slots := make(chan struct{}, sweepParallel)
	var asking sync.WaitGroup
loop:
	for i, a := range addrs {
		if i > 0 {
			select {
			case <-pace.C:
			case <-ctx.Done():
				break loop
			}
		}
		slots <- struct{}{} // freed within the timeouts of an address
		asking.Go(func() {
			f, ok := s.ask(ctx, a)
			mu.Lock()
			defer mu.Unlock()
			if done++; ok {
				out = append(out, f)
			}
			progress(done, len(addrs), len(out))
			<-slots
		})
	}
	asking.Wait()
	if ctx.Err() != nil {
		s.stop = fmt.Errorf("interrupted after %d of %d addresses", done, len(addrs))
	}
	sort.Slice(out, func(i, k int) bool { return out[i].addr.Less(out[k].addr) })
	return out, nil
}

// ask asks one address by every protocol.
func (s *sweep) ask(ctx context.Context, a netip.Addr) (found, bool) {
	f := found{Address: a.String(), addr: a}
	if s.icmp != nil {
		r := s.icmp.Probe(ctx, probes.Target{Source: s.source, Check: vouch.Check{
			Kind: vouch.KindICMP, Addr: a, Interval: 2 * s.timeout, Timeout: s.timeout, Count: 2, Spacing: min(s.timeout/4, time.Second), Size: 56,
		}})
		f.ICMP = r.Outcome == vouch.Up
	}
	for _, c := range s.credentials {
		t := probes.Target{Source: s.source, Credential: c.credential, Check: vouch.Check{
			Kind: vouch.KindSNMP, Addr: a, Port: s.port, Version: c.version, Interval: 2 * s.timeout, Timeout: s.timeout,
		}}
		r := identify(ctx, s.snmp, s.among, netip.AddrPortFrom(a, s.port), t, s.now)
		if r.Outcome == vouch.Up {
			f.Device, f.Version, f.Credential, f.SNMP = r.Device, c.version, c.name, ""
			break
		}
		if r.Reason == vouch.ReasonCredentials {
			f.SNMP = r.Reason
		}
		if r.Reason == vouch.ReasonRefused {
			break // nothing listens: other credentials are no use
		}
	}
	r := askSIP(ctx, &sip.Prober{}, netip.AddrPortFrom(a, 0), nil, probes.Target{Source: s.source, Check: vouch.Check{
		Kind: vouch.KindSIP, Addr: a, Port: s.sipPort, Interval: 2 * s.timeout, Timeout: s.timeout, SIP: vouch.SIP{Transport: vouch.SIPOverUDP},
	}})
	f.SIP, f.Server = r.Status, r.Server
	return f, f.ICMP || f.Device != nil || f.SNMP != "" || f.SIP != 0
}

// summary tells what happened, for people.
func (s *sweep) summary(asked int, list []found) []string {
	devices, refused, calls := 0, 0, 0
	for _, f := range list {
		if f.Device != nil {
			devices++
		}
		if f.SNMP != "" {
			refused++
		}
		if f.SIP != 0 {
			calls++
		}
	}
	lines := []string{fmt.Sprintf("%d addresses asked, %d answer, %d of them over SNMP, %d over SIP", asked, len(list), devices, calls)}
	if refused > 0 {
		lines = append(lines, fmt.Sprintf("%d answer over SNMP and refuse this user: see --user, --auth and --priv, or --config", refused))
	}
	if s.stop != nil {
		lines = append(lines, s.stop.Error())
	}
	return lines
}

// progressOn draws a bar on a terminal, and nothing elsewhere.
func progressOn(w io.Writer) func(done, all, found int) {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func(int, int, int) {}
	}
	return func(done, all, found int) {
		const width = 30
		bar := make([]byte, width)
		for i := range bar {
			bar[i] = '.'
			if i < done*width/all {
				bar[i] = '#'
			}
		}
		fmt.Fprintf(file, "\r[%s] %d of %d, %d answer ", bar, done, all, found)
		if done == all {
			fmt.Fprintln(file)
		}
	}
}
