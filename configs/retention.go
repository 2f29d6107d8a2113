// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"fmt"
	"slices"

	"github.com/vouch-sla/vouch/contract"
)

// Retention says for how long what agents sealed is kept, by stream. The zero value of
// a field keeps for ever, which is the default: only who says how long lets anything be
// erased.
type Retention struct {
	Availability contract.TimeLimit // what figures rest on
	Telemetry    contract.TimeLimit // the rest
}

// keptUnits are the units of a retention: whole days at least.
var keptUnits = []contract.Unit{contract.Days, contract.Weeks, contract.Months}

// placedRetention is a retention with the place of what must not be too short.
type placedRetention struct {
	Retention
	availability value
}

func retention(v value, def placedRetention) placedRetention {
	m := v.mapping()
	defer m.done()
	out := def
	if at := m.get("availability"); !at.absent() {
		out.Availability, out.availability = at.limit(def.Availability, keptUnits), at
	}
	out.Telemetry = m.get("telemetry").limit(def.Telemetry, keptUnits)
	return out
}

// settleRetention gives each customer the retention of his own or the default, and
// checks that nothing goes before the last claim about it is decided.
func (l *loader) settleRetention(c *Collector, def value) {
	all := retention(def, placedRetention{})
	type mistake struct {
		contract string
		at       string
	}
	var said []mistake // a default is told once for each contract
	for i := range c.Base.Customers {
		cu := &c.Base.Customers[i]
		own := all
		if j := slices.IndexFunc(l.retentions, func(p placedKept) bool { return p.customer == cu }); j >= 0 {
			own = retention(l.retentions[j].at, all)
		}
		cu.Retention = own.Retention
		if !own.Availability.Set() {
			continue
		}
		m := mistake{string(cu.Contract), own.availability.at()}
		if months, asked := l.leastKept(c, cu); !own.Availability.Covers(months) && !slices.Contains(said, m) {
			said = append(said, m)
			own.availability.wrong("availability %s is too short, allowed are at least %d months: %s", own.Availability, months, asked)
		}
	}
}

// placedKept is where a customer's own retention stands.
type placedKept struct {
	customer *Customer
	at       value
}

// leastKept returns for how many months a customer's evidence must be kept, and which
// clause of which contract says so.
func (l *loader) leastKept(c *Collector, cu *Customer) (most int, asked string) {
	for _, k := range c.Contracts {
		if k.ID != cu.Contract {
			continue
		}
		for _, v := range k.Versions {
			months, key := v.Terms.LeastKept()
			if months <= most {
				continue
			}
			most, asked = months, "what was claimed on the last day must still be decided"
			switch key {
			case "":
			case "statement.keep_evidence":
				asked = fmt.Sprintf("contract %s version %d, %s", k.ID, v.Number, key)
			default:
				asked = fmt.Sprintf("contract %s version %d, %s, and six months to decide", k.ID, v.Number, key)
			}
			if clause := v.Terms.Labels["clause"]; clause != "" && key != "" {
				asked += fmt.Sprintf(" (%s)", clause)
			}
		}
	}
	return most, asked
}
