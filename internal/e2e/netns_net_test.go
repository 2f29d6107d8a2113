// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/vouch-sla/vouch"
)

// network is a router in the middle, in a network namespace of its own, and around it
// one namespace for each party, joined to the router by a pair of virtual links:
//
//	collector 10.77.0.2 --+                +-- device 10.77.9.2
//	      AMS 10.77.1.2 --+                |
//	      BRU 10.77.2.2 --+---- router ----+   10.77.255.1, a host beyond the gateways
//	      RTM 10.77.3.2 --+
//
// The router is 10.77.N.1 on each link: the gateway of whoever is there. Nothing of
// it is reached from outside, so that tests may run beside each other.
type network struct {
	t      *testing.T
	prefix string
}

// Parties of the network, with the third byte of their addresses.
const (
	atCollector = 0
	atDevice    = 9
)

const (
	deviceAddr = "10.77.9.2"
	beyondAddr = "10.77.255.1"
)

// stations are the locations, in the order of the third byte of their addresses.
var stations = []vouch.Location{
	{ID: "AMS", Custody: vouch.CustodyProvider},
	{ID: "BRU", Custody: vouch.CustodyProvider},
	{ID: "RTM", Custody: vouch.CustodyNeutral},
}

// needNetwork skips the test where namespaces cannot be made, and says what to do.
func needNetwork(t *testing.T) {
	t.Helper()
	whole(t)
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root: run as root, for example sudo env \"PATH=$PATH\" make test")
	}
	for program, pack := range map[string]string{"ip": "iproute2", "snmpd": "snmpd"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%v: apt-get install --no-install-recommends %s", err, pack)
		}
	}
	name := namespacePrefix() + "try"
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		t.Skipf("this machine lets root make no network namespace (a container without CAP_SYS_ADMIN?): %s", bytes.TrimSpace(out))
	}
	if err := exec.Command("ip", "netns", "del", name).Run(); err != nil {
		t.Errorf("remove namespace %s: %v", name, err)
	}
}

func namespacePrefix() string { return fmt.Sprintf("vouch-e2e-%d-", os.Getpid()) }

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{t: t, prefix: namespacePrefix()}
	n.sweep()
	n.add("router")
	n.inside("router", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
	n.ip("-n", n.name("router"), "addr", "add", beyondAddr+"/32", "dev", "lo")
	n.join("collector", atCollector)
	for i, s := range stations {
		n.join(string(s.ID), i+1)
	}
	n.join("device", atDevice)
	return n
}

// sweep removes what a run left behind that was killed.
func (n *network) sweep() {
	for _, line := range strings.Split(n.ip("netns", "list"), "\n") {
		name, _, _ := strings.Cut(line, " ")
		rest, ours := strings.CutPrefix(name, "vouch-e2e-")
		digits, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(digits)
		if ours && err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			n.ip("netns", "del", name)
		}
	}
}

// name returns the name of a party's namespace.
func (n *network) name(party string) string { return n.prefix + party }

// add makes the namespace of a party.
func (n *network) add(party string) {
	n.t.Helper()
	n.ip("netns", "add", n.name(party))
	n.t.Cleanup(func() { n.ip("netns", "del", n.name(party)) })
	n.ip("-n", n.name(party), "link", "set", "lo", "up")
}

// join makes a party with its link to the router.
func (n *network) join(party string, third int) {
	n.t.Helper()
	n.add(party)
	link := fmt.Sprintf("to%d", third)
	n.ip("-n", n.name(party), "link", "add", "uplink", "type", "veth", "peer", "name", link, "netns", n.name("router"))
	n.ip("-n", n.name("router"), "addr", "add", fmt.Sprintf("10.77.%d.1/24", third), "dev", link)
	n.ip("-n", n.name("router"), "link", "set", link, "up")
	n.ip("-n", n.name(party), "addr", "add", fmt.Sprintf("10.77.%d.2/24", third), "dev", "uplink")
	n.raise(party, third)
}

// raise brings a party's own end of its link up, with the route that goes when it
// is set down.
func (n *network) raise(party string, third int) {
	n.t.Helper()
	n.ip("-n", n.name(party), "link", "set", "uplink", "up")
	n.ip("-n", n.name(party), "route", "replace", "default", "via", fmt.Sprintf("10.77.%d.1", third))
}

// lower sets a party's own end of its link down.
func (n *network) lower(party string) {
	n.t.Helper()
	n.ip("-n", n.name(party), "link", "set", "uplink", "down")
}

// block makes the router swallow what a station sends to the device; unblock ends it.
func (n *network) block(third int)   { n.t.Helper(); n.rule("add", third) }
func (n *network) unblock(third int) { n.t.Helper(); n.rule("del", third) }

func (n *network) rule(verb string, third int) {
	n.t.Helper()
	n.ip("-n", n.name("router"), "rule", verb, "blackhole", "from", fmt.Sprintf("10.77.%d.2", third), "to", deviceAddr)
}

// inside runs a command that ends by itself in a party's namespace.
func (n *network) inside(party string, args ...string) {
	n.t.Helper()
	n.ip(append([]string{"netns", "exec", n.name(party)}, args...)...)
}

func (n *network) ip(args ...string) string {
	n.t.Helper()
	out, err := run("", "ip", args...)
	if err != nil {
		n.t.Fatal(err)
	}
	return out
}
