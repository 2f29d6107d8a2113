// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"strings"
	"testing"
)

func TestBaseMistakes(t *testing.T) {
	const file = "base.yaml"
	runBad(t, []badInput{
		{"bad address", file, "address: 192.0.2.131", "address: ▸192.0.2.256", `address "192.0.2.256" is no IP address, allowed is IPv4 as 192.0.2.10 or IPv6 as 2001:db8::10`},
		{"host name for an address", file, "address: 192.0.2.131", "address: ▸fw.example.net", `address "fw.example.net" is no IP address, allowed is IPv4 as 192.0.2.10 or IPv6 as 2001:db8::10`},
		{"multicast address", file, "address: 192.0.2.131", "address: ▸224.0.0.1", `address "224.0.0.1" is no address of one host, allowed is a unicast address`},
		{"address with a zone", file, "address: 192.0.2.131", "address: ▸fe80::1%eth0", `address "fe80::1%eth0" has a zone, which means something on one machine only, allowed is an address without one`},
		{"no address", file, "- id: firewall-1\n            class: firewall\n            address: 192.0.2.131", "- ▸id: firewall-1\n            class: firewall", "devices[1] needs exactly one of the keys address and addresses"},
		{"no service address", file, "addresses:              # or address: X, for a single service address\n              - {address: 192.0.2.130, role: service} ", "addresses:\n              ▸- {address: 192.0.2.130, role: virtual} ", "addresses has none with role: service, needed is the one that the contract speaks of"},
		{"unknown role", file, "role: management}", "role: ▸managment}", `role "managment" is unknown, did you mean management? allowed are service, back-up, management, virtual`},
		{"unknown class", file, "class: telephony", "class: ▸phone", `class "phone" is unknown, allowed are router, firewall, telephony, switch, access-point, server, other`},
		{"bad identifier", file, "id: telephony", "id: ▸the phones", `id "the phones" is no identifier, allowed are 1 to 63 letters, digits, and after the first character '.', '_' and '-'`},
		{"identifier as a number", file, "id: main-street", "id: ▸12", "id is a number, allowed is a text: put it in quotes"},
		{"reserved customer", file, "customers:\n  - id: bakery", "customers:\n  - {id: ▸provider, contract: gold, sites: []}\n  - id: bakery", `id "provider" is reserved for what agents say about themselves, allowed is any other`},
		{"the anchors", file, "customers:\n  - id: bakery", "customers:\n  - {id: ▸anchors, contract: gold, sites: []}\n  - id: bakery", `id "anchors" is reserved for the ledger of anchors, allowed is any other`},
		{"customer twice", file, "customers:\n  - id: bakery", "customers:\n  - {id: bakery, contract: gold, sites: []}\n  - id: ▸bakery", `customer "bakery" is defined twice (first at base.yaml:42:10), allowed is once`},
		{"device twice", file, "          - id: phones", "          - {id: ▸router-1, class: router, address: 192.0.2.9, checks: [icmp], lease: {from: 2026-01-01}}\n          - id: phones", `device "router-1" is defined twice (first at base.yaml:51:17), allowed is once`},
		{"agent twice", file, "id: ams2-a, location: ams2}", "id: ▸ams1-a, location: ams2, key: ams1-a+b2d7fd11+AfLeiXoevXZTQDoMk1k9YrdTTWk3TpC8FEQyvByFBG3v}", `agent "ams1-a" is defined twice (first at base.yaml:36:10), allowed is once`},
		{"location twice", file, "- id: ams2", "- {id: ▸ams1, custody: neutral}\n  - id: ams2", `location "ams1" is defined twice (first at base.yaml:13:9), allowed is once`},
		{"contract that is not", file, "contract: gold", "contract: ▸golden", `there is no contract "golden", did you mean gold? allowed are gold`},
		{"profile that is not", file, "profile: cisco-router", "profile: ▸cisco", `there is no profile "cisco", allowed are ` + profileNames()},
		{"credential that is not", file, "credential: lab\n            snmp", "credential: ▸lap\n            snmp", `there is no credential "lap", did you mean lab? allowed are lab`},
		{"location that is not", file, "location: bakery-1}", "location: ▸bakery-2}", `there is no location "bakery-2", did you mean bakery-1? allowed are ams1, ams2, bakery-1, bru1`},
		{"customer of a location that is not", file, "customer: bakery", "customer: ▸bakers", `there is no customer "bakers", did you mean bakery? allowed are bakery`},
		{"device of a service that is not", file, "all: [router-1, phones]", "all: [router-1, ▸phone]", `there is no device "phone" of bakery, did you mean phones? allowed are firewall-1, firewall-2, phones, router-1`},
		{"service without a tree", file, "- id: telephony\n        name: Telephony\n        all: [router-1, phones]", "- ▸id: telephony", "services[1] needs exactly one of the keys device, all and any"},
		{"service with two", file, "- id: telephony\n        name: Telephony", "- ▸id: telephony\n        device: phones", "services[1] needs exactly one of the keys device, all and any"},
		{"empty all", file, "all: [router-1, phones]", "all: ▸[]", "all is no list with an entry, needed is at least one"},
		{"custody without customer", file, "- id: bakery-1\n    name: At the bakery, Main Street\n    custody: customer               # follows the place, even where the box is leased\n    customer: bakery", "- ▸id: bakery-1\n    custody: customer", "locations[3] is in the customer's custody and lacks the key customer, needed is whose premises it is on"},
		{"customer without custody", file, "custody: neutral", "custody: neutral\n    customer: ▸bakery", "customer is set although the custody is neutral, allowed is it only with custody: customer"},
		{"no key", file, "location: ams1}", "location: ams1, key: ▸secret}", `key "secret" is no public key, allowed is NAME+HASH+BASE64 as "vouch-agent key" prints it`},
		{"key of another", file, "id: ams1-a, location: ams1}", "id: ams9-a, location: ams1, key: ▸ams1-a+aadfd8d7+AZ5KL+HnKHh3ZwGnP66DQSgh9rWsjVOOaWHjsQEz6M8h}", `key belongs to "ams1-a", allowed is one whose name is the agent's id ams9-a`},
		{"lease from no date", file, "lease: {from: 2026-01-01}     #", "lease: {from: ▸2026-02-30}     #", `from "2026-02-30" is no date, allowed is YEAR-MONTH-DAY as 2026-01-31`},
		{"instant without offset", file, "from: 2026-06-15T10:30:00+02:00", "from: ▸2026-06-15T10:30:00", `from "2026-06-15T10:30:00" is no instant, allowed is RFC 3339 with its offset, as 2026-01-31T00:00:00+01:00`},
		{"instant too far", file, "from: 2026-06-15T10:30:00+02:00", "from: ▸2126-06-15T10:30:00+02:00", `from "2126-06-15T10:30:00+02:00" is out of range, allowed are the years 2000 to 2099`},
		{"lease that ends first", file, "lease: {from: 2026-01-01, until: 2029-01-01}", "lease: ▸{from: 2026-01-01, until: 2025-01-01}", "until is not after from, allowed is a later instant: it is the first one after the lease"},
		{"units out of order", file, "- {serial: FX2345C2D3, from: 2026-06-15T10:30:00+02:00}", "- ▸{serial: FX2345C2D3, from: 2025-06-15}", "units[1] does not begin after the unit before it, allowed are units in the order in which they stood there"},
		{"a unit without a number", file, "- {serial: FX2345C2D3, from", "- ▸{from", "units[1] needs exactly one of the keys serial, serials (of a pair or cluster) and engine_id (of a device that tells no serial number)"},
		{"a unit with both", file, "- {serial: FX2345C2D3, from", `- ▸{serial: FX2345C2D3, engine_id: "8000000001", from`, "units[1] needs exactly one of the keys serial, serials (of a pair or cluster) and engine_id (of a device that tells no serial number)"},
		{"an engine that is none", file, "- {serial: FX2345C2D3, from", `- ▸{engine_id: "0x80", from`, `engine id "80" is no hexadecimal text of 5 to 32 octets in lower case`},
		{"a serial as a number", file, "serial: FX2345C2D3", "serial: ▸2345", "serial is a number, allowed is a text: put it in quotes"},
		{"no interface", file, "            units:", "            interfaces: ▸[]\n            units:", "interfaces has 0 patterns, allowed are 1 to 64; leave the key out for all interfaces that the profile reads"},
		{"an interface twice", file, "            units:", "            interfaces: [wan1, ▸wan1]\n            units:", `"wan1" is listed twice, allowed is once`},
		{"an alias of nothing", file, "            units:", "            interfaces: [▸\"alias:\"]\n            units:", `interface pattern "alias:" is empty or longer than 128 bytes, as wan1, "Gi0/0/*" or "alias:WAN *"`},
		{"snmp without credential", file, "- id: firewall-1\n            class: firewall\n            address: 192.0.2.131\n            profile: fortinet-firewall\n            credential: lab", "- ▸id: firewall-1\n            class: firewall\n            address: 192.0.2.131\n            profile: fortinet-firewall", "devices[1] lacks the key credential, needed is a name from credentials, or checks without snmp"},
		{"check that is not measured", file, "checks: [icmp] ", "checks: [icmp, ▸tcp] ", "check tcp is not measured by version 1 of contract gold, allowed are icmp, snmp"},
		{"check twice", file, "checks: [icmp] ", "checks: [icmp, ▸icmp] ", "icmp is listed twice, allowed is once"},
		{"no check", file, "checks: [icmp] ", "checks: ▸[] ", "checks is empty, leave the key out for every check of the contract"},
		{"management address that is not", file, "address: 192.0.2.131\n            profile: fortinet-firewall", "address: 192.0.2.131\n            snmp: ▸{address: management}\n            profile: fortinet-firewall", "snmp is asked at the management address and the device has none, add one to addresses"},
		{"unknown version", file, "snmp: {version: 2c,", "snmp: {version: ▸2,", `version "2" is unknown, allowed are 1, 2c, 3`},
		{"port out of range", file, "port: 161", "port: ▸65536", "port 65536 is out of range, allowed are 1 to 65535"},
		{"gateway by tcp without port", file, "gateway: {kind: icmp, address: 192.0.2.1}", "gateway: ▸{kind: tcp, address: 192.0.2.1}", "gateway is asked by tcp and lacks the key port, needed is 1 to 65535"},
		{"gateway by icmp with port", file, "gateway: {kind: icmp, address: 192.0.2.1}", "gateway: {kind: icmp, address: 192.0.2.1, port: ▸7}", "port is set although gateway is asked by icmp, allowed is it with snmp and tcp"},
		{"gateway by snmp without credential", file, "gateway: {kind: icmp, address: 192.0.2.1}", "gateway: ▸{kind: snmp, address: 192.0.2.1}", "gateway is asked by snmp and lacks the key credential, needed is a name from credentials"},
		{"restriction to nowhere", file, "#locations: [ams1, ams2, bru1]", "locations: [ams1, ams2, bru1, ▸bru2]", `there is no location "bru2", did you mean bru1? allowed are ams1, ams2, bakery-1, bru1`},
	})
}

