// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"testing"
	"time"

	"github.com/vouch-sla/vouch/configs"
)

// witnessKey is the key in the example.
const witnessKey = "witness.example.org+010f4e8a+BBfLefsrQSDysexl5BmNbgiyjoE/6wHkpACDm4XhgIDO"

// anchored is the example with these anchors, and a file of roots beside it.
func anchored(t *testing.T, anchor string) (f files, place string) {
	t.Helper()
	f = example()
	f["roots.pem"], f["bad.pem"], f["key.pem"] = roots(t), "hello\n", "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"
	return f, f.edit(t, "collector.yaml", "log_level: info", "anchor: "+anchor+"\nlog_level: info")
}

func TestAnchorMistakes(t *testing.T) {
	const stamp, witness = "{name: tsa, url: http://tsa.example.net/, ca: roots.pem}", "{url: http://w.example.org, key: " + witnessKey + "}"
	for _, c := range []struct{ name, anchor, want string }{
		{"not a mapping", "▸yes", "anchor is a text, allowed is a mapping of keys to values"},
		{"unknown key", "{▸timestamps: []}", `unknown key "timestamps" in anchor, did you mean timestamp? allowed are every, timestamp, witnesses`},
		{"too often", "{every: ▸10s}", "every 10s is out of range, allowed are 1m to 24h"},
		{"no name", "{timestamp: [▸{url: http://tsa.example.net/, ca: roots.pem}]}", "timestamp[0] lacks the key name, needed is a name that stands in records and logs"},
		{"a name with a space", "{timestamp: [{name: ▸the tsa, url: http://tsa.example.net/, ca: roots.pem}]}", `name "the tsa" is no identifier, allowed are 1 to 63 letters, digits, and after the first character '.', '_' and '-'`},
		{"no url", "{timestamp: [▸{name: tsa, ca: roots.pem}]}", "timestamp[0] lacks the key url, needed is where to ask, as http://tsa.example.net/"},
		{"a url with a password", "{timestamp: [{name: tsa, url: ▸'http://a:b@tsa.example.net/', ca: roots.pem}]}", "url holds a user or password (not shown), allowed is a URL without, the secret goes into its own key"},
		{"no roots", "{timestamp: [▸{name: tsa, url: http://tsa.example.net/}]}", "timestamp[0] lacks the key ca, needed is a file of root certificates in PEM, the only ones that are trusted for these stamps"},
		{"a missing file", "{timestamp: [{name: tsa, url: http://tsa.example.net/, ca: ▸none.pem}]}", "ca: file none.pem cannot be read: file does not exist"},
		{"no PEM", "{timestamp: [{name: tsa, url: http://tsa.example.net/, ca: ▸bad.pem}]}", "ca: file bad.pem holds no root certificates in PEM: no certificate in PEM (-----BEGIN CERTIFICATE-----)"},
		{"a key for a certificate", "{timestamp: [{name: tsa, url: http://tsa.example.net/, ca: ▸key.pem}]}", `ca: file key.pem holds no root certificates in PEM: a PEM block is of type "PRIVATE KEY", allowed is CERTIFICATE`},
		{"no policy", "{timestamp: [{name: tsa, url: http://tsa.example.net/, ca: roots.pem, policy: ▸best}]}", `policy "best" is no object identifier, allowed are numbers with dots, as 0.4.0.2023.1.1`},
		{"two authorities of one name", "{timestamp: [" + stamp + ", {name: ▸tsa, url: http://b.example.net/, ca: roots.pem}]}", `authority "tsa" is defined twice (first at collector.yaml:116:29), allowed is once`},
		{"no key", "{witnesses: [▸{url: http://w.example.org}]}", `witnesses[0] lacks the key key, needed is the witness's public key, as "vouch witness" prints it`},
		{"the key of a ledger", "{witnesses: [{url: http://w.example.org, key: ▸vouch.example.net+ec041e58+AaCapfR6Z1mAL/lV+NwtKhSlyZ0jvpf4ZBJ/+Tg0VaTw}]}", `key "vouch.example.net+ec041e58+AaCapfR6Z1mAL"... is no public key of a witness, allowed is NAME+HASH+BASE64 as "vouch witness" prints it`},
		{"one witness twice", "{witnesses: [" + witness + ", {name: other, url: http://v.example.org, key: ▸" + witnessKey + "}]}", "key is already that of the witness at collector.yaml:116:55, allowed is one entry for each witness"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, place := anchored(t, c.anchor)
			if got, want := lines(f.load("collector.yaml")), place+": "+c.want; got != want {
				t.Errorf("problems =\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestAnchorValues(t *testing.T) {
	f, _ := anchored(t, "{timestamp: [{name: tsa, url: http://tsa.example.net/, ca: roots.pem}], witnesses: [{url: http://w.example.org/a, key: "+witnessKey+"}]}")
	c, ps := configs.LoadCollector(f.source(), "collector.yaml")
	if ps != nil {
		t.Fatal(lines(ps))
	}
	a := c.Anchor
	if a.Every != time.Hour || len(a.Authorities) != 1 || a.Authorities[0].Name != "tsa" || a.Authorities[0].Policy != nil || a.Authorities[0].URL.Host != "tsa.example.net" {
		t.Errorf("Anchor = %+v, want every hour, one authority, any policy", a)
	}
	if len(a.Witnesses) != 1 || a.Witnesses[0].Name != "witness.example.org" || a.Witnesses[0].URL.Path != "/a" || a.Witnesses[0].Key != witnessKey {
		t.Errorf("Witnesses = %+v, want one by the name of its key", a.Witnesses)
	}
	if c, ps := configs.LoadCollector(example().source(), "collector.yaml"); ps != nil || c.Anchor.Every != time.Hour || c.Anchor.Authorities != nil {
		t.Errorf("Anchor where nothing is said = %+v, want every hour and nobody", c.Anchor)
	}
}
