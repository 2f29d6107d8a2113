// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package icmp

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Types of ICMP messages (RFC 792, RFC 4443).
const (
	echoReply4, echoRequest4 = 0, 8
	echoReply6, echoRequest6 = 129, 128
	headerSize               = 8 // of an echo message
)

// socket is one ICMP socket. Sending and receiving may be concurrent; of each, one
// call at a time.
type socket struct {
	fd    int
	six   bool
	raw   bool
	ident uint16 // identifier of our requests: the kernel's choice for a ping socket

	out [headerSize + maxSize]byte
	in  *inbox
}

// openSocket opens a socket of the mode for one family. Where the kernel is too old
// for time stamps or for errors, it does without.
func openSocket(mode Mode, six bool) (_ *socket, err error) {
	s := &socket{fd: -1, six: six, raw: mode == RawSocket, in: newInbox()}
	family, protocol, kind := unix.AF_INET, unix.IPPROTO_ICMP, unix.SOCK_DGRAM
	if six {
		family, protocol = unix.AF_INET6, unix.IPPROTO_ICMPV6
	}
	if s.raw {
		kind = unix.SOCK_RAW
	}
	s.fd, err = unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", mode, err)
	}
	defer func() {
		if err != nil {
			_ = unix.Close(s.fd)
		}
	}()
	if err := s.identify(); err != nil {
		return nil, fmt.Errorf("prepare %s: %w", mode, err)
	}
	_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1<<20) // the kernel cuts it to what it allows
	_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW, 1)
	if six {
		_ = unix.SetsockoptInt(s.fd, unix.SOL_IPV6, unix.IPV6_RECVERR, 1)
	} else {
		_ = unix.SetsockoptInt(s.fd, unix.SOL_IP, unix.IP_RECVERR, 1)
	}
	return s, nil
}

// identify gives our requests an identifier and keeps everything else away: a ping
// socket does both by itself, a raw one hears every ICMP message of the host.
func (s *socket) identify() error {
	if s.raw {
		s.ident = uint16(rand.Uint32())
		return s.filter()
	}
	var any unix.Sockaddr = &unix.SockaddrInet4{}
	if s.six {
		any = &unix.SockaddrInet6{}
	}
	if err := unix.Bind(s.fd, any); err != nil {
		return err
	}
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return err
	}
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		s.ident = uint16(name.Port)
	case *unix.SockaddrInet6:
		s.ident = uint16(name.Port)
	}
	return nil
}

// filter lets echo replies with our identifier pass. A raw socket of IPv4 sees the
// header of the packet, one of IPv6 does not.
func (s *socket) filter() error {
	program := []bpf.Instruction{
		bpf.LoadMemShift{Off: 0}, // X = length of the header
		bpf.LoadIndirect{Off: 0, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: echoReply4, SkipTrue: 3},
		bpf.LoadIndirect{Off: 4, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(s.ident), SkipTrue: 1},
		bpf.RetConstant{Val: 1 << 16},
		bpf.RetConstant{Val: 0},
	}
	if s.six {
		program = append([]bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegX, Val: 0}}, program[1:]...)
		program[2] = bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: echoReply6, SkipTrue: 3}
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return unix.SetsockoptSockFprog(s.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
}

func (s *socket) close() { _ = unix.Close(s.fd) }

// tries is how often a request is handed to the kernel. An ICMP error about another
// request is reported once, to whoever sends next; what stays is about this one.
const tries = 8

// send sends one echo request whose payload begins with the token. control is what
// chooses the source address, or nil.
func (s *socket) send(to unix.Sockaddr, control []byte, seq uint16, token uint64, size int) (err error) {
	b := s.out[:headerSize+size]
	b[0], b[1], b[2], b[3] = echoRequest4, 0, 0, 0
	if s.six {
		b[0] = echoRequest6
	}
	binary.BigEndian.PutUint16(b[4:], s.ident)
	binary.BigEndian.PutUint16(b[6:], seq)
	binary.BigEndian.PutUint64(b[8:], token)
	if !s.six { // the kernel sums up what it sends over IPv6 (RFC 3542 section 3.1)
		binary.BigEndian.PutUint16(b[2:], checksum(b))
	}
	for range tries {
		if control == nil {
			err = unix.Sendto(s.fd, b, unix.MSG_NOSIGNAL, to)
		} else {
			_, err = unix.SendmsgN(s.fd, b, control, to, unix.MSG_NOSIGNAL)
		}
		if err == nil {
			return nil
		}
	}
	return err
}

// checksum is the Internet checksum (RFC 1071) of b, of even length or not.
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// from returns the control message that makes source the address of a packet.
func from(source netip.Addr) []byte {
	switch {
	case !source.IsValid():
		return nil
	case source.Is4():
		return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: source.As4()})
	}
	return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: source.As16()})
}

