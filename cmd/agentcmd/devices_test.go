// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/configs"
)

const devicesPage = "../../docs/devices.md"

// docs/devices.md is made from the profiles, so that it promises what they do.
func TestDevicesPage(t *testing.T) {
	page := devices(configs.Profiles())
	if *update {
		if err := os.WriteFile(devicesPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(devicesPage)
	if err != nil || string(got) != page {
		t.Errorf("docs/devices.md is not what the profiles say (%v): go test ./cmd/agentcmd -run TestDevicesPage -update", err)
	}
	for _, p := range configs.Profiles() {
		if _, verified := about(p); verified == "" && p.Name != "host" {
			t.Errorf("%s does not say what it was verified with: \"Verified: ...\" in the comment at its head", p.Name)
		}
	}
}

func devices(profiles []configs.Profile) string {
	var b strings.Builder
	b.WriteString(`# Devices

What is recognised, what is measured, and how it was tried. This page is made from the profiles in ` + "`configs/profiles/`" + `; their format is
[profiles.md](profiles.md).

` + "`vouch-agent probe snmp ADDR`" + ` shows all of it for a device that is at hand, ` + "`vouch-agent profile show NAME`" + ` the objects with their OIDs, and
` + "`vouch-agent profile test --recordings DIR`" + ` tries the profiles on recordings.

**Tried how** is meant literally. *Recording*: a walk of a real device goes through the whole engine, and what comes out is compared with what the device is known to
be. *Live peer*: the real program runs beside the tests. *Synthetic walk*: written from the MIB, by us; it shows that the profile reads what the MIB says, not that the device does
what the MIB says. *MIB only*: nobody has tried it on anything. Every device has its interfaces measured where it has any, beside what stands here.

`)
	for _, class := range vouch.Classes() {
		rows := 0
		for _, p := range profiles {
			if p.Class != class || len(p.Match) == 0 {
				continue
			}
			if rows++; rows == 1 {
				fmt.Fprintf(&b, "## %s\n\n| profile | devices | measured beside the interfaces | tried how |\n|---|---|---|---|\n", title(class))
			}
			row(&b, p)
		}
		if rows > 0 {
			b.WriteByte('\n')
		}
	}
	b.WriteString("## Any other device\n\nWhat no profile recognises is measured by `generic`. The following are parts that others extend, or are named in the installed base.\n\n" +
		"| profile | what | measured beside the interfaces | tried how |\n|---|---|---|---|\n")
	for _, p := range profiles {
		if len(p.Match) == 0 {
			row(&b, p)
		}
	}
	b.WriteString("\nNo MIB was found for AVM FRITZ!Box, Yealink, Snom, Gigaset and other DECT bases, and beroNet: ping, SIP OPTIONS and, where the set speaks SNMP, `generic`.\n")
	return b.String()
}

func title(c vouch.Class) string {
	if c == vouch.ClassTelephony {
		return "Telephony"
	}
	words := strings.ReplaceAll(string(c), "-", " ")
	return strings.ToUpper(words[:1]) + words[1:] + "s"
}

func row(b *strings.Builder, p configs.Profile) {
	what, verified := about(p)
	fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", p.Name, cell(what), cell(measures(p)), cell(verified))
}

// about splits the comment at the head of a profile.
func about(p configs.Profile) (what, verified string) {
	first, _, _ := strings.Cut(p.About, "  ") // an empty line: the rest is for who writes profiles
	what, verified, _ = strings.Cut(first, "Verified:")
	return strings.TrimSpace(what), strings.TrimSpace(verified)
}

// measures lists the metrics of a profile, those of one measurement together.
func measures(p configs.Profile) string {
	var order []string
	fields := map[string][]string{}
	add := func(measurement, field string) {
		if measurement == "interface" {
			return
		}
		if _, ok := fields[measurement]; !ok {
			order = append(order, measurement)
		}
		if !slices.Contains(fields[measurement], field) {
			fields[measurement] = append(fields[measurement], field)
		}
	}
	for _, s := range p.Scalars {
		add(s.Measurement())
	}
	for _, t := range p.Tables {
		for _, c := range t.Columns {
			add(t.Name, c.Name)
		}
	}
	var out []string
	for _, m := range order {
		out = append(out, m+" ("+strings.Join(fields[m], ", ")+")")
	}
	return strings.Join(out, ", ")
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