func TestContractMistakes(t *testing.T) {
	const file = "contract.yaml"
	runBad(t, []badInput{
		{"unknown zone", file, "timezone: Europe/Brussels", "timezone: ▸Europe/Brussel", `timezone "Europe/Brussel" is unknown, allowed is an IANA name with its place, as Europe/Brussels`},
		{"the machine's zone", file, "timezone: Europe/Brussels", "timezone: ▸Local", `timezone "Local" is unknown, allowed is an IANA name with its place, as Europe/Brussels`},
		{"a path for a zone", file, "timezone: Europe/Brussels", "timezone: ▸../etc/passwd", `timezone "../etc/passwd" is unknown, allowed is an IANA name with its place, as Europe/Brussels`},
		{"no hash", file, "#document: sha256:0000000000000000000000000000000000000000000000000000000000000000", "document: ▸sha256:12", `document "sha256:12" is no hash, allowed is sha256: and 64 digits of lower-case hexadecimal, as sha256sum prints`},
		{"window over midnight", file, "from: 06:00, to: 24:00", "from: 22:00, to: ▸06:00", "to 06:00 is not after from 22:00, allowed is a later time of the same day: write a window over midnight as two"},
		{"no time of day", file, "from: 06:00,", "from: ▸6:00,", `from "6:00" is no time of day, allowed is HH:MM from 00:00 to 24:00`},
		{"no weekday", file, "[Mon, Tue,", "[▸Monday, Tue,", `days[0] "Monday" is unknown, allowed are Mon, Tue, Wed, Thu, Fri, Sat, Sun`},
		{"weekday twice", file, "[Mon, Tue,", "[Mon, ▸Mon,", "day Mon stands twice, allowed is once"},
		{"no holiday", file, "holidays: [2026-01-01,", "holidays: [▸2026-13-01,", `holidays[0] "2026-13-01" is no date, allowed is YEAR-MONTH-DAY as 2026-01-31`},
		{"holiday twice", file, "holidays: [2026-01-01,", "holidays: [2026-01-01, ▸2026-01-01,", "holiday 2026-01-01 stands twice, allowed is once"},
		{"unknown rule", file, "rule: two_sided", "rule: ▸two-sided", `rule "two-sided" is unknown, did you mean two_sided? allowed are two_sided, reachable_from, unreachable_from`},
		{"quorum beyond the voters", file, "quorum: {rule: two_sided, q: 2}", "quorum: ▸{rule: two_sided, q: 4}", "a quorum of 4 cannot be met by 3 counting voters, allowed are 1 to 3"},
		{"quorum of none", file, "q: 2}", "q: ▸0}", "q 0 is out of range, allowed are 1 to 100"},
		{"voter that is not", file, "voters: [ams1, ams2, bru1]", "voters: [ams1, ams2, ▸bru]", `there is no location "bru", did you mean bru1? allowed are ams1, ams2, bakery-1, bru1`},
		{"voter twice", file, "voters: [ams1, ams2, bru1]", "voters: [ams1, ams2, bru1, ▸bru1]", "voter bru1 is listed twice, allowed is once: a location is one witness"},
		{"timeout not below interval", file, "timeout: 5s       #", "timeout: ▸30s       #", "timeout 30s is not below the interval 30s, allowed is less: an attempt ends before the next begins"},
		{"round longer than its timeout", file, "count: 3 ", "count: ▸9 ", "the last of 9 requests leaves after 8s, allowed is less than the timeout 5s: lower count or spacing, or raise timeout"},
		{"kind that is not measured", file, "reachable_by: [icmp, snmp]", "reachable_by: [icmp, ▸tcp]", "tcp is not measured, allowed are the kinds under measure"},
		{"reference twice", file, "- {name: exchange,", "- {name: ▸resolver,", "reference resolver is defined twice, allowed is once"},
		{"reference called gateway", file, "- {name: exchange,", "- {name: ▸gateway,", "name gateway is taken by each location's own gateway, allowed is any other"},
		{"threshold twice", file, "- {name: slow,", "- {name: ▸lossy,", "threshold lossy is defined twice, allowed is once"},
		{"loss without lost", file, "- {name: lossy, kind: icmp, metric: loss, window: 20m, lost: 6, of: 100,", "- ▸{name: lossy, kind: icmp, metric: loss, window: 20m,", "thresholds[0] is about loss and lacks the key lost, needed is a number of requests"},
		{"loss with a limit", file, "lost: 6,", "lost: 6, limit: ▸5ms,", "limit does not belong to the metric loss, allowed is limit with rtt and jitter, lost and of with loss, value and at with value"},
		{"of beyond the window", file, "of: 100", "of: ▸200", "of 200 is more than the 120 requests of the window, allowed is at most that many"},
		{"lost beyond of", file, "lost: 6,", "lost: ▸101,", "lost 101 is more than the 100 requests looked at, allowed is at most that many"},
		{"window below the interval", file, "window: 5m", "window: ▸20s", "window 20s is shorter than the interval 30s of icmp, allowed is at least as long"},
		{"fraction of a second", file, "confirm: 3m ", "confirm: ▸1500ms ", "confirm 1.5s is no whole number of seconds, the rules count in seconds"},
		{"percentage beyond 100", file, "percent: 99.9}", "percent: ▸100.1}", `percent "100.1" is no percentage, allowed are 0 to 100 with at most six decimals`},
		{"percentage as a text", file, "percent: 99.9}", "percent: ▸99.9 %}", "percent is a text, allowed is a number of percent, as 99.9"},
		{"target of no service", file, "service: internet", "service: ▸internt", `no customer of contract gold has a service "internt", allowed are services of the installed base`},
		{"target twice", file, "- {percent: 99.5}", "- {percent: 99.5}\n      - ▸{percent: 99.6}", "a target for the customer as a whole stands twice, allowed is once"},
		{"unknown exclusion", file, "force-majeure:", "▸force_majeure:", `unknown key "force_majeure" in exclusions, did you mean force-majeure? allowed are customer-act, cybercrime, force-majeure, intervention, maintenance, outside-control, suspension, third-party`},
		{"numbers out of order", file, second, laterVersion("▸1", "2027-01-01T00:00:00+01:00", "{icmp: {}, snmp: {}}"), "number 1 does not follow 1, allowed are rising numbers in the order of the file"},
		{"versions at one instant", file, second, laterVersion("2", "▸2026-01-01T00:00:00+01:00", "{icmp: {}, snmp: {}}"), "in_force 2025-12-31T23:00:00Z does not follow 2025-12-31T23:00:00Z, allowed are rising instants in the order of the file"},
		{"nothing measured", file, second, laterVersion("2", "2027-01-01T00:00:00+01:00", "▸{}"), "measure names nothing to measure, needed is at least one of icmp, snmp, tcp and sip"},
	})
}

