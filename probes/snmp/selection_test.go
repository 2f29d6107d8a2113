// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

func TestChosenInterfaces(t *testing.T) {
	d := run(t, lab.Router(), lab.Options{Still: true})
	all := []string{"Gi0/0/0", "Gi0/0/1", "Gi0/0/2", "Gi0/0/3", "Ce0/1/0", "Lo0", "Tu100"}
	for _, c := range []struct {
		name   string
		choose []string
		values []string
		rules  []vouch.Rule
		want   []string
		detail string
	}{
		{name: "nothing chosen", want: all},
		{name: "by name", choose: []string{"Tu100"}, want: []string{"Tu100"}},
		{name: "a star passes slashes", choose: []string{"Gi*/0", "Ce?/1/0"}, want: []string{"Gi0/0/0", "Ce0/1/0"}},
		{name: "by alias", choose: []string{"alias:WAN *", "alias:*LTE*"}, want: []string{"Gi0/0/0", "Ce0/1/0"}},
		{name: "one that is not there", choose: []string{"Lo0", "wan9"}, want: []string{"Lo0"}, detail: "no interface has ifName wan9"},
		{name: "none of them there", choose: []string{"alias:nothing"}, detail: "no interface has ifAlias nothing"},
		{name: "what a threshold is about stays", choose: []string{"Lo0"}, values: []string{"interface.oper_status{ifName=Gi0/0/1}"}, want: []string{"Gi0/0/1", "Lo0"}},
		{name: "a rule of the profile", rules: []vouch.Rule{{Tag: "ifName", Match: "^(Gi|Ce)"}}, want: []string{"Gi0/0/0", "Gi0/0/1", "Gi0/0/2", "Gi0/0/3", "Ce0/1/0"}},
		{name: "two rules", rules: []vouch.Rule{{Tag: "ifName", Match: "^Gi"}, {Tag: "ifAlias", Match: "voice|^$", Except: true}}, want: []string{"Gi0/0/0", "Gi0/0/1"}},
		{name: "a rule that leaves nothing", rules: []vouch.Rule{{Tag: "ifName", Match: "^eth"}}, detail: "leave none of its rows"},
		{name: "the installed base comes before the rule", choose: []string{"Lo0"}, rules: []vouch.Rule{{Tag: "ifName", Match: "^Gi"}}, want: []string{"Lo0"}},
		{name: "a rule that cannot be read", rules: []vouch.Rule{{Tag: "ifName", Match: "("}}, want: all, detail: "is no pattern"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tg := target(d, probes.SNMPv2c)
			tg.Profile = snmp.Generic()
			tg.Profile.Tables[0].Rules = c.rules
			tg.Check.Interfaces, tg.Check.Values = c.choose, c.values
			prober := newProber(t)
			for range 2 {
				r := prober.Probe(t.Context(), tg)
				var got []string
				for _, p := range rows(r, "interface") {
					got = append(got, tagged(p, "ifName"))
				}
				if r.Outcome != vouch.Up || !slices.Equal(got, c.want) || !strings.Contains(r.Detail, c.detail) || (c.detail == "") != (r.Detail == "") {
					t.Errorf("Probe = %v with %q (%s), want %q (%s)", r.Outcome, got, r.Detail, c.want, c.detail)
				}
				if text(r, "snmp", "sys_name") == "" {
					t.Errorf("the scalars are gone: %v", r.Points)
				}
			}
		})
	}
}
