// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/configs"
)

func TestAlarmMistakes(t *testing.T) {
	const file, old = "agent.yaml", "#alarm:"
	const mail = "server: mail.example.net:25, from: a@example.net, to: [b@example.net]"
	const noURL = " is no URL (not shown), allowed is http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH"
	runBad(t, []badInput{
		{"nobody", file, old, "alarm: ▸{after: 1m}", "alarm names nobody to tell, allowed is a webhook or a mail"},
		{"too soon", file, old, "alarm: {after: ▸1s, mail: {" + mail + "}}", "after 1s is out of range, allowed are 10s to 168h"},
		{"repeated before it rings", file, old, "alarm: {after: 1h, repeat: ▸30m, mail: {" + mail + "}}", "repeat 30m is shorter than after, 1h, allowed is that and longer"},
		{"both", file, old, "alarm: {webhook: {url: https://canary.example}, mail: ▸{" + mail + "}}", "alarm has a webhook and a mail, allowed is one of them"},
		{"no URL", file, old, "alarm: {webhook: {url: ▸canary}}", "url" + noURL},
		{"another scheme", file, old, "alarm: {webhook: {url: ▸ftp://canary}}", "url" + noURL},
		{"a password in the URL", file, old, "alarm: {webhook: {url: ▸https://a:canary@b.example}}", "url holds a user or password (not shown), allowed is a URL without, the secret goes into its own key"},
		{"no URL behind the reference", file, old, "alarm: {webhook: {url: ▸env:GOOD}}", "url: what the reference leads to" + noURL},
		{"literal secret", file, old, "alarm: {webhook: {url: https://b.example, secret: ▸canary}}", "secret holds a secret itself (not shown), allowed is only a reference: file:PATH, env:NAME or cred:NAME"},
		{"server without a port", file, old, "alarm: {mail: {server: ▸mail.example.net, from: a@example.net, to: [b@example.net]}}", `server "mail.example.net" is no HOST:PORT, allowed is as mail.example.net:587`},
		{"no address", file, old, `alarm: {mail: {server: mail.example.net:25, from: ▸"A <a@example.net>", to: [b@example.net]}}`, `from "A <a@example.net>" is no mail address, allowed is one as noc@example.net, without a name`},
		{"line break in an address", file, old, `alarm: {mail: {server: mail.example.net:25, from: ▸"a@example.net\r\nX: y", to: [b@example.net]}}`, `from "a@example.net\r\nX: y" is no mail address, allowed is one as noc@example.net, without a name`},
		{"nobody to mail to", file, old, "alarm: {mail: {server: mail.example.net:25, from: a@example.net, to: ▸[]}}", "to is empty, allowed are 1 to 20 addresses"},
		{"a user without a password", file, old, "alarm: {mail: ▸{" + mail + ", user: u}}", "mail has one of user and password, allowed are both or none"},
	})
}

func TestAlarm(t *testing.T) {
	f := example()
	f["hook"] = "https://hooks.example.net/canary\n"
	f.edit(t, "agent.yaml", "#alarm:", "alarm: {after: 48h, webhook: {url: file:hook, secret: env:GOOD}}")
	a, ps := configs.LoadAgent(f.source(), "agent.yaml")
	if ps != nil {
		t.Fatal(lines(ps))
	}
	w := a.Alarm
	if w.After != 48*time.Hour || w.Repeat != 48*time.Hour || w.Webhook.URL.Reveal() != "https://hooks.example.net/canary" || w.Webhook.Secret.Reveal() != "a long enough secret" {
		t.Errorf("alarm = %+v, want its settings, and no repeat before it rings", w)
	}
	if text := fmt.Sprintf("%v %+v %#v", w.Webhook, w.Webhook, w.Webhook); strings.Contains(text, "canary") || strings.Contains(text, "long enough") {
		t.Errorf("webhook prints as %s", text)
	}
}

// Checking runs no program, so what one would print is not judged.
func TestAlarmByAProgram(t *testing.T) {
	f := example()
	f.edit(t, "agent.yaml", "#alarm:", "allow_exec: true\nalarm: {webhook: {url: exec:/bin/canary hook}}")
	if ps := configs.CheckAgent(f.source(), "agent.yaml"); ps != nil {
		t.Error(lines(ps))
	}
}