// second is where a second version goes into the example.
const second = "\"Annex 2, article 4\"\n"

func laterVersion(number, inForce, measure string) string {
	return second + "\n  - number: " + number + "\n    in_force: " + inForce + "\n    timezone: Europe/Brussels\n" +
		"    windows: {availability: {hours: [{days: [Sun], from: 00:00, to: 24:00}]}}\n" +
		"    targets: [{percent: 99}]\n    voters: [ams1, ams2, bru1]\n    measure: " + measure + "\n" +
		"    references: [{name: a, kind: icmp, address: 203.0.113.1}, {name: b, kind: icmp, address: 203.0.113.2}]\n"
}

// TestSameNumberOfOtherVoters has two versions that only their place tells apart.
func TestSameNumberOfOtherVoters(t *testing.T) {
	f := example()
	place := f.edit(t, "contract.yaml", second, strings.Replace(laterVersion("▸1", "2027-01-01T00:00:00+01:00", "{icmp: {}, snmp: {}}"), "[ams1, ams2, bru1]", "[ams1, ams2, bru1, bru1]", 1))
	got := lines(f.load("contract.yaml"))
	if !strings.HasPrefix(got, place+": number 1 does not follow 1") || !strings.Contains(got, "voter bru1 is listed twice") {
		t.Errorf("problems =\n%s\nwant the number at %s and the voter", got, place)
	}
}

