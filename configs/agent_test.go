// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"testing"
	"time"

	"github.com/vouch-sla/vouch/configs"
)

func TestAgentMistakes(t *testing.T) {
	const file = "agent.yaml"
	const lab = "  lab:\n    version: 2c           # 1, 2c or 3\n    community: file:secrets/snmp-community\n"
	const literal = " holds a secret itself (not shown), allowed is only a reference: file:PATH, env:NAME or cred:NAME"
	runBad(t, []badInput{
		{"no pin", file, "pin: sha256:0123", "pin: ▸sha256:123", `pin "sha256:123456789abcdef0123456789abcdef01"... is no pin, allowed is sha256: and 64 hexadecimal digits, or 44 characters of base64, as "vouch pin" prints it`},
		{"plain http", file, "https://127.0.0.1:7443", "▸http://127.0.0.1:7443", "url is no https URL of a host and port alone, allowed is https://HOST:PORT"},
		{"URL with a path", file, "https://127.0.0.1:7443", "▸https://127.0.0.1:7443/agents", "url is no https URL of a host and port alone, allowed is https://HOST:PORT"},
		{"URL with a password", file, "https://127.0.0.1:7443", "▸https://me:canary@127.0.0.1:7443", "url holds a user or password (not shown), allowed is a URL without, the secret goes into its own key"},
		{"no URL", file, "https://127.0.0.1:7443", "▸127.0.0.1:7443", "url is no URL (not shown), allowed is http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH"},
		{"bad source", file, "#source: 192.0.2.20", "source: ▸0.0.0.0", `source "0.0.0.0" is no address of one host, allowed is a unicast address`},
		{"bad time server", file, "#ntp: [ntp1.example.net,", "ntp: [▸ntp1/example,", `ntp[0] "ntp1/example" is no time server, allowed is HOST or HOST:PORT as ntp.example.net, 192.0.2.1:123 or [2001:db8::1]:123`},
		{"time server twice", file, "#ntp: [ntp1.example.net, ntp2", "ntp: [ntp2.example.net, ▸ntp2", `ntp[1] "ntp2.example.net" is named twice`},
		{"nine time servers", file, "#ntp: [ntp1.example.net, ntp2.example.net, 192.0.2.123]", "ntp: [a, b, c, d, e, f, g, \"2001:db8::1\", ▸i]", "ntp has more than 8 servers, allowed are at most 8"},
		{"port of no time server", file, "#ntp: [ntp1.example.net,", "ntp: [▸\"ntp1:0\",", `ntp[0] "ntp1:0" is no time server, allowed is HOST or HOST:PORT as ntp.example.net, 192.0.2.1:123 or [2001:db8::1]:123`},
		{"queue without unit", file, "queue: 32MiB", "queue: ▸32", "queue is a number, allowed is a size with its unit, as 512KiB, 8MiB or 1GiB"},
		{"small spool", file, "  bytes: 64MiB", "  bytes: ▸1MiB", "bytes 1MiB is out of range, allowed are 4MiB to 1024GiB"},
		{"spool for a moment", file, "  age: 720h", "  age: ▸5m", "age 5m is out of range, allowed are 1h to 8784h"},
		{"literal secret", file, "file:secrets/snmp-community", "▸canary", "community" + literal},
		{"literal secret with a colon", file, "file:secrets/snmp-community", `▸"canary:canary"`, "community" + literal},
		{"number as a secret", file, "file:secrets/snmp-community", "▸12345678", "community is a number, allowed is a text: put it in quotes"},
		{"mapping as a secret", file, "file:secrets/snmp-community", "▸{file: canary}", "community is a mapping, allowed is a text"},
		{"block as a secret", file, "community: file:secrets/snmp-community", "community: ▸|\n      canary", "community" + literal},
		{"bad block header", file, "community: file:secrets/snmp-community", "community: ▸|canary", "not YAML: invalid header option"},
		{"no such secret file", file, "file:secrets/snmp-community", "▸file:secrets/none", "community: secret file secrets/none cannot be read: file does not exist, make it a readable file with one line"},
		{"directory as a secret file", file, "file:secrets/snmp-community", "▸file:secrets", "community: secret file secrets cannot be read: it is a directory, make it a readable file with one line"},
		{"variable not set", file, "file:secrets/snmp-community", "▸env:NONE", "community: environment variable NONE is not set or empty, set it for this program or use file:PATH"},
		{"variable empty", file, "file:secrets/snmp-community", "▸env:EMPTY", "community: environment variable EMPTY is not set or empty, set it for this program or use file:PATH"},
		{"no credentials of systemd", file, "file:secrets/snmp-community", "▸cred:lab", "community: systemd gave this program no credentials, put LoadCredential=lab:PATH into its unit, or use file:PATH"},
		{"a credential elsewhere", file, "file:secrets/snmp-community", "▸cred:../canary", "community: the name after cred: is no name of a systemd credential (not shown), allowed are letters, digits, '.', '_' and '-'"},
		{"a program that is not allowed", file, "file:secrets/snmp-community", "▸exec:/bin/canary", "community: exec: is switched off here (not shown), allowed is it only in an agent's file with allow_exec: true"},
		{"bad name of a variable", file, "file:secrets/snmp-community", "▸env:can-ary!", "community: the name after env: is no name of an environment variable (not shown), allowed are letters, digits and _"},
		{"unknown version", file, "version: 2c ", "version: ▸2 ", `version "2" is unknown, allowed are 1, 2c, 3`},
		{"no community", file, lab, "  lab: ▸{version: 2c}\n", "lab is for SNMP version 2c and lacks the key community"},
		{"community with 3", file, lab, "  lab: {version: 3, user: u, community: ▸env:GOOD}\n", "community does not belong to SNMP version 3, allowed are community with 1 and 2c, user, level, auth, privacy and context with 3"},
		{"user with 2c", file, lab, "  lab: {version: 2c, community: env:GOOD, user: ▸u}\n", "user does not belong to SNMP version 2c, allowed are community with 1 and 2c, user, level, auth, privacy and context with 3"},
		{"privacy without auth", file, lab, "  lab: {version: 3, user: u, privacy: ▸{protocol: AES, password: env:GOOD}}\n", "privacy is set without auth, allowed is it only together with auth (RFC 3411)"},
		{"level that does not fit", file, lab, "  lab: {version: 3, user: u, level: ▸authPriv, auth: {protocol: SHA, password: env:GOOD}}\n", "level authPriv does not fit the keys given, which make it authNoPriv, allowed is auth with authNoPriv, auth and privacy with authPriv"},
		{"unknown protocol", file, lab, "  lab: {version: 3, user: u, auth: {protocol: ▸SHA-256, password: env:GOOD}}\n", `protocol "SHA-256" is unknown, did you mean SHA256? allowed are MD5, SHA, SHA224, SHA256, SHA384, SHA512`},
		{"bad name of a credential", file, "  lab:\n", "  ▸my lab:\n", `credential "my lab" is no identifier, allowed are 1 to 63 letters, digits, and after the first character '.', '_' and '-'`},
		{"weak protocol", file, lab, "  lab: {version: 3, user: u, auth: ▸{protocol: MD5, password: env:GOOD}}\n", "warning: auth protocol MD5 is weak, SHA256 or better is advised where the device has it"},
	})
}

