// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/configs"
)

// reachTime bounds each step on the way to the collector.
const reachTime = 5 * time.Second

// reach goes the way to the collector step by step and stops at the first that fails.
func (d *doctor) reach(ctx context.Context, config configs.Agent, key bool) {
	if config.Source.IsValid() {
		d.source(ctx, config.Source, config.File)
	}
	host, port := config.Collector.URL.Hostname(), cmp.Or(config.Collector.URL.Port(), "443")
	addr, ok := d.dns(ctx, host, config.File)
	if !ok {
		return
	}
	hostPort := net.JoinHostPort(addr.String(), port)
	if !d.route(ctx, hostPort) || !d.tcp(ctx, config.Collector.URL, hostPort) {
		return
	}
	if key { // without one nothing can be said to the collector: said already
		d.ask(ctx, config)
	}
}

func (d *doctor) source(ctx context.Context, source netip.Addr, file string) {
	c, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", net.JoinHostPort(source.String(), "0"))
	if err != nil {
		d.problem("source", "give the machine that address, or change source in "+file, "checks are to leave from %s: %v", source, err)
		return
	}
	_ = c.Close()
	d.ok("source", "%s is an address of this machine", source)
}

func (d *doctor) dns(ctx context.Context, host, file string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(host); err == nil {
		d.ok("DNS", "not needed: the collector is named by its address")
		return addr, true
	}
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		d.problem("DNS", "look at /etc/resolv.conf, or name the collector by its address in "+file, "%v", err)
		return netip.Addr{}, false
	}
	d.ok("DNS", "%s is %s", host, addrs[0].Unmap())
	return addrs[0].Unmap(), true
}

// route asks the kernel: connecting a UDP socket sends nothing.
func (d *doctor) route(ctx context.Context, hostPort string) bool {
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", hostPort)
	if err != nil {
		d.problem("route", "look at addresses and routes of this machine: ip address, ip route", "%v", err)
		return false
	}
	defer c.Close()
	local := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
	d.ok("route", "to %s from %s", hostPort, local)
	return true
}

func (d *doctor) tcp(ctx context.Context, to *url.URL, hostPort string) bool {
	c, err := (&net.Dialer{Timeout: reachTime}).DialContext(ctx, "tcp", hostPort)
	if err != nil {
		cure := "let a firewall between here and the collector pass TCP to " + hostPort
		if errors.Is(err, syscall.ECONNREFUSED) {
			cure = "start the collector, or correct the port: it must be that of listen in collector.yaml"
		}
		d.problem("collector", cure, "%s: %v", to, err)
		return false
	}
	_ = c.Close()
	d.ok("collector", "%s accepts connections", hostPort)
	return true
}

// most is how far the clock may be from the collector's: what the Date of an answer
// can show, and far below what makes evidence doubtful.
const most = 2 * time.Second

// ask speaks to the collector as the agent does.
func (d *doctor) ask(ctx context.Context, config configs.Agent) {
	ctx, cancel := context.WithTimeout(ctx, 2*reachTime)
	defer cancel()
	found, err := agent.Reach(ctx, agent.Options{
		ID: config.ID, StateDir: config.Data, CollectorURL: config.Collector.URL.String(), Pin: config.Collector.Pin,
	})
	if !found.Trusted {
		d.problem("pin", "compare the pin in "+config.File+" with what `vouch pin` prints at the collector; where they are the same, "+
			"somebody else answers there: do not change it", "%v", err)
		return
	}
	d.ok("pin", "the collector has the pinned key")
	if !found.Known {
		cure := "enrol it: `vouch agents token --agent " + string(config.ID) + "` there, `vouch-agent enrol` with the line that it prints here; `vouch agents list` there says what is known of it"
		switch {
		case found.Expired:
			cure = "start the agent: it renews its certificate with its signing key"
		case !found.Answered:
			cure = "look at the collector's log"
		}
		d.problem("identity", cure, "%v", err)
		return
	}
	d.ok("identity", "the collector knows this agent and has %d of its chains", found.Chains)
	switch {
	case found.Bound == 0:
	case found.Offset.Abs() > found.Bound+most:
		d.problem("clock offset", "let NTP set this clock and the collector's: timedatectl set-ntp true, or start ntpd or chronyd",
			"this clock is %v from the collector's", found.Offset.Round(time.Second))
	default:
		d.ok("clock offset", "within %v of the collector's", (found.Offset.Abs() + found.Bound).Round(100*time.Millisecond))
	}
}
