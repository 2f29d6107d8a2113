// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
)

// Ports of the demo on addresses of its own: none needs a privilege.
const (
	snmpPort    = 16161
	agentsPort  = 7443
	metricsPort = 7481
)

// block is 127.77.n.0/24, of which one run has the whole. Linux answers on every
// address of 127.0.0.0/8.
type block byte

func (b block) at(host byte) netip.Addr { return netip.AddrFrom4([4]byte{127, 77, byte(b), host}) }

func (b block) collector() netip.AddrPort    { return netip.AddrPortFrom(b.at(1), agentsPort) }
func (b block) source(place int) netip.Addr  { return b.at(11 + byte(place)) }
func (b block) gateway(place int) netip.Addr { return b.at(21 + byte(place)) }
func (b block) reference(i int) netip.Addr   { return b.at(31 + byte(i)) }
func (b block) device(i int) netip.Addr      { return b.at(101 + byte(i)) }
func (b block) metrics(place int) netip.AddrPort {
	return netip.AddrPortFrom(b.source(place), metricsPort)
}
func snmpAt(a netip.Addr) netip.AddrPort { return netip.AddrPortFrom(a, snmpPort) }

// claim opens the sockets of every responder on a block that nobody uses, beginning
// the search at first. Who holds those has the block.
func claim(first byte) (block, *cast, error) {
	for i := range 254 {
		b := block(1 + (int(first)+i)%254)
		c, err := listen(b)
		switch {
		case err == nil:
			return b, c, nil
		case errors.Is(err, syscall.EADDRINUSE):
			continue
		case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.ENETUNREACH):
			return 0, nil, fmt.Errorf("simulate devices on 127.77.0.0/16: %w; the demo needs the whole loopback network 127.0.0.0/8, as Linux has it on the interface lo (see `ip address show lo`)", err)
		default:
			return 0, nil, fmt.Errorf("simulate devices on 127.77.0.0/16: %w", err)
		}
	}
	return 0, nil, errors.New("simulate devices on 127.77.0.0/16: every block of addresses is in use; are other demos running?")
}

// listen opens all sockets of a block, or none. That the ports of the processes are
// free is only tried: they open them themselves.
func listen(b block) (c *cast, err error) {
	c = &cast{block: b, devices: map[vouch.DeviceID]*role{}}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	add := func(a netip.Addr, walk lab.Walk) (*role, error) {
		d, err := lab.Listen(snmpAt(a), walk, lab.Options{Community: community})
		if err != nil {
			return nil, err
		}
		r := &role{device: d}
		c.roles = append(c.roles, r)
		return r, nil
	}
	for i, d := range devices() {
		r, err := add(b.device(i), walkOf(d.Class).WithName(string(d.ID)+".harbour.example"))
		if err != nil {
			return c, err
		}
		c.devices[d.ID] = r
	}
	for i := range places() {
		if _, err := add(b.gateway(i), lab.Router().WithName("gateway."+string(places()[i].ID)+".example")); err != nil {
			return c, err
		}
		if err := free("tcp", b.metrics(i).String()); err != nil {
			return c, err
		}
	}
	for i, name := range references() {
		if _, err := add(b.reference(i), lab.Router().WithName(name+".example")); err != nil {
			return c, err
		}
	}
	return c, free("tcp", b.collector().String())
}

// free reports why nothing can listen at an address.
func free(network, addr string) error {
	l, err := net.Listen(network, addr)
	if err != nil {
		return err
	}
	return l.Close()
}

// defaultPage is where the page is, unless another program has the port.
const defaultPage = "127.0.0.1:7480"

// pagePlace is where the page of a run is served.
type pagePlace struct {
	addr  string
	moved bool // the usual place was taken
	// claim is the UDP port of the same number, which nobody needs. It is held for the
	// whole run, because the collector opens the TCP port only once it has started, and
	// until then another demo would take it for free as well.
	claim net.PacketConn
}

func (p pagePlace) close() { _ = p.claim.Close() } // nothing was sent

// findPage returns where the page can be served: what was asked for, else the usual
// place, else a free port.
func findPage(asked string) (pagePlace, error) {
	if asked != "" {
		return takePage(asked)
	}
	p, err := takePage(defaultPage)
	if err != nil {
		p, err = takePage("127.0.0.1:0")
		p.moved = true
	}
	return p, err
}

func takePage(asked string) (p pagePlace, err error) {
	host, _, err := net.SplitHostPort(asked)
	if err != nil {
		return p, misuse("--listen %q: not HOST:PORT; write for example --listen %s", asked, defaultPage)
	}
	l, err := net.Listen("tcp", asked)
	if err == nil {
		p.addr = net.JoinHostPort(host, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
		p.claim, err = net.ListenPacket("udp", p.addr)
		err = errors.Join(err, l.Close())
	}
	switch {
	case err == nil:
		return p, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return p, misuse("--listen %s: another program uses this port; stop it, or name another, 0 for any that is free", asked)
	}
	return p, misuse("--listen %s: %v", asked, err)
}

// loopback reports whether the page can be reached from this machine only.
func (p pagePlace) loopback() bool {
	a, err := net.ResolveTCPAddr("tcp", p.addr)
	return err == nil && a.IP.IsLoopback()
}

// url is where a browser on this machine finds the page. Beyond loopback it is served
// over TLS.
func (p pagePlace) url() string {
	if p.loopback() {
		return "http://" + p.addr + "/"
	}
	host, port, err := net.SplitHostPort(p.addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return "https://" + net.JoinHostPort("localhost", port) + "/"
	}
	return "https://" + p.addr + "/"
}
