// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/vouch-sla/vouch"
)

// Channel is one webhook.
type Channel struct {
	Name   string
	URL    string       // http or https; treated as a secret beyond its host
	Secret vouch.Secret // key of the signature
	// AllowPrivate lets the channel reach loopback, private and link-local addresses.
	// Without it a name in the configuration that leads into our own network is refused.
	AllowPrivate bool
	TLS          *tls.Config // nil for the system's authorities
}

// parse reports why a channel cannot be used.
func (c Channel) parse() (*url.URL, error) {
	if c.Name == "" {
		return nil, errors.New("a channel has no name")
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, fmt.Errorf("channel %q: url: want one like https://hooks.example.net/vouch", c.Name)
	case c.Secret == "":
		return nil, fmt.Errorf("channel %q: the secret is missing: without it a receiver cannot tell who sent a message", c.Name)
	}
	return u, nil
}

// client makes the HTTP client of a channel. No proxy is used and no redirect
// followed, so that what is dialled is what was configured and checked.
func (c Channel) client() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !c.AllowPrivate {
		dialer.Control = refusePrivate
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        c.TLS,
			TLSHandshakeTimeout:    5 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        30 * time.Second,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// refusePrivate looks at the address that is about to be dialled, not at the name
// that led to it: a name may lead elsewhere at every look-up.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q cannot be read", address)
	}
	if !Public(ap.Addr()) {
		return fmt.Errorf("address %v is not public: set allow_private for this channel if that is meant", ap.Addr())
	}
	return nil
}

// Public reports whether an address may be reached by a channel without
// AllowPrivate: global unicast, in none of the ranges that the IANA registries of
// special-purpose addresses (RFC 6890) keep for other uses, and not an address that
// carries such an IPv4 address inside.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range [...]string{
		"0.0.0.0/8",       // this network
		"100.64.0.0/10",   // shared address space, RFC 6598
		"192.0.0.0/24",    // protocol assignments
		"192.0.2.0/24",    // documentation
		"198.18.0.0/15",   // benchmarking
		"198.51.100.0/24", // documentation
		"203.0.113.0/24",  // documentation
		"240.0.0.0/4",     // reserved
		"::/96",           // IPv4-compatible, deprecated
		"64:ff9b::/96",    // NAT64: whatever IPv4 address
		"64:ff9b:1::/48",  // NAT64, local
		"100::/64",        // discard
		"2001::/23",       // protocol assignments, Teredo among them
		"2001:db8::/32",   // documentation
		"2002::/16",       // 6to4: whatever IPv4 address
		"fec0::/10",       // site-local, deprecated
	} {
		if netip.MustParsePrefix(p).Contains(a) {
			return false
		}
	}
	return true
}
