// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// interfaceReport is one interface by IF-MIB (RFC 2863). What the device does not
// have is absent.
type interfaceReport struct {
	Index     uint32  `json:"index"`
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

// metricReport is one value as it would be stored; a state as its name. OK is for
// states of which the profile says which are fine.
type metricReport struct {
	Name  string            `json:"name"`
	Value any               `json:"value"`
	Unit  string            `json:"unit,omitempty"`
	Type  vouch.SymbolType  `json:"type,omitempty"`
	OK    *bool             `json:"ok,omitempty"`
	Tags  map[string]string `json:"tags,omitempty"`

	measurement string
}

// ifStatus names ifAdminStatus and ifOperStatus (RFC 2863).
func ifStatus(n int64) string {
	states := []string{"", "up", "down", "testing", "unknown", "dormant", "notPresent", "lowerLayerDown"}
	if n > 0 && n < int64(len(states)) {
		return states[n]
	}
	return fmt.Sprintf("unknown(%d)", n)
}

func interfacesOf(list []snmp.Interface) []interfaceReport {
	status := func(n *int64) string {
		if n == nil {
			return ""
		}
		return ifStatus(*n)
	}
	var out []interfaceReport
	for _, i := range list {
		out = append(out, interfaceReport{
			i.Index, i.Name, i.Alias, status(i.Admin), status(i.Oper), i.Speed, i.InOctets, i.OutOctets, i.InErrors, i.OutErrors,
		})
	}
	return out
}

// metricsOf lists every value of the points with what the profile says of it.
func metricsOf(points []vouch.Point, profile *vouch.Profile) []metricReport {
	symbols := map[[2]string]vouch.Symbol{}
	for _, s := range profile.Scalars {
		in, field := s.Measurement()
		symbols[[2]string{in, field}] = s
	}
	for _, t := range profile.Tables {
		for _, s := range t.Columns {
			symbols[[2]string{t.Name, s.Name}] = s
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
			s := symbols[[2]string{p.Measurement, f.Name}]
			m := metricReport{Name: f.Name, Value: plain(f.Value), Unit: s.Unit, Type: s.Type, Tags: tags, measurement: p.Measurement}
			if p.Measurement != systemMeasurement {
				m.Name = p.Measurement + "." + f.Name
			}
			if label, ok := s.Label(f.Value); ok {
				m.Value = label
				if fine, ok := s.Fine(label); ok {
					m.OK = &fine
				}
			}
			list = append(list, m)
		}
	}
	return list
}

// systemMeasurement holds the system group and scalars without a measurement of
// their own.
const systemMeasurement = "snmp"

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
	r.facts(w)
	fmt.Fprintf(w, "  measured     %d values in %d lines a poll\n", len(r.Metrics), r.lines)
	if r.Detail != "" {
		fmt.Fprintf(w, "  note: %s\n", printable(r.Detail))
	}
	r.interfaceTable(w)
	r.otherMetrics(w)
}

// facts prints what the device is.
func (r snmpReport) facts(w io.Writer) {
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
	fact("is", printable(strings.Join(slices.DeleteFunc([]string{d.Vendor, d.Model, d.Version}, func(s string) bool { return s == "" }), ", ")))
	fact("serial", printable(d.Serial))
	if d.RebootedAt != nil {
		fact("up for", days(r.running)+", since "+d.RebootedAt.Format("2006-01-02 15:04:05 MST"))
	}
	fact("profile", fmt.Sprintf("%s (%s)", d.Profile, strings.TrimSpace(string(d.Class)+" "+d.Kind)))
	t.Flush()
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

// told lists what the head of the report tells already.
var told = []string{"sys_name", "sys_uptime_ticks", "host_uptime_ticks", "engine_boots", "engine_time_seconds"}

// otherMetrics prints the values that do not come from the interfaces.
func (r snmpReport) otherMetrics(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	shown := 0
	for _, m := range r.Metrics {
		if m.measurement == "interface" || slices.Contains(told, m.Name) {
			continue
		}
		if shown == 0 {
			fmt.Fprintln(t, "\n  METRIC\tVALUE\tUNIT\tTYPE\tOF")
		}
		if shown++; shown > maxShown {
			fmt.Fprintln(t, "  more with --json")
			break
		}
		of := ""
		for _, k := range slices.Sorted(maps.Keys(m.Tags)) {
			of += k + "=" + m.Tags[k] + " "
		}
		value := printable(fmt.Sprint(m.Value))
		if m.OK != nil && !*m.OK {
			value += " (!)"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", m.Name, value, m.Unit, m.Type, printable(of))
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
