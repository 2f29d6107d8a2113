// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package tcp_test

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/probetest"
	"github.com/vouch-sla/vouch/probes/tcp"
)

func target(addr netip.AddrPort) probes.Target {
	return probes.Target{Check: vouch.Check{Kind: vouch.KindTCP, Addr: addr.Addr(), Port: addr.Port(), Timeout: 10 * time.Second}}
}

func listen(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// silent returns a port that drops connections: its queue is of the least length and
// filled, so that the kernel leaves further requests unanswered.
func silent(t *testing.T) netip.AddrPort {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(os.NewSyscallError("socket", err))
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(os.NewSyscallError("bind", err))
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(os.NewSyscallError("listen", err))
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(os.NewSyscallError("getsockname", err))
	}
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(name.(*syscall.SockaddrInet4).Port))
	for range 16 {
		c, err := net.DialTimeout("tcp4", addr.String(), 100*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this kernel accepts connections beyond the queue of a socket: no port can be made silent")
	return addr
}

func TestSuite(t *testing.T) {
	answers := target(listen(t))
	unsendable := answers
	unsendable.Source = netip.MustParseAddr("192.0.2.77")
	probetest.Run(t, probetest.Suite{Prober: tcp.Prober{}, Answers: answers, Silent: target(silent(t)), Unsendable: unsendable})
}

func TestProbe(t *testing.T) {
	closed, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := target(closed.Addr().(*net.TCPAddr).AddrPort())
	closed.Close()
	noPort := target(netip.MustParseAddrPort("127.0.0.1:0"))
	otherFamily := target(listen(t))
	otherFamily.Source = netip.MustParseAddr("::1")
	from := target(listen(t))
	from.Source = netip.MustParseAddr("127.0.0.2")

	tests := []struct {
		name    string
		target  probes.Target
		outcome vouch.Outcome
		reason  vouch.Reason
		proves  bool
	}{
		{"nothing listens", refusing, vouch.Down, vouch.ReasonRefused, true},
		{"no port", noPort, vouch.Unknown, vouch.ReasonSocket, false},
		{"source of another family", otherFamily, vouch.Unknown, vouch.ReasonSocket, false},
		{"from an address of its own", from, vouch.Up, "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := tcp.Prober{}.Probe(t.Context(), test.target)
			if r.Outcome != test.outcome || r.Reason != test.reason {
				t.Errorf("Probe = %v %v (%s), want %v %v", r.Outcome, r.Reason, r.Detail, test.outcome, test.reason)
			}
			if got := probes.ReferenceAnswers(r); got != test.proves {
				t.Errorf("ReferenceAnswers = %v, want %v", got, test.proves)
			}
		})
	}
}
