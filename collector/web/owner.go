// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import "github.com/vouch-sla/vouch"

type ownerID = vouch.CustomerID

// owners is every customer of which the view holds anything.
func (f Fleet) owners() []ownerID {
	var out []ownerID
	for _, c := range f.Customers {
		out = append(out, c.ID)
	}
	for _, i := range f.Incidents {
		out = append(out, i.Customer)
	}
	for _, w := range f.Works {
		out = append(out, w.Customer)
	}
	for _, c := range f.Changes {
		if c.Customer != "" {
			out = append(out, c.Customer)
		}
	}
	for _, l := range f.Locations {
		if l.Customer != "" {
			out = append(out, l.Customer)
		}
	}
	return out
}

func (d Device) owners() []ownerID {
	out := []ownerID{d.Customer}
	if d.Incident != nil {
		out = append(out, d.Incident.Customer)
	}
	return append(out, worksOwners(d.Works)...)
}

func (i Incidents) owners() []ownerID {
	var out []ownerID
	for _, n := range i.Items {
		out = append(out, n.Customer)
	}
	return out
}

func (i IncidentDetail) owners() []ownerID { return []ownerID{i.Customer} }

func (m Maintenance) owners() []ownerID { return worksOwners(m.Works) }

func worksOwners(works []Work) []ownerID {
	var out []ownerID
	for _, w := range works {
		out = append(out, w.Customer)
	}
	return out
}
