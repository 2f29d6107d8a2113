// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"slices"

	"github.com/vouch-sla/vouch/collector/web"
)

// maxTraps bounds the names of traps on a device's page.
const maxTraps = 12

// traps are the SNMP traps that a device sent last, one of each name, the newest first.
func (v view) traps(d deviceKey) (out web.List[web.Trap]) {
	for _, r := range v.tele.of(d, measurementTrap) {
		w := r.last()
		oid, _ := w.field("oid")
		t := web.Trap{OID: oid.Text(), At: w.time(), Count: w.uint("count"), Agent: w.agent}
		for _, tag := range r.tags {
			if tag.Key == "name" {
				t.Name = tag.Value
			}
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b web.Trap) int { return b.At.Compare(a.At) })
	return out[:min(len(out), maxTraps)]
}
