// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/contract"
)

func TestExamplesAreValid(t *testing.T) {
	f := example()
	if got := lines(configs.Check(f.source(), "collector.yaml", "base.yaml", "contract.yaml", "agent.yaml")); got != "" {
		t.Errorf("Check(examples) =\n%s\nwant nothing", got)
	}
}

// optional finds the settings that the examples leave out: "#key: value".
var optional = regexp.MustCompile(`(?m)^( *)#( *[a-z- ].*)$`)

// TestOptionalSettingsAreValid removes the # before the settings that the examples
// leave out: they are documentation too.
func TestOptionalSettingsAreValid(t *testing.T) {
	f := example()
	for name, body := range f {
		f[name] = optional.ReplaceAllStringFunc(body, func(line string) string {
			indent, rest, _ := strings.Cut(line, "#")
			// A space after the # makes a remark, unless the lines above began a setting.
			if strings.HasPrefix(rest, " ") && !strings.HasPrefix(rest, "  ") || strings.HasPrefix(rest, "   v") {
				return line
			}
			return indent + rest
		})
	}
	f["acme-router.yaml"] = "schema: 1\nname: acme-router\nclass: router\nextends: [host]\n"
	f["secrets/influxdb-token"], f["secrets/webhook-key"], f["secrets/core-auth"] = "token", "key", "long enough"
	f["secrets/alarm-hook"], f["secrets/mail"], f["secrets/pagerduty"], f["secrets/topdesk"] = "key", "key", "key", "key"
	f["tsa-roots.pem"], f["private-ca.pem"] = roots(t), roots(t)
	src := f.source()
	src.LookupEnv = func(string) (string, bool) { return "long enough", true }
	c, ps := configs.LoadCollector(src, "collector.yaml")
	if ps.Err() != nil {
		t.Fatalf("LoadCollector =\n%s\nwant no mistake", lines(ps))
	}
	if c.Influx == nil || c.Influx.Token.Reveal() != "token" || len(c.Notify) != 5 || c.Notify[0].Secret.Reveal() != "key" {
		t.Errorf("Influx = %+v, Notify = %+v, want both with their secrets", c.Influx, c.Notify)
	}
	if a := c.Anchor; len(a.Authorities) != 1 || a.Authorities[0].Roots == nil || a.Authorities[0].Policy.String() != "0.4.0.2023.1.1" ||
		len(a.Witnesses) != 1 || a.Witnesses[0].Name != "bakery" || a.Witnesses[0].Key == "" {
		t.Errorf("Anchor = %+v, want an authority and a witness with all that they need", a)
	}
	if v := c.Contracts[0].Versions[0]; len(v.Measure) != 4 || len(v.Terms.Exclusions) != 8 || c.Contracts[0].Document == "" {
		t.Errorf("contract = %+v, want four kinds, eight exclusions and a document", c.Contracts[0])
	}
	terms := c.Contracts[0].Versions[0].Terms
	if sup := terms.Support; len(terms.Thresholds) != 4 || len(sup.Levels) != 1 || len(sup.Matrix) != 4 || len(sup.Reports) != 2 || len(sup.Credit.YearCaps) != 2 ||
		len(terms.Duties) != 1 || terms.Clocks.OnHolidays || !terms.Reporting.OnHolidays || terms.Admission != 3 || terms.Period != contract.PeriodTerm {
		t.Errorf("terms = %+v, want what the settings say", terms)
	}
	if p, err := configs.FindProfile(c.Profiles, "acme-router"); err != nil || len(p.Scalars) != 2 || len(p.Tables) != 1 {
		t.Errorf("FindProfile(acme-router) = %+v, %v, want what it takes over from host and generic", p, err)
	}
	if len(c.Base.Customers[0].Sites[0].Locations) != 3 {
		t.Errorf("locations of the site = %v, want three", c.Base.Customers[0].Sites[0].Locations)
	}
	a, ps := configs.LoadAgent(src, "agent.yaml")
	if ps.Err() != nil {
		t.Fatalf("LoadAgent =\n%s\nwant no mistake", lines(ps))
	}
	if w := a.Alarm; w == nil || w.After != 15*time.Minute || w.Repeat != 24*time.Hour || w.Roots == nil || w.Webhook.Secret.Reveal() != "key" {
		t.Errorf("alarm = %+v, want what the settings say", w)
	}
	if a.Metrics != "" || !a.Source.IsValid() || a.Credentials["core"].Level != "authPriv" {
		t.Errorf("agent = %+v, want no metrics, a source and the credential core", a)
	}
}

