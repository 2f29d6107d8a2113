// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/vouch-sla/vouch"
)

// interfaceReport is one interface by IF-MIB (RFC 2863). What the device does not
// have is absent.
type interfaceReport struct {
	Index     *int64  `json:"index,omitempty"`
	Name      string  `json:"name,omitempty"`
	Alias     string  `json:"alias,omitempty"`
	Admin     string  `json:"admin,omitempty"`
	Oper      string  `json:"oper,omitempty"`
	Speed     *int64  `json:"speed_bps,omitempty"`
	InOctets  *uint64 `json:"in_octets,omitempty"`
	OutOctets *uint64 `json:"out_octets,omitempty"`
	InErrors  *uint64 `json:"in_errors,omitempty"`
	OutErrors *uint64 `json:"out_errors,omitempty"`
}

// metricReport is one value as it would be stored.
type metricReport struct {
	Measurement string            `json:"measurement"`
	Name        string            `json:"name"`
	Value       any               `json:"value"`
	Type        vouch.SymbolType  `json:"type,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
}

// ifStatus names ifAdminStatus and ifOperStatus (RFC 2863).
func ifStatus(n int64) string {
	states := []string{"", "up", "down", "testing", "unknown", "dormant", "notPresent", "lowerLayerDown"}
	if n > 0 && n < int64(len(states)) {
		return states[n]
	}
	return fmt.Sprintf("unknown(%d)", n)
}

func interfacesOf(points []vouch.Point) []interfaceReport {
	var list []interfaceReport
	for _, p := range points {
		if p.Measurement != "interface" {
			continue
		}
		var r interfaceReport
		for _, t := range p.Tags {
			switch t.Key {
			case "ifName":
				r.Name = t.Value
			case "ifAlias":
				r.Alias = t.Value
			}
		}
		for _, f := range p.Fields {
			r.field(f)
		}
		list = append(list, r)
	}
	slices.SortStableFunc(list, func(a, b interfaceReport) int {
		if a.Index == nil || b.Index == nil {
			return 0
		}
		return cmp.Compare(*a.Index, *b.Index)
	})
	return list
}

func (r *interfaceReport) field(f vouch.Field) {
	signed, unsigned := f.Value.Int(), f.Value.Uint()
	switch f.Name {
	case "index":
		r.Index = &signed
	case "admin_status":
		r.Admin = ifStatus(signed)
	case "oper_status":
		r.Oper = ifStatus(signed)
	case "speed_mbps":
		if signed >= 0 && signed < 1<<40 {
			bps := signed * 1_000_000
			r.Speed = &bps
		}
	case "in_octets":
		r.InOctets = &unsigned
	case "out_octets":
		r.OutOctets = &unsigned
	case "in_errors":
		r.InErrors = &unsigned
	case "out_errors":
		r.OutErrors = &unsigned
	}
}

// metricsOf lists every value of the points with the type that the profile gives it.
func metricsOf(points []vouch.Point, profile *vouch.Profile) []metricReport {
	types := map[[2]string]vouch.SymbolType{}
	for _, s := range profile.Scalars {
		types[[2]string{"snmp", s.Name}] = s.Type
	}
	for _, t := range profile.Tables {
		for _, s := range t.Columns {
			types[[2]string{t.Name, s.Name}] = s.Type
		}
	}
	var list []metricReport
	for _, p := range points {
		var tags map[string]string
		for _, t := range p.Tags {
			if tags == nil {
				tags = map[string]string{}
			}
			tags[t.Key] = t.Value
		}
		for _, f := range p.Fields {
			list = append(list, metricReport{p.Measurement, f.Name, plain(f.Value), types[[2]string{p.Measurement, f.Name}], tags})
		}
	}
	return list
}

func plain(v vouch.Value) any {
	switch v.Kind() {
	case vouch.ValueUint:
		return v.Uint()
	case vouch.ValueFloat:
		return v.Float()
	case vouch.ValueString:
		return v.Text()
	case vouch.ValueBool:
		return v.Bool()
	}
	return v.Int()
}

func (r snmpReport) text(w io.Writer) {
	if r.Outcome != vouch.Up {
		failure(w, r.Address, r.result, r.timeout)
		if r.Reason == vouch.ReasonTimeout && r.version != "3" {
			fmt.Fprintf(w, "  With SNMP %s a wrong community, or an access list on the device, is met with the same silence.\n", r.version)
		}
		return
	}
	fmt.Fprintf(w, "%s: answers over SNMP %s, round trip %s\n", r.Address, r.version, millis(r.result.RTT.Avg))
	d := r.Device
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fact := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "  %s\t%s\n", name, value)
		}
	}
	fact("name", printable(d.Name))
	fact("description", printable(d.Description))
	fact("object id", printable(d.ObjectID))
	if d.Uptime != nil {
		fact("up for", days(time.Duration(*d.Uptime*float64(time.Second))))
	}
	fact("profile", fmt.Sprintf("%s (%s)", d.Profile, d.Class))
	fact("measured", fmt.Sprintf("%d values in %d lines a poll", len(r.Metrics), r.lines))
	t.Flush()
	if r.Detail != "" {
		fmt.Fprintf(w, "  note: %s\n", printable(r.Detail))
	}
	r.interfaceTable(w)
	r.otherMetrics(w)
}

// interfaceTable prints the interfaces, at most maxShown of them.
func (r snmpReport) interfaceTable(w io.Writer) {
	if len(r.Interfaces) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "  INTERFACE\tALIAS\tADMIN\tOPER\tSPEED\tIN OCTETS\tOUT OCTETS\tERRORS")
	for _, i := range r.Interfaces[:min(len(r.Interfaces), maxShown)] {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", printable(i.Name), printable(i.Alias), i.Admin, i.Oper,
			speed(i.Speed), number(i.InOctets), number(i.OutOctets), both(i.InErrors, i.OutErrors))
	}
	t.Flush()
	if n := len(r.Interfaces) - maxShown; n > 0 {
		fmt.Fprintf(w, "  and %d more; --json shows all\n", n)
	}
}

// maxShown bounds a list on the terminal.
const maxShown = 40

// otherMetrics prints the values that do not come from the interfaces.
func (r snmpReport) otherMetrics(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	shown := 0
	for _, m := range r.Metrics {
		if m.Measurement == "interface" || m.Name == "sys_name" {
			continue
		}
		if shown == 0 {
			fmt.Fprintln(t, "\n  MEASUREMENT\tVALUE\t\tOF")
		}
		if shown++; shown > maxShown {
			fmt.Fprintln(t, "  more with --json")
			break
		}
		of := ""
		for _, k := range slices.Sorted(maps.Keys(m.Tags)) {
			of += k + "=" + m.Tags[k] + " "
		}
		fmt.Fprintf(t, "  %s.%s\t%s\t%s\t%s\n", m.Measurement, m.Name, printable(fmt.Sprint(m.Value)), m.Type, printable(of))
	}
	t.Flush()
}

func speed(bps *int64) string {
	switch {
	case bps == nil:
		return "-"
	case *bps >= 1_000_000_000:
		return fmt.Sprintf("%g Gb/s", float64(*bps)/1e9)
	}
	return fmt.Sprintf("%g Mb/s", float64(*bps)/1e6)
}

func number(n *uint64) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}

func both(in, out *uint64) string { return number(in) + "/" + number(out) }

// days prints an uptime for a person.
func days(d time.Duration) string {
	if d < 24*time.Hour {
		return d.Truncate(time.Second).String()
	}
	return fmt.Sprintf("%d days %d h %d min", d/(24*time.Hour), d%(24*time.Hour)/time.Hour, d%time.Hour/time.Minute)
}
