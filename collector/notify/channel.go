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

// Kind says how a channel speaks.
type Kind string

// The kinds of channel.
const (
	Webhook      Kind = "webhook"      // our own JSON, signed; also the empty kind
	Mail         Kind = "mail"         // SMTP
	Alertmanager Kind = "alertmanager" // Prometheus Alertmanager, API v2
	PagerDuty    Kind = "pagerduty"    // PagerDuty Events API v2
	HTTP         Kind = "http"         // a service desk, by a template
)

// Channel is one way to tell somebody. Which fields it needs follows from its kind.
type Channel struct {
	Name string
	Kind Kind
	// URL is http or https, and treated as a secret beyond its host. Of a webhook and of
	// PagerDuty it is the whole address, else the server's.
	URL string
	// Secret is the key of a webhook's signature, PagerDuty's routing key, or the password
	// of User. Without User it is a bearer token.
	Secret vouch.Secret
	User   string
	Server string   // mail: HOST:PORT
	From   string   // mail: an address, without a name
	To     []string // mail: addresses
	// Dutch makes the texts for people Dutch; else they are English.
	Dutch bool
	Zone  *time.Location    // of the times in texts for people; nil for UTC
	Extra map[string]string // labels of alerts; fields of new tickets
	Desk  *Desk             // http
	// Routes say which messages it gets; none: all.
	Routes []Route
	// AllowPrivate lets the channel reach loopback, private and link-local addresses.
	// Without it a name in the configuration that leads into our own network is refused.
	AllowPrivate bool
	TLS          *tls.Config // nil for the system's authorities
}

// repeats reports whether the receiver cannot tell a repeat, so that a message whose
// fate is unknown is sent once more at most.
func (c Channel) repeats() bool { return c.Kind == Mail || c.Kind == HTTP }

// host names the receiver for people: the rest of a webhook's address is often a secret.
func (c Channel) host() string {
	if c.Kind == Mail {
		return c.Server
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// check reports why a channel cannot be used.
func (c Channel) check() error {
	if c.Name == "" {
		return errors.New("a channel has no name")
	}
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("channel %q: %s", c.Name, fmt.Sprintf(format, args...))
	}
	if c.Kind == Mail {
		host, port, err := net.SplitHostPort(c.Server)
		switch {
		case err != nil, host == "", port == "":
			return wrong("server: want one like mail.example.net:587")
		case c.From == "" || len(c.To) == 0:
			return wrong("a mail needs from and to")
		}
		return nil
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return wrong("url: want one like https://hooks.example.net/vouch")
	case c.Secret == "" && (c.Kind == Webhook || c.Kind == ""):
		return wrong("the secret is missing: without it a receiver cannot tell who sent a message")
	case c.Secret == "" && c.Kind == PagerDuty:
		return wrong("the secret is missing: the routing key of the service in PagerDuty")
	case c.Kind == HTTP && (c.Desk == nil || c.Secret == ""):
		return wrong("a service desk needs a template and a secret")
	}
	switch c.Kind {
	case "", Webhook, Alertmanager, PagerDuty, HTTP:
		return nil
	}
	return wrong("kind %q is not known", c.Kind)
}

// carrier makes the carrier of a channel that [Channel.check] found right.
func (c Channel) carrier() carrier {
	if c.Kind == Mail {
		return &mailer{ch: c}
	}
	p := poster{ch: c, host: c.host(), client: c.client()}
	switch c.Kind {
	case Alertmanager:
		return alerter{p}
	case PagerDuty:
		return pager{p}
	case HTTP:
		return desk{p}
	}
	return hook{p}
}

// dialer is what every channel dials with: addresses are checked when they are known.
func (c Channel) dialer() *net.Dialer {
	d := &net.Dialer{Timeout: 5 * time.Second}
	if !c.AllowPrivate {
		d.Control = refusePrivate
	}
	return d
}

// client makes the HTTP client of a channel. No proxy is used and no redirect
// followed, so that what is dialled is what was configured and checked.
func (c Channel) client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            c.dialer().DialContext,
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
