// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// addr returns an IP address of one host.
func (v value) addr() netip.Addr {
	s, ok := v.rawText()
	if !ok {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		v.wrong("%s %s is no IP address, allowed is IPv4 as 192.0.2.10 or IPv6 as 2001:db8::10", v.key, show(s))
	case a.Zone() != "":
		v.wrong("%s %s has a zone, which means something on one machine only, allowed is an address without one", v.key, show(s))
	case a.IsUnspecified(), a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		v.wrong("%s %s is no address of one host, allowed is a unicast address", v.key, show(s))
	default:
		return a.Unmap()
	}
	return netip.Addr{}
}

// port returns a port number, or def.
func (v value) port(def uint16) uint16 {
	return uint16(v.integer(1, 65535, int64(def)))
}

// hostName follows RFC 1123 section 2.1.
var hostName = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?$`)

// listen returns HOST:PORT to listen on; the host may be empty for every address,
// and port 0 takes any free one.
func (v value) listen(def string) string {
	s, ok := v.rawText()
	if !ok {
		return def
	}
	host, port, err := net.SplitHostPort(s)
	_, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil || host != "" && !validHost(host) {
		v.wrong("%s %s is no address with a port, allowed is HOST:PORT as 127.0.0.1:7480, [::1]:7480 or :7443", v.key, show(s))
		return def
	}
	return s
}

// hostPort returns HOST:PORT of a machine that others can reach, or "".
func (v value) hostPort() string {
	s, ok := v.rawText()
	if !ok {
		return ""
	}
	host, port, err := net.SplitHostPort(s)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil || n == 0 || !validHost(host) || net.JoinHostPort(host, strconv.FormatUint(n, 10)) != s {
		v.wrong("%s %s is no address that others can reach, allowed is HOST:PORT as collector.example.net:7443 or [2001:db8::1]:7443", v.key, show(s))
		return ""
	}
	return s
}

func validHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	// A name of digits and dots alone is a mistyped address.
	return len(host) <= 253 && hostName.MatchString(host) && strings.ContainsFunc(host, func(r rune) bool {
		return r != '.' && (r < '0' || r > '9')
	})
}

// private reports whether a host is written as an address that only this machine or
// this network can reach. A name is judged where it is looked up.
func private(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && (a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified())
}

// link returns an http or https URL. It is never shown: the path of a webhook is
// often its password.
func (v value) link() *url.URL {
	s, ok := v.rawText()
	if !ok {
		return nil
	}
	u, problem := parseLink(s)
	if problem != "" {
		v.wrong("%s %s", v.key, problem)
		return nil
	}
	return u
}

// parseLink reads an http or https URL, or says what is wrong with it, without showing it.
func parseLink(s string) (u *url.URL, problem string) {
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "", !validHost(u.Hostname()):
		return nil, "is no URL (not shown), allowed is http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH"
	case u.User != nil:
		return nil, "holds a user or password (not shown), allowed is a URL without, the secret goes into its own key"
	case u.Fragment != "":
		return nil, "has a fragment (#), allowed is a URL without"
	}
	return u, ""
}