func TestContractWithoutVersion(t *testing.T) {
	f := example()
	f["contract.yaml"] = "id: gold\nversions: []\n"
	if got, want := lines(f.load("contract.yaml")), "contract.yaml:2:11: versions has no entry, needed is at least one version"; got != want {
		t.Errorf("problems =\n%s\nwant\n%s", got, want)
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []badInput{
		{"two voters", "contract.yaml", "quorum: {rule: two_sided, q: 2}\n    # The witnesses, by location. One without data is unknown, never left out. With\n    # fewer than three, each can keep a verdict from being reached. Custody follows from the\n    # installed base, or is agreed here: {location: ams1, custody: provider}.\n    voters: [ams1, ams2, bru1]", "quorum: ▸{rule: two_sided, q: 2}\n    voters: [ams1, bru1]", "fewer than three voters: with 2, each one can keep a verdict from being reached"},
		{"one witness", "contract.yaml", "quorum: {rule: two_sided, q: 2}", "quorum: ▸{rule: two_sided, q: 1}", "a quorum of 1: a single witness decides, and one witness proves nothing"},
		{"a loss limit that chance breaches", "contract.yaml", "lost: 6, of: 100", "lost: ▸5, of: 100", "a path with 1 % loss would breach this in 3.43 of 1,000 windows by chance, raise lost until that is at most 1"},
		{"voters behind one link", "base.yaml", "via: [transit-b, power-ams2]", "via: [transit-a, power-ams2]", `contract.yaml:51:20: warning: voters ams1 and ams2 both depend on "transit-a" (via): one failure takes both, they are hardly two witnesses`},
		{"confirm below three intervals", "contract.yaml", "confirm: 3m ", "confirm: ▸1m ", "confirm 1m is shorter than three intervals of 1m, a single lost round may open an incident"},
		{"voter without agent", "base.yaml", "  - {id: bru1-a, location: bru1}\n", "", "contract.yaml:51:26: warning: voter bru1 has no agent in the installed base: it stays unknown"},
		{"a customer's voter", "contract.yaml", "voters: [ams1, ams2, bru1]", "voters: [ams1, ams2, bru1, ▸bakery-1]", "voter bakery-1 is in the customer's custody, which leave_out_customer leaves out: it never counts"},
		{"a serial number that nobody compares", "base.yaml", "- {serial: FX2345C2D3, from: 2026-06-15T10:30:00+02:00}", "- {serial: FX2345C2D3, from: 2026-06-15T10:30:00+02:00}\n          - id: lamp\n            class: other\n            address: 192.0.2.200\n            profile: generic\n            credential: lab\n            lease: {from: 2026-01-01}\n            units: [▸{serial: A1, from: 2026-01-01}]", "a serial number is on record, and profile generic does not say where the device tells it: nobody will notice another unit; name a profile that does, or its engine_id"},
		{"a site that leaves a voter out", "base.yaml", "#locations: [ams1, ams2, bru1]", "locations: ▸[ams1, ams2]", "site main-street leaves out bru1, voters of version 1 of contract gold: they stay unknown there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := example()
			place := f.edit(t, c.file, c.old, c.new)
			ps := f.load(c.file)
			if ps.Err() != nil || len(ps.Warnings()) != 1 {
				t.Fatalf("problems =\n%s\nwant one warning", lines(ps))
			}
			want := c.want // with its place, where that is in another file than the edit
			if place != "" {
				want = place + ": warning: " + c.want
			}
			if got := lines(ps); got != want {
				t.Errorf("problems =\n%s\nwant\n%s", got, want)
			}
		})
	}
}