func TestSecretFiles(t *testing.T) {
	const place = "agent.yaml:32:16: "
	for _, c := range []struct{ name, body, want string }{
		{"empty", "\n", place + "community: secret file secrets/snmp-community is empty, put the secret on its first line"},
		{"two lines", "canary\ncanary\n", place + "community: secret file secrets/snmp-community has more than one line, allowed is one"},
		{"huge", string(make([]byte, 5000)), place + "community: secret file secrets/snmp-community cannot be read: too large: more than 4096 bytes, make it a readable file with one line"},
		{"with a carriage return", "canary\r\n", ""},
		{"without a line end", "canary", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := example()
			f["secrets/snmp-community"] = c.body
			a, ps := configs.LoadAgent(f.source(), "agent.yaml")
			if got := lines(ps); got != c.want {
				t.Errorf("problems = %s, want %s", got, c.want)
			}
			if got := a.Credentials["lab"].Community.Reveal(); c.want == "" && got != "canary" {
				t.Errorf("community = %q, want canary", got)
			}
		})
	}
}

func TestShortPassword(t *testing.T) {
	f := example()
	f["short"] = "canary\n"
	place := f.edit(t, "agent.yaml", "  lab:\n", "  v3: {version: 3, user: u, auth: {protocol: SHA, password: ▸file:short}}\n  lab:\n")
	if got, want := lines(f.load("agent.yaml")), place+": password is shorter than 8 characters (not shown), allowed are 8 and more (RFC 3414)"; got != want {
		t.Errorf("problems = %s, want %s", got, want)
	}
}

func TestPinForms(t *testing.T) {
	const inHex = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, form := range []string{inHex, "ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8="} {
		f := example()
		f.edit(t, "agent.yaml", inHex, form)
		a, ps := configs.LoadAgent(f.source(), "agent.yaml")
		if ps != nil || a.Collector.Pin[0] != 0x01 || a.Collector.Pin[31] != 0xef {
			t.Errorf("pin %s = %x, %s, want 0123...ef", form, a.Collector.Pin, lines(ps))
		}
	}
}

func TestAgent(t *testing.T) {
	f := example()
	f.edit(t, "agent.yaml", "  lab:\n", "  v3: {version: 3, user: u, auth: {protocol: SHA, password: env:GOOD}, privacy: {protocol: AES256C, password: env:GOOD}}\n  lab:\n")
	a, ps := configs.LoadAgent(f.source(), "agent.yaml")
	if ps != nil {
		t.Fatalf("problems = %s, want none", lines(ps))
	}
	if c := a.Credentials["v3"]; c.Level != "authPriv" || c.PrivacyProtocol != "AES256C" || c.PrivacyPassword.Reveal() != "a long enough secret" {
		t.Errorf("credential v3 = %+v, want authPriv with AES256C and its password", c)
	}
	if a.Spool != (configs.Spool{Bytes: 64 << 20, Age: 30 * 24 * time.Hour}) {
		t.Errorf("spool = %+v, want 64 MiB and 30 days", a.Spool)
	}
	if c := a.Credentials["lab"]; c.Version != "2c" || c.Community.Reveal() != "public" {
		t.Errorf("credential lab = %+v, want 2c with public", c)
	}
}
