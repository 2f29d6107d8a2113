// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/configs"
)

// channelOf turns a channel's configuration into what messages are sent with.
func channelOf(c configs.Channel) notify.Channel {
	out := notify.Channel{
		Name: c.Name, Kind: notify.Kind(c.Type), Secret: vouch.Secret(c.Secret.Reveal()), User: c.User, Server: c.Server, From: c.From, To: c.To,
		Dutch: c.Dutch, Zone: c.Zone, Extra: c.Labels, AllowPrivate: c.AllowPrivate,
	}
	switch {
	case c.URL != nil:
		out.URL = c.URL.String()
	case c.Type == configs.ChannelPagerDuty:
		out.URL = notify.PagerDutyURL
	}
	if c.Roots != nil {
		out.TLS = &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12}
	}
	if d, ok := notify.Desks()[c.Template]; ok {
		d = d.With(c.Fields, c.Closing)
		out.Desk = &d
	}
	for _, r := range c.Routes {
		out.Routes = append(out.Routes, notify.Route{Customers: r.Customers, Priorities: r.Priorities, Service: r.Service, Hours: r.Hours})
	}
	return out
}
