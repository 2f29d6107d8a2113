// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/vouch-sla/vouch/configs"
)

func TestTrapsMistakes(t *testing.T) {
	const file, key = "agent.yaml", "#traps:\n"
	runBad(t, []badInput{
		{"no credentials", file, key, "traps: ▸{listen: \":162\"}\n", "traps lacks the key credentials, needed is a list of names of credentials, as [lab]"},
		{"credentials of none", file, key, "traps: {credentials: ▸[]}\n", "credentials names none: no trap could be taken, name those that devices send traps with"},
		{"a credential that is no list", file, key, "traps: {credentials: ▸lab}\n", "credentials is a text, allowed is a list, [] for none"},
		{"a credential twice", file, key, "traps: {credentials: [lab, ▸lab]}\n", `credentials[1] "lab" is named twice`},
		{"no name", file, key, "traps: {credentials: [▸\"my lab\"]}\n", `credentials[0] "my lab" is no identifier, allowed is the name of a credential`},
		{"seventeen credentials", file, key, "traps: {credentials: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ▸q]}\n", "credentials has more than 16 names, allowed are at most 16"},
		{"no port", file, key, "traps: {listen: ▸\"192.0.2.1\", credentials: [lab]}\n", `listen "192.0.2.1" is no address with a port, allowed is HOST:PORT as 127.0.0.1:7480, [::1]:7480 or :7443`},
		{"a port alone", file, key, "traps: {listen: ▸162, credentials: [lab]}\n", "listen is a number, allowed is a text: put it in quotes"},
		{"no address", file, key, "traps: {listen: ▸[], credentials: [lab]}\n", `listen names no address, allowed is HOST:PORT as ":162", or a list of them`},
		{"an address twice", file, key, "traps: {listen: [\":162\", ▸\":162\"], credentials: [lab]}\n", `listen[1] ":162" is named twice`},
		{"an unknown key", file, key, "traps: {credentials: [lab], ▸community: public}\n", `unknown key "community" in traps, allowed are credentials, listen`},
	})
}

func TestTraps(t *testing.T) {
	for _, c := range []struct {
		text string
		want *configs.Traps
	}{
		{"", nil},
		{"traps: {credentials: [lab]}\n", &configs.Traps{Listen: []string{":162"}, Credentials: []string{"lab"}}},
		{"traps: {listen: \":1162\", credentials: [lab, not-here]}\n", &configs.Traps{Listen: []string{":1162"}, Credentials: []string{"lab", "not-here"}}},
		{"traps: {listen: [\"192.0.2.1:162\", \"[2001:db8::1]:162\"], credentials: [lab]}\n", &configs.Traps{Listen: []string{"192.0.2.1:162", "[2001:db8::1]:162"}, Credentials: []string{"lab"}}},
		// The example itself, made to count.
		{"traps:\n  listen: \":162\"\n  credentials: [lab]     # of those above, or what the collector's operator stored\n", &configs.Traps{Listen: []string{":162"}, Credentials: []string{"lab"}}},
	} {
		t.Run(fmt.Sprint(c.text), func(t *testing.T) {
			f := example()
			f.edit(t, "agent.yaml", "#traps:\n", "▸"+c.text+"#traps:\n")
			a, ps := configs.LoadAgent(f.source(), "agent.yaml")
			if ps != nil || !reflect.DeepEqual(a.Traps, c.want) {
				t.Errorf("traps = %+v, %s, want %+v", a.Traps, lines(ps), c.want)
			}
		})
	}
}