// packet is what the socket received: an echo reply, or an error about a request.
type packet struct {
	from   netip.Addr // who sent it; of an error, whom the request was for
	seq    uint16
	token  uint64
	whole  bool          // token is there: an error may quote less
	waited time.Duration // in the socket, until now
}

// Bounds of one look at the socket. Of a message only what identifies it is read.
const (
	batch       = 32
	bufferSize  = 60 + headerSize + 16 // with the longest header of IPv4
	controlSize = 256
)

// inbox is where messages are received, without allocating anything.
type inbox struct {
	headers  [batch]mmsghdr
	controls [batch][controlSize]byte // aligned as what stands in them
	vectors  [batch]unix.Iovec
	names    [batch]unix.RawSockaddrInet6
	buffers  [batch][bufferSize]byte
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	length uint32
}

func newInbox() *inbox {
	in := new(inbox)
	for i := range batch {
		in.vectors[i].Base = &in.buffers[i][0]
		in.vectors[i].SetLen(bufferSize)
		h := &in.headers[i].Msghdr
		h.Iov = &in.vectors[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&in.names[i]))
		h.Control = &in.controls[i][0]
	}
	return in
}

// receive reads up to a batch of messages without waiting; of the queue of errors
// with the flag MSG_ERRQUEUE.
func (s *socket) receive(flags int) (n int, err error) {
	for i := range batch {
		s.in.headers[i].Namelen = unix.SizeofSockaddrInet6
		s.in.headers[i].SetControllen(controlSize)
	}
	r, _, e := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.in.headers[0])), batch, uintptr(flags|unix.MSG_DONTWAIT), 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}

// message returns the i-th message of the last receive where it is an echo reply.
func (s *socket) message(i int, now time.Time) (p packet, ok bool) {
	p.from = address(&s.in.names[i])
	for kind, data := range s.in.control(i) {
		if kind == [2]int32{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW} && len(data) >= 16 {
			stamp := time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
			p.waited = max(0, now.Round(0).Sub(stamp))
		}
	}
	b := s.in.text(i)
	want := byte(echoReply6)
	if !s.six {
		want = echoReply4
		if s.raw {
			b = withoutHeader(b)
		}
	}
	return p, len(b) >= headerSize+8 && b[0] == want && p.read(b)
}

// read reads identification from an echo message.
func (p *packet) read(b []byte) bool {
	if len(b) < headerSize {
		return false
	}
	p.seq = binary.BigEndian.Uint16(b[6:])
	if len(b) >= headerSize+8 {
		p.whole, p.token = true, binary.BigEndian.Uint64(b[headerSize:])
	}
	return true
}

// text is what was received as the i-th message.
func (in *inbox) text(i int) []byte { return in.buffers[i][:min(in.headers[i].length, bufferSize)] }

// control yields level and type, and data, of each control message of the i-th.
func (in *inbox) control(i int) func(func([2]int32, []byte) bool) {
	return func(yield func([2]int32, []byte) bool) {
		b := in.controls[i][:min(int(in.headers[i].Controllen), controlSize)]
		for len(b) >= unix.SizeofCmsghdr {
			h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
			n := int(h.Len)
			if n < unix.SizeofCmsghdr || n > len(b) || !yield([2]int32{h.Level, h.Type}, b[unix.CmsgLen(0):n]) {
				return
			}
			b = b[min(unix.CmsgSpace(n-unix.CmsgLen(0)), len(b)):]
		}
	}
}

// withoutHeader cuts off the header of IPv4.
func withoutHeader(b []byte) []byte {
	if len(b) == 0 || int(b[0]&0xf)*4 > len(b) {
		return nil
	}
	return b[int(b[0]&0xf)*4:]
}

// address returns an address that the kernel wrote, without a zone.
func address(n *unix.RawSockaddrInet6) netip.Addr {
	switch n.Family {
	case unix.AF_INET:
		return netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(n)).Addr)
	case unix.AF_INET6:
		return netip.AddrFrom16(n.Addr)
	}
	return netip.Addr{}
}

// dropped returns how many packets found no room in the receive buffer, since the
// socket was opened; always 0 where the kernel is too old to say (before Linux 4.12).
func (s *socket) dropped() uint32 {
	var info [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(s.fd), unix.SOL_SOCKET, unix.SO_MEMINFO, uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if e != 0 {
		return 0
	}
	return info[unix.SK_MEMINFO_DROPS]
}

// watched returns a file that can be read whenever the socket has something to
// receive or an error to tell. Go's poller cannot watch the socket itself: it takes
// one that has nothing but errors to tell for broken. So it watches an epoll that
// watches the socket. (To wait in poll(2) costs ten times as much: the scheduler
// looks every 20 us whether a thread that sits in a system call comes back.)
func (s *socket) watched() (*os.File, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	err = unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, s.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s.fd)})
	if err == nil {
		err = unix.SetNonblock(fd, true) // which is how package os knows that it can be polled
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "icmp"), nil
}