// roots is a file of one root certificate.
func roots(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../evidence/stamp/testdata/root.pem")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestCollectorValues looks at what the example's values become.
func TestCollectorValues(t *testing.T) {
	c, ps := configs.LoadCollector(example().source(), "collector.yaml")
	if ps != nil {
		t.Fatal(lines(ps))
	}
	v := c.Contracts[0].Versions[0]
	if want := time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC); !v.InForce.Time().Equal(want) {
		t.Errorf("in force = %v, want %v", v.InForce.Time(), want)
	}
	terms := v.Terms
	week := contract.DaysOf(time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday)
	if len(terms.Windows) != 1 || terms.Windows[0] != (contract.Window{Days: week, From: 360, To: 1440}) || len(terms.Holidays) != 10 {
		t.Errorf("windows = %v, holidays = %v, want Mon-Fri 06:00-24:00 and ten holidays", terms.Windows, terms.Holidays)
	}
	if terms.Voters[2] != (contract.Voter{Location: "bru1", Custody: vouch.CustodyNeutral}) {
		t.Errorf("voters = %v, want bru1 with the custody that the base gives it", terms.Voters)
	}
	if terms.Interval != time.Minute || terms.Timeout != 5*time.Second || terms.Confirm != 3*time.Minute {
		t.Errorf("interval, timeout, confirm = %v, %v, %v, want 1m, 5s, 3m", terms.Interval, terms.Timeout, terms.Confirm)
	}
	if got := terms.TargetOf("internet").String() + " " + terms.TargetOf("").String(); got != "99.9 99.5" {
		t.Errorf("targets = %s, want 99.9 99.5", got)
	}
	d := c.Base.Customers[0].Sites[0].Devices[1]
	if got, want := d.LeaseUntil, time.Date(2028, 12, 31, 23, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("lease of %s until %v, want %v: midnight in the contract's zone", d.ID, got, want)
	}
}

// TestDefaults leaves out all that may be left out.
func TestDefaults(t *testing.T) {
	f := example()
	f["collector.yaml"] = "data: d\norigin: o.example\nbase: base.yaml\ncontracts: [contract.yaml]\n"
	f["contract.yaml"] = "id: gold\nversions:\n  - number: 1\n    in_force: 2026-01-01T00:00:00Z\n    timezone: UTC\n" +
		"    windows: {availability: {hours: [{days: [Mon], from: 00:00, to: 24:00}]}}\n    voters: [ams1, ams2, bru1]\n    measure: {icmp: {}, snmp: {interval: 1s}}\n"
	c, ps := configs.LoadCollector(f.source(), "collector.yaml")
	if got, want := lines(ps), "contract.yaml:3:5: warning: version 1 names fewer than two references (0)"; ps.Err() != nil || !strings.HasPrefix(got, want) {
		t.Fatal(got)
	}
	want := configs.Collector{Listen: ":7443", Web: "127.0.0.1:7480", Seal: time.Minute, Heartbeat: 10 * time.Second,
		Limits: configs.Limits{InFlight: 64, Timeout: time.Minute}}
	if c.Listen != want.Listen || c.Web != want.Web || c.Seal != want.Seal || c.Heartbeat != want.Heartbeat || c.Limits != want.Limits || c.LogLevel != 0 || c.Influx != nil {
		t.Errorf("collector = %+v, want the defaults %+v", c, want)
	}
	v := c.Contracts[0].Versions[0]
	if got := v.Measure[0]; got != (configs.Measure{Kind: vouch.KindICMP, Interval: 30 * time.Second, Timeout: 5 * time.Second, Count: 3, Spacing: time.Second, Size: 56}) {
		t.Errorf("measure icmp = %+v, want the defaults", got)
	}
	if got := v.Measure[1].Timeout; got != 800*time.Millisecond {
		t.Errorf("timeout below a short interval = %v, want 800ms", got)
	}
	d := contract.DefaultTerms()
	if v.Terms.Quorum != d.Quorum || v.Terms.MinCoverage != d.MinCoverage || len(v.Terms.Exclusions) != len(d.Exclusions) || !v.Terms.LeaveOutCustomer {
		t.Errorf("terms = %+v, want the defaults of the contract", v.Terms)
	}
	f["agent.yaml"] = "id: a\ndata: d\ncollector: {url: https://h:1, pin: sha256:" + strings.Repeat("ab", 32) + "}\n"
	a, ps := configs.LoadAgent(f.source(), "agent.yaml")
	if ps != nil || a.Metrics != "127.0.0.1:7481" || a.Queue != 32<<20 || a.Collector.Pin[31] != 0xab {
		t.Errorf("agent = %+v with %s, want the defaults", a, lines(ps))
	}
}

// TestPathsAreRelativeToTheFile loads a directory from outside of it.
func TestPathsAreRelativeToTheFile(t *testing.T) {
	f := files{}
	for name, body := range example() {
		f["etc/vouch/"+name] = body
	}
	f.edit(t, "etc/vouch/collector.yaml", "base: base.yaml", "base: ../vouch/base.yaml")
	c, ps := configs.LoadCollector(f.source(), "etc/vouch/collector.yaml")
	if ps != nil || c.Data != "etc/vouch/data" {
		t.Errorf("LoadCollector: data = %q, problems = %s, want etc/vouch/data and none", c.Data, lines(ps))
	}
}

