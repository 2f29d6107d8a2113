// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"crypto/x509"
	"net"
	"net/url"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// The types of channel.
const (
	ChannelWebhook      = "webhook"
	ChannelMail         = "mail"
	ChannelAlertmanager = "alertmanager"
	ChannelPagerDuty    = "pagerduty"
	ChannelHTTP         = "http"
)

// Channel is one receiver of incident transitions. Which fields are set follows from
// its type.
type Channel struct {
	Name         string
	Type         string
	URL          *url.URL
	Secret       Secret // key of the HMAC, routing key, token, or the password of User
	User         string
	Server       string // HOST:PORT of a mail server
	From         string
	To           []string
	Template     string            // topdesk, jira or servicenow
	Labels       map[string]string // of alerts
	Fields       map[string]string // of new tickets
	Closing      map[string]string // of tickets that are closed
	Dutch        bool
	Zone         *time.Location
	Roots        *x509.CertPool // who vouches for the server; nil: whom the system trusts
	AllowPrivate bool           // its address may be a private or loopback one
	Routes       []Route        // one must match; none: everything
}

// Route says which incidents a channel is told of: all that it names must hold.
type Route struct {
	Customers  []vouch.CustomerID
	Priorities []contract.Priority
	Service    bool               // opened in the service hours of the customer's contract
	Hours      *contract.Calendar // opened in these hours
}

func (l *loader) channels(v value) []Channel {
	var out []Channel
	for _, e := range v.list() {
		out = append(out, l.channel(e.mapping()))
	}
	return out
}

func (l *loader) channel(m *mapping) Channel {
	defer m.done()
	name := m.need("name", "a name that stands in logs")
	c := Channel{Name: name.id(), Type: m.get("type").oneOf(ChannelWebhook, ChannelWebhook, ChannelMail, ChannelAlertmanager, ChannelPagerDuty, ChannelHTTP)}
	l.symbols.define("receiver", "", c.Name, name)
	c.AllowPrivate = m.get("allow_private").boolean(false)
	switch c.Type {
	case ChannelMail:
		c.mail(m)
	case ChannelAlertmanager:
		c.link(m, "the address of the server, as http://alerts.example.net:9093")
		c.access(m, false)
		c.Labels = m.get("labels").texts()
	case ChannelPagerDuty:
		if m.has("url") {
			c.link(m, "the address of PagerDuty")
		}
		c.Secret = m.need("key", "file:PATH, env:NAME or cred:NAME, the routing key of the service").secret()
	case ChannelHTTP:
		c.link(m, "the address of the service desk, as https://example.topdesk.net")
		c.Template = m.need("template", "topdesk, jira or servicenow").oneOf("", "topdesk", "jira", "servicenow")
		c.access(m, true)
		c.Fields, c.Closing = m.get("fields").texts(), m.get("closing").texts()
	default:
		c.link(m, "where to deliver, as https://hooks.example.net/vouch")
		c.Secret = m.need("secret", "file:PATH, env:NAME or cred:NAME, the key of the signature").secret()
	}
	if c.Type != ChannelWebhook {
		c.Dutch = m.get("language").oneOf("en", "en", "nl") == "nl"
		if z := m.get("zone"); !z.absent() {
			c.Zone = z.zone().Location()
		}
	}
	if ca := m.get("ca"); !ca.absent() {
		c.Roots = ca.roots()
	}
	for _, r := range m.get("routes").list() {
		c.Routes = append(c.Routes, l.route(r.mapping()))
	}
	return c
}

// link reads the address of a channel over HTTP.
func (c *Channel) link(m *mapping, allowed string) {
	at := m.need("url", allowed)
	c.URL = at.link()
	if c.URL != nil && private(c.URL.Hostname()) && !c.AllowPrivate {
		at.wrong("url leads to a private address (not shown), allowed is that only with allow_private: true")
	}
}

func (c *Channel) mail(m *mapping) {
	server := m.need("server", "HOST:PORT, as mail.example.net:587")
	c.Server = server.server()
	if host, _, err := net.SplitHostPort(c.Server); err == nil && private(host) && !c.AllowPrivate {
		server.wrong("server is at a private address, allowed is that only with allow_private: true")
	}
	c.From = m.need("from", "an address, as vouch@example.net").mailAddress()
	to := m.need("to", "a list of addresses, as [noc@example.net]")
	for _, v := range to.list() {
		c.To = append(c.To, v.mailAddress())
	}
	if n := len(c.To); !to.absent() && (n == 0 || n > maxRecipients) {
		to.wrong("to has %d addresses, allowed are 1 to %d", n, maxRecipients)
	}
	user, password := m.get("user"), m.get("password")
	c.User, c.Secret = user.text(""), password.secret()
	if user.absent() != password.absent() {
		m.wrong("%s has one of user and password, allowed are both or none", m.key)
	}
}

// access reads who we are to a server over HTTP: a user with a password, or a token.
func (c *Channel) access(m *mapping, needed bool) {
	user, password, token := m.get("user"), m.get("password"), m.get("token")
	c.User, c.Secret = user.text(""), password.secret()
	if !token.absent() {
		c.Secret = token.secret()
	}
	switch {
	case user.absent() != password.absent():
		m.wrong("%s has one of user and password, allowed are both or none", m.key)
	case !user.absent() && !token.absent():
		token.wrong("%s has a user and a token, allowed is one of them", m.key)
	case needed && user.absent() && token.absent() && !m.absent():
		m.wrong("%s lacks user and password, or token: needed is one of them", m.key)
	}
}

// texts reads a mapping of names to texts.
func (v value) texts() map[string]string {
	m := v.mapping()
	defer m.done()
	if len(m.entries) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, e := range m.entries {
		out[e.name] = m.get(e.name).text("")
	}
	return out
}

func (l *loader) route(m *mapping) Route {
	defer m.done()
	var r Route
	for _, v := range m.get("customers").list() {
		id := vouch.CustomerID(v.id())
		l.symbols.refer(symCustomer, "", string(id), v)
		r.Customers = append(r.Customers, id)
	}
	for _, v := range m.get("priorities").list() {
		r.Priorities = append(r.Priorities, v.priority(contract.NoPriority))
	}
	at := m.get("hours")
	if w, ok := at.word(); ok {
		if r.Service = w == "service"; !r.Service {
			at.wrong("hours %s is unknown, allowed are service, or a mapping of zone and hours", show(w))
		}
		return r
	}
	if !at.absent() {
		h := at.mapping()
		defer h.done()
		c := contract.Calendar{Zone: h.need("zone", "an IANA name, as Europe/Brussels").zone()}
		for _, e := range h.need("hours", "a list of {days, from, to}").list() {
			if w, ok := window(e); ok {
				c.Windows = append(c.Windows, w)
			}
		}
		r.Hours = &c
	}
	return r
}
