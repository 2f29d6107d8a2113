// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package probetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Hosts is a network behind a tunnel device (TUN) whose every host is played here: it
// answers, or does not, or lies. It needs a network namespace in which this process
// may do as root does.
type Hosts struct{ tun *os.File }

// Networks of a tunnel: whatever lies in them goes to the player. The host itself has
// the first address of each.
var (
	Hosts4 = netip.MustParsePrefix("198.18.0.0/16") // for benchmarks (RFC 2544)
	Hosts6 = netip.MustParsePrefix("2001:db8:18::/64")
)

// Host returns the address of the i-th host of a network, 1 to 60,000.
func Host(network netip.Prefix, i int) netip.Addr {
	b := network.Addr().AsSlice()
	binary.BigEndian.PutUint16(b[len(b)-2:], uint16(i+1))
	a, _ := netip.AddrFromSlice(b)
	return a
}

// OpenHosts makes the tunnel in the network namespace of the calling thread.
func OpenHosts(name string) (*Hosts, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("make tunnel %s: %w", name, err)
	}
	h := &Hosts{tun: os.NewFile(uintptr(fd), name)}
	for _, args := range []string{
		"link set lo up", "link set " + name + " txqueuelen 10000 up",
		"addr add " + Host(Hosts4, 0).String() + "/16 dev " + name,
		"-6 addr add " + Host(Hosts6, 0).String() + "/64 dev " + name + " nodad",
	} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil && !strings.HasPrefix(args, "-6") {
			_ = h.tun.Close()
			return nil, fmt.Errorf("ip %s: %w: %s", args, err, out)
		}
	}
	return h, nil
}

// Echo is one echo request that a host got.
type Echo struct {
	To, From netip.Addr
	Seq      uint16
	packet   []byte
}

// Run plays until ctx ends: play is called for every request, from one goroutine, and
// may have answer send a packet to whoever asked, now or later.
func (h *Hosts) Run(ctx context.Context, play func(e Echo, answer func(packet []byte, after time.Duration))) error {
	var later sync.WaitGroup
	stop := context.AfterFunc(ctx, func() { _ = h.tun.Close() })
	defer stop()
	defer later.Wait()
	answer := func(packet []byte, after time.Duration) {
		if after == 0 {
			_, _ = h.tun.Write(packet) // lost, as packets are
			return
		}
		later.Add(1)
		time.AfterFunc(after, func() {
			defer later.Done()
			_, _ = h.tun.Write(packet)
		})
	}
	buffer := make([]byte, 2048)
	for {
		n, err := h.tun.Read(buffer)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if errors.Is(err, os.ErrClosed) {
				return nil
			}
			return fmt.Errorf("read tunnel: %w", err)
		}
		if e, ok := echo(buffer[:n]); ok {
			play(e, answer)
		}
	}
}

const (
	header4, header6 = 20, 40
	icmp4, icmp6     = 1, 58
)

// echo reads an echo request. Packets of this host have no options.
func echo(p []byte) (e Echo, ok bool) {
	switch {
	case len(p) >= header4+8 && p[0] == 0x45 && p[9] == icmp4 && p[header4] == 8:
		e.From, _ = netip.AddrFromSlice(p[12:16])
		e.To, _ = netip.AddrFromSlice(p[16:20])
		e.Seq = binary.BigEndian.Uint16(p[header4+6:])
	case len(p) >= header6+8 && p[0]>>4 == 6 && p[6] == icmp6 && p[header6] == 128:
		e.From, _ = netip.AddrFromSlice(p[8:24])
		e.To, _ = netip.AddrFromSlice(p[24:40])
		e.Seq = binary.BigEndian.Uint16(p[header6+6:])
	default:
		return Echo{}, false
	}
	e.packet = append([]byte(nil), p...)
	return e, true
}

// Payload returns what the request carries; Reply sends it back.
func (e Echo) Payload() []byte {
	if e.To.Is4() {
		return e.packet[header4+8:]
	}
	return e.packet[header6+8:]
}

// Renumber returns the request as if it had another sequence number.
func (e Echo) Renumber(seq uint16) Echo {
	e.packet = append([]byte(nil), e.packet...)
	binary.BigEndian.PutUint16(e.packet[len(e.packet)-len(e.Payload())-2:], seq)
	e.Seq = seq
	return e
}

// Reply returns the echo reply, from whatever address.
func (e Echo) Reply(from netip.Addr) []byte {
	kind, start := byte(0), header4
	if e.To.Is6() {
		kind, start = 129, header6
	}
	message := append([]byte(nil), e.packet[start:]...)
	message[0] = kind
	return e.wrap(from, message)
}

// Error returns an ICMP error about the request that quotes so many bytes of what
// follows its IP header.
func (e Echo) Error(from netip.Addr, kind, code byte, quoted int) []byte {
	start := header4
	if e.To.Is6() {
		start = header6
	}
	message := append([]byte{kind, code, 0, 0, 0, 0, 0, 0}, e.packet[:min(len(e.packet), start+quoted)]...)
	return e.wrap(from, message)
}

// wrap puts an ICMP message into a packet to whoever asked.
func (e Echo) wrap(from netip.Addr, message []byte) []byte {
	message[2], message[3] = 0, 0
	if e.From.Is4() {
		binary.BigEndian.PutUint16(message[2:], sum(0, message))
		p := make([]byte, header4, header4+len(message))
		p[0], p[8], p[9] = 0x45, 64, icmp4
		binary.BigEndian.PutUint16(p[2:], uint16(header4+len(message)))
		copy(p[12:], from.AsSlice())
		copy(p[16:], e.From.AsSlice())
		binary.BigEndian.PutUint16(p[10:], sum(0, p))
		return append(p, message...)
	}
	p := make([]byte, header6, header6+len(message))
	p[0], p[6], p[7] = 0x60, icmp6, 64
	binary.BigEndian.PutUint16(p[4:], uint16(len(message)))
	copy(p[8:], from.AsSlice())
	copy(p[24:], e.From.AsSlice())
	// The pseudo-header (RFC 8200 section 8.1): addresses, length, next header.
	binary.BigEndian.PutUint16(message[2:], sum(uint32(len(message))+icmp6, append(append([]byte(nil), p[8:40]...), message...)))
	return append(p, message...)
}

// sum is the Internet checksum (RFC 1071).
func sum(start uint32, b []byte) uint16 {
	for ; len(b) > 1; b = b[2:] {
		start += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		start += uint32(b[0]) << 8
	}
	for start > 0xffff {
		start = start>>16 + start&0xffff
	}
	return ^uint16(start)
}
