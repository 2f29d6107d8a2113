// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/contract"
)

func TestChannelMistakes(t *testing.T) {
	const file, old = "collector.yaml", "#notify:\n"
	with := func(channel string) string { return "notify: [" + channel + "]\n" }
	mail := "type: mail, name: night, server: mail.example.net:587, from: v@example.net, to: [a@example.net]"
	hook := "name: desk, url: https://b.example, secret: env:GOOD"
	runBad(t, []badInput{
		{"unknown type", file, old, with("{name: a, type: ▸sms, url: https://b.example, secret: env:GOOD}"), `type "sms" is unknown, allowed are webhook, mail, alertmanager, pagerduty, http`},
		{"a key of another type", file, old, with("{" + hook + ", ▸template: topdesk}"), `unknown key "template" in notify[0], allowed are allow_private, ca, name, routes, secret, type, url`},
		{"mail to nobody", file, old, with("{type: mail, name: night, server: mail.example.net:587, from: v@example.net, to: ▸[]}"), "to has 0 addresses, allowed are 1 to 20"},
		{"mail to our own network", file, old, with("{type: mail, name: night, server: ▸127.0.0.1:25, from: v@example.net, to: [a@example.net]}"), "server is at a private address, allowed is that only with allow_private: true"},
		{"half a login", file, old, with("▸{" + mail + ", user: a}"), "notify[0] has one of user and password, allowed are both or none"},
		{"literal password", file, old, with("{" + mail + ", user: a, password: ▸canary}"), "password holds a secret itself (not shown), allowed is only a reference: file:PATH, env:NAME or cred:NAME"},
		{"unknown desk", file, old, with("{type: http, name: a, url: https://b.example, token: env:GOOD, template: ▸jra}"), `template "jra" is unknown, did you mean jira? allowed are topdesk, jira, servicenow`},
		{"a desk without login", file, old, with("▸{type: http, name: a, url: https://b.example, template: jira}"), "notify[0] lacks user and password, or token: needed is one of them"},
		{"user and token", file, old, with("{type: alertmanager, name: a, url: https://b.example, user: a, password: env:GOOD, token: ▸env:GOOD}"), "notify[0] has a user and a token, allowed is one of them"},
		{"unknown customer", file, old, with("{" + hook + ", routes: [{customers: [▸bakry]}]}"), `there is no customer "bakry", did you mean bakery? allowed are bakery`},
		{"unknown priority", file, old, with("{" + hook + ", routes: [{priorities: [▸P5]}]}"), `priorities[0] "P5" is unknown, allowed are P1, P2, P3, P4`},
		{"unknown hours", file, old, with("{" + hook + ", routes: [{hours: ▸office}]}"), `hours "office" is unknown, allowed are service, or a mapping of zone and hours`},
		{"hours without a zone", file, old, with("{" + hook + ", routes: [{hours: ▸{hours: [{days: [Mon], from: 08:00, to: 17:00}]}}]}"), "hours lacks the key zone, needed is an IANA name, as Europe/Brussels"},
	})
}

func TestChannels(t *testing.T) {
	f := example()
	f.edit(t, "collector.yaml", "#notify:\n", `notify:
  - {type: mail, name: night, server: "127.0.0.1:25", allow_private: true, from: v@example.net, to: [a@example.net], language: nl, zone: Europe/Brussels, user: v, password: env:GOOD,
     routes: [{customers: [bakery], priorities: [P1]}, {hours: service}, {hours: {zone: Europe/Brussels, hours: [{days: [Mon], from: 08:00, to: 17:00}]}}]}
  - {type: http, name: tickets, url: https://b.example, template: jira, token: env:GOOD, fields: {fields.project.key: NOC}, closing: {transition.id: "31"}}
  - {type: pagerduty, name: pager, key: env:GOOD}
`)
	src := f.source()
	src.LookupEnv = func(string) (string, bool) { return "long enough", true }
	c, ps := configs.LoadCollector(src, "collector.yaml")
	if ps.Err() != nil {
		t.Fatalf("LoadCollector =\n%s\nwant no mistake", lines(ps))
	}
	night, tickets, pager := c.Notify[0], c.Notify[1], c.Notify[2]
	if night.Server != "127.0.0.1:25" || !night.Dutch || night.Zone.String() != "Europe/Brussels" || night.Secret.Reveal() != "long enough" || len(night.Routes) != 3 {
		t.Errorf("night = %+v, want what the file says", night)
	}
	r := night.Routes
	if r[0].Priorities[0] != contract.P1 || r[0].Customers[0] != "bakery" || !r[1].Service || r[2].Hours == nil || r[2].Hours.Zone.Name() != "Europe/Brussels" || len(r[2].Hours.Windows) != 1 {
		t.Errorf("routes = %+v, want what the file says", r)
	}
	if tickets.Fields["fields.project.key"] != "NOC" || tickets.Closing["transition.id"] != "31" || !strings.HasSuffix(tickets.Template, "jira") || pager.URL != nil || !pager.Secret.IsSet() {
		t.Errorf("tickets = %+v, pager = %+v, want what the file says", tickets, pager)
	}
}
