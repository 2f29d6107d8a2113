// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// position is a device as it would stand in the installed base: everything that was
// found at one or several addresses of it.
type position struct {
	id    string
	found []found
}

// positions gathers addresses into devices: those that tell the same serial number,
// or the same engine and name, are one. Engines alone are not believed, since whole
// series of devices leave the factory with the same one.
func positions(list []found) []position {
	var out []position
	at := map[string]int{}
	for _, f := range list {
		key := ""
		if d := f.Device; d != nil {
			switch {
			case d.Serial != "":
				key = "serial " + d.Vendor + " " + d.Serial
			case d.EngineID != "" && d.Name != "":
				key = "engine " + d.EngineID + " " + d.Name
			}
		}
		if i, ok := at[key]; ok && key != "" {
			out[i].found = append(out[i].found, f)
			continue
		}
		at[key] = len(out)
		out = append(out, position{found: []found{f}})
	}
	taken := map[string]bool{}
	for i := range out {
		out[i].id = positionID(out[i].found[0], taken)
	}
	return out
}

// positionID makes an identifier of the device's name, or of its address.
func positionID(f found, taken map[string]bool) string {
	name := ""
	if f.Device != nil {
		host, _, _ := strings.Cut(f.Device.Name, ".") // the rest is mostly a domain
		name = strings.Trim(strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
				return r
			case r >= 'A' && r <= 'Z':
				return r + 'a' - 'A'
			}
			return '-'
		}, host), "-_")
	}
	if name == "" || len(name) > vouch.MaxIDLen-8 {
		name = "at-" + strings.ReplaceAll(f.Address, ":", "-")
	}
	id := name
	for n := 2; taken[id]; n++ {
		id = name + "-" + strconv.Itoa(n)
	}
	taken[id] = true
	return id
}

// baseOf writes what was found as an installed base. It is a proposal: who is the
// customer, and which contract applies, no network tells.
func baseOf(args []string, list []found, now time.Time) string {
	var b strings.Builder
	day := now.Format(time.DateOnly)
	fmt.Fprintf(&b, "# Found by vouch-agent discover %s on %s. A proposal: look at every line,\n", printable(strings.Join(args, " ")), now.Format("2006-01-02 15:04 MST"))
	b.WriteString("# name the customer, the sites, the contract and what is promised, and remove what is not leased.\n")
	b.WriteString("# `vouch check` tells what is missing; base.yaml of the product shows every key.\n\n")
	b.WriteString("provider:\n  name: Your name\n\n")
	var credentials []string
	for _, f := range list {
		if f.Credential != "" && !slices.Contains(credentials, f.Credential) {
			credentials = append(credentials, f.Credential)
		}
	}
	if len(credentials) > 0 {
		fmt.Fprintf(&b, "credentials: [%s]\n\n", strings.Join(credentials, ", "))
	}
	b.WriteString("locations:\n  - id: here\n    name: Where this was found from\n    custody: provider\n\nagents:\n  - {id: here-a, location: here}\n\n")
	b.WriteString("customers:\n  - id: customer\n    name: Customer\n    contract: gold\n    sites:\n      - id: site\n        name: Site\n        devices:\n")
	for _, p := range positions(list) {
		p.write(&b, day)
	}
	b.WriteString("    services: []\n")
	return b.String()
}

func (p position) write(b *strings.Builder, day string) {
	first := p.found[0]
	class, about := vouch.ClassOther, "answers ping; nothing more is known of it"
	if first.SNMP != "" {
		about = "answers over SNMP, and refuses the credential"
	}
	if first.SIP != 0 {
		class, about = vouch.ClassTelephony, strings.TrimSpace("answers SIP; "+first.Server)
	}
	if d := first.Device; d != nil {
		class = d.Class
		about = strings.Join(slices.DeleteFunc([]string{d.Vendor, d.Model, d.Version}, func(s string) bool { return s == "" }), " ")
		if about == "" {
			about = d.Description
		}
		if !first.ICMP {
			about += "; does not answer ping"
		}
	}
	fmt.Fprintf(b, "          - id: %s\n            class: %-12s  # %s\n", p.id, class, cut(printable(about), 90))
	if len(p.found) == 1 {
		fmt.Fprintf(b, "            address: %s\n", quoted(first.addr))
	} else {
		b.WriteString("            addresses:            # one device: which does the contract speak of?\n")
		for i, f := range p.found {
			role := vouch.RoleService
			if i > 0 {
				role = vouch.RoleManagement
			}
			fmt.Fprintf(b, "              - {address: %s, role: %s}\n", quoted(f.addr), role)
		}
	}
	if d := first.Device; d != nil {
		fmt.Fprintf(b, "            profile: %s\n            credential: %s\n", d.Profile, first.Credential)
		if first.Version != probes.SNMPv2c {
			fmt.Fprintf(b, "            snmp: {version: %s}\n", first.Version)
		}
	}
	if first.SIP != 0 {
		fmt.Fprintf(b, "            sip: {}               # asked over SIP where the contract measures it; answered %d\n", first.SIP)
	}
	fmt.Fprintf(b, "            lease: {from: %s}\n", day)
	if d := first.Device; d != nil && d.Serial != "" {
		fmt.Fprintf(b, "            units: [{serial: %s, from: %s}]\n", strconv.Quote(printable(d.Serial)), day)
	}
}

// quoted is an address as YAML takes it: one of IPv6 reads as a mapping otherwise.
func quoted(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	return strconv.Quote(a.String())
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}
