// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// Transports of SIP. An empty one means UDP.
const (
	SIPOverUDP = "udp"
	SIPOverTCP = "tcp"
	SIPOverTLS = "tls"
)

// SIP says how a device is asked by SIP OPTIONS and what of its answers is up. The
// zero value asks over UDP and accepts what [SIP.Accepts] says.
type SIP struct {
	Transport string // "udp", "tcp" or "tls"; empty means udp

	// Accept lists the final answers that are up: classes ("2xx" to "6xx") and codes
	// ("404"), none twice, at most 16. Empty means 2xx, 3xx and 4xx: a server that asks
	// who we are, or does not know whom we ask for, is there.
	Accept []string

	// User and Host make the Request-URI sip:USER@HOST. Without a user the server itself
	// is asked, without a host it is the address of the device.
	User, Host string

	// TLSName is the name that the certificate must hold; empty means the address.
	TLSName string
	// TLSPin is the SHA-256 of the certificate as 64 hexadecimal digits. With it nothing
	// else of the certificate is looked at.
	TLSPin string
	// TLSInsecure takes any certificate.
	TLSInsecure bool
}

// MaxAccept is how many entries the list of accepted answers may have.
const MaxAccept = 16

// timedOut is the final answer by which a server says that it waited for somebody else
// in vain (RFC 3261 section 21.4.9).
const timedOut = 408

// Accepts reports whether a final answer, 200 to 699, is up. The class 4xx leaves out
// 408, which speaks of a silence: it counts only where it is named.
func (s SIP) Accepts(status int) bool {
	if len(s.Accept) == 0 {
		return status >= 200 && status < 500 && status != timedOut
	}
	code, class := fmt.Sprintf("%03d", status), fmt.Sprintf("%dxx", status/100)
	for _, a := range s.Accept {
		if a == code || a == class && status != timedOut {
			return true
		}
	}
	return false
}

// Valid reports why s cannot be asked. What it lets through can stand in a request
// without changing its form.
func (s SIP) Valid() error {
	switch s.Transport {
	case "", SIPOverUDP, SIPOverTCP, SIPOverTLS:
	default:
		return fmt.Errorf("transport %.20q: allowed are udp, tcp and tls", s.Transport)
	}
	if len(s.Accept) > MaxAccept {
		return fmt.Errorf("accept has %d entries, at most %d are allowed", len(s.Accept), MaxAccept)
	}
	for i, a := range s.Accept {
		if err := ValidAccept(a); err != nil {
			return err
		}
		for _, b := range s.Accept[:i] {
			if a == b {
				return fmt.Errorf("accept names %s twice", a)
			}
		}
	}
	if !plain(s.User, "-_.!~*'()&=+$,") || len(s.User) > MaxIDLen {
		return fmt.Errorf("user %.70q: allowed are at most %d letters, digits and -_.!~*'()&=+$,", s.User, MaxIDLen)
	}
	if !plain(s.Host, "-._") || len(s.Host) > maxHost {
		return fmt.Errorf("host %.70q: allowed are at most %d letters, digits, '-', '_' and '.', without a port", s.Host, maxHost)
	}
	if s.Transport != SIPOverTLS && (s.TLSName != "" || s.TLSPin != "" || s.TLSInsecure) {
		return errors.New("a certificate is spoken of, and the transport is not tls")
	}
	if !plain(s.TLSName, "-._:") || len(s.TLSName) > maxHost {
		return fmt.Errorf("name of the certificate %.70q: allowed is a host name or an address", s.TLSName)
	}
	if b, err := hex.DecodeString(s.TLSPin); s.TLSPin != "" && (err != nil || len(b) != 32) {
		return fmt.Errorf("pin %.70q: allowed are the 64 hexadecimal digits of a SHA-256", s.TLSPin)
	}
	if s.TLSInsecure && (s.TLSPin != "" || s.TLSName != "") {
		return errors.New("insecure takes any certificate, and a name or a pin asks for one: only one of them makes sense")
	}
	return nil
}

// maxHost is the longest host name (RFC 1035 section 2.3.4).
const maxHost = 255

// ValidAccept reports why a text names no final answers: a class from 2xx to 6xx, or a
// code from 200 to 699.
func ValidAccept(s string) error {
	ok := len(s) == 3 && s[0] >= '2' && s[0] <= '6'
	if ok && s[1:] != "xx" {
		ok = '0' <= s[1] && s[1] <= '9' && '0' <= s[2] && s[2] <= '9'
	}
	if !ok {
		return fmt.Errorf("accept %.20q: allowed are 2xx to 6xx and codes from 200 to 699", s)
	}
	return nil
}

// plain reports whether s holds letters, digits and the others alone.
func plain(s, others string) bool {
next:
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			continue
		}
		for j := range len(others) {
			if c == others[j] {
				continue next
			}
		}
		return false
	}
	return true
}