func TestCarriageReturnsAndByteOrderMark(t *testing.T) {
	f := example()
	for _, name := range []string{"collector.yaml", "base.yaml"} {
		f[name] = "\ufeff" + strings.ReplaceAll(f[name], "\n", "\r\n")
	}
	if _, ps := configs.LoadCollector(f.source(), "collector.yaml"); ps != nil {
		t.Errorf("LoadCollector =\n%s\nwant nothing", lines(ps))
	}
}

func TestCheckFindsOutWhatFilesAre(t *testing.T) {
	f := example()
	f["odd.yaml"] = "colour: red\n"
	f["empty.yaml"] = "# nothing\n"
	f["list.yaml"] = "- 1\n"
	f["deep.yaml"] = "a: " + strings.Repeat("[", 100_000)
	f["profile.yaml"] = "schema: 1\nname: own\nclass: router\nextends: [genric]\n"
	f["loop.yaml"] = "schema: 1\nname: loop\nclass: router\nextends: [loop]\n"
	f["base.yaml"] = strings.Replace(f["base.yaml"], "location: bru1", "location: bru2", 1)
	f["contract.yaml"] = strings.Replace(f["contract.yaml"], "q: 2", "q: two", 1)
	got := lines(configs.Check(f.source(), "odd.yaml", "empty.yaml", "list.yaml", "deep.yaml", "profile.yaml", "loop.yaml", "base.yaml", "contract.yaml", "none.yaml"))
	want := `base.yaml:38:28: there is no location "bru2", did you mean bru1? allowed are ams1, ams2, bakery-1, bru1
contract.yaml:47:34: q is a text, allowed is a whole number from 1 to 100
deep.yaml:1:68: nested more than 64 levels deep, allowed are 64
empty.yaml:1:1: the file is empty, see the example that "vouch init DIR" writes
list.yaml:1:1: the file is a list, allowed is a mapping of keys to values
loop.yaml:4:11: extends loop leads back to itself (loop > loop), allowed is a chain with an end
none.yaml:1:1: the file cannot be read: file does not exist
odd.yaml:1:1: the file is of no known kind, allowed are a collector (origin, base, contracts), an agent (collector), an installed base (customers), a contract (versions) and a profile (schema)
profile.yaml:4:11: there is no profile "genric", did you mean generic? allowed are ` + profileNames()
	if got != want {
		t.Errorf("Check =\n%s\nwant\n%s", got, want)
	}
}

func TestCheckAgent(t *testing.T) {
	f := example()
	f["wrong.yaml"] = strings.Replace(f["agent.yaml"], "url: ", "uri: ", 1)
	f["odd.yaml"] = "colour: red\n"
	got := configs.CheckAgent(f.source(), "agent.yaml", "base.yaml", "contract.yaml", "none.yaml", "odd.yaml", "wrong.yaml")
	for _, want := range []string{
		"base.yaml:5:1: the file is of the kind base, allowed is that of an agent", "contract.yaml:", "the file is of the kind contract",
		"none.yaml:1:1: the file cannot be read", "odd.yaml:1:1: the file lacks the key id", "wrong.yaml:", "uri",
	} {
		if !strings.Contains(lines(got), want) {
			t.Errorf("CheckAgent =\n%s\nwant %q in it", lines(got), want)
		}
	}
	if strings.Contains(lines(got), "\nagent.yaml") || strings.HasPrefix(lines(got), "agent.yaml") {
		t.Errorf("CheckAgent finds fault with the example:\n%s", lines(got))
	}
}

func TestCheckFitsAgentsToTheBase(t *testing.T) {
	f := example()
	f["other.yaml"] = strings.Replace(f["agent.yaml"], "id: ams1-a", "id: ams9-a", 1)
	f["bare.yaml"] = strings.Replace(f["agent.yaml"], "  lab:", "  lib:", 1)
	got := lines(configs.Check(f.source(), "collector.yaml", "agent.yaml", "other.yaml", "bare.yaml"))
	want := `bare.yaml:30:3: warning: credentials has no lab, which the installed base of collector.yaml asks this agent to use: its checks stay unknown unless the collector holds it (vouch secret list)
other.yaml:9:5: warning: the installed base of collector.yaml has no agent ams9-a: the collector will not talk to it`
	if got != want {
		t.Errorf("Check =\n%s\nwant\n%s", got, want)
	}
}

// TestTooLarge reads a file that never ends.
func TestTooLarge(t *testing.T) {
	src := files{}.source()
	src.Open = func(string) (fs.File, error) { return endless{}, nil }
	_, ps := configs.LoadAgent(src, "agent.yaml")
	if got, want := lines(ps), "agent.yaml:1:1: the file cannot be read: too large: more than 33554432 bytes"; got != want {
		t.Errorf("LoadAgent of an endless file = %s, want %s", got, want)
	}
}

// endless is a file of spaces.
type endless struct{ fs.FileInfo }

func (endless) Stat() (fs.FileInfo, error) { return endless{}, nil }
func (endless) IsDir() bool                { return false }
func (endless) Mode() fs.FileMode          { return 0o600 }
func (endless) Close() error               { return nil }
func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
