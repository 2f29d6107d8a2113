// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sip_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/vouch-sla/vouch/probes/sip"
)

// The answers in testdata were written for these tests, after the forms that RFC 3261
// and RFC 4475 (torture tests) show.
func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParse(t *testing.T) {
	want := sip.Parsed{
		Status: 200, Vias: 1, Phrase: "OK", Branch: "z9hG4bK77ef4c2312983.1", CallID: "12345600@192.0.2.1", Method: "OPTIONS",
		CSeq: 63104, Length: 4, Server: "Softphone Beta1.5",
	}
	for _, name := range []string{"plain", "compact", "folded"} {
		b := testdata(t, name)
		got, used, err := sip.Parse(b)
		if err != nil || got != want || string(b[used:]) != "v=0\n" {
			t.Errorf("%s: Parse = %+v, %q left, %v; want %+v and the body", name, got, b[used:], err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const head = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=b\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
	for name, b := range map[string]string{
		"nothing":                  "",
		"blank lines alone":        "\r\n\r\n",
		"no end of the headers":    head,
		"another protocol":         "HTTP/1.1 200 OK\r\n\r\n",
		"another version":          "SIP/3.0 200 OK\r\n\r\n",
		"a status of two digits":   "SIP/2.0 20 OK\r\n\r\n",
		"a status of four digits":  "SIP/2.0 2000 OK\r\n\r\n",
		"a signed status":          "SIP/2.0 +20 OK\r\n\r\n",
		"status 099":               "SIP/2.0 099 OK\r\n\r\n",
		"no Via":                   "SIP/2.0 200 OK\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n",
		"no Call-ID":               "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=b\r\nCSeq: 1 OPTIONS\r\n\r\n",
		"no CSeq":                  "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=b\r\nCall-ID: c\r\n\r\n",
		"a header without a colon": head + "Server\r\n\r\n",
		"a header without a name":  head + ": x\r\n\r\n",
		"a blank in a name":        head + "Content Length: 0\r\n\r\n",
		"folded before a header":   "SIP/2.0 200 OK\r\n Via: x\r\n\r\n",
		"a bare line feed":         head + "Server: a\nb\r\n\r\n",
		"a zero byte":              head + "Server: a\x00b\r\n\r\n",
		"two lengths":              head + "Content-Length: 0\r\nl: 0\r\n\r\n",
		"two CSeqs":                head + "CSeq: 1 OPTIONS\r\n\r\n",
		"a CSeq above 32 bits":     strings.Replace(head, "1 OPTIONS", "4294967296 OPTIONS", 1) + "\r\n",
		"a quote without an end":   strings.Replace(head, "branch=b", "x=\"a", 1) + "\r\n",
		"too many headers":         head + strings.Repeat("X: y\r\n", 300) + "\r\n",
		"a header too long folded": head + "X: y\r\n" + strings.Repeat(" "+strings.Repeat("z", 1000)+"\r\n", 9) + "\r\n",
	} {
		if got, _, err := sip.Parse([]byte(b)); err == nil {
			t.Errorf("%s: Parse = %+v, want an error", name, got)
		}
	}
}

func TestParseVia(t *testing.T) {
	for via, want := range map[string]sip.Parsed{
		"Via: SIP/2.0/UDP h;branch=b":                                          {Vias: 1, Branch: "b"},
		"Via: SIP / 2.0 / UDP h:5060 ;received=192.0.2.1; BRANCH = b ;rport=1": {Vias: 1, Branch: "b"},
		"Via: SIP/2.0/UDP h;x=\"a;branch=no,\\\"\";branch=b":                   {Vias: 1, Branch: "no,\\\"\""},
		"Via: SIP/2.0/UDP h;branch=b, SIP/2.0/UDP i;branch=c":                  {Vias: 2, Branch: "b"},
		"Via: SIP/2.0/UDP h;branch=b\r\nv: SIP/2.0/UDP i;branch=c":             {Vias: 2, Branch: "b"},
		"Via: SIP/2.0/UDP h": {Vias: 1},
	} {
		got, _, err := sip.Parse([]byte("SIP/2.0 200 OK\r\n" + via + "\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n"))
		if err != nil || got.Vias != want.Vias || got.Branch != want.Branch {
			t.Errorf("%s: Parse = %d values, branch %q, %v; want %d, %q", via, got.Vias, got.Branch, err, want.Vias, want.Branch)
		}
	}
}

// Texts of a device are safe to print and short.
func TestServerText(t *testing.T) {
	for given, want := range map[string]string{
		"PBX\t1.0  (build 7)":             "PBX 1.0 (build 7)",
		"\x1b[31mred\x1b[0m":              "[31mred [0m",
		"caf\xe9":                         "caf",
		"Zentrale für 9 Büros":            "Zentrale für 9 Büros",
		strings.Repeat("é", 100):          strings.Repeat("é", 64),
		"a" + strings.Repeat("é", 100):    "a" + strings.Repeat("é", 63),
		"\u202egnp.exe" + "\u200b hidden": "gnp.exe hidden",
	} {
		got, _, err := sip.Parse([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nUser-Agent: " + given + "\r\n\r\n"))
		if err != nil || got.Server != want {
			t.Errorf("User-Agent %q: server = %q, %v; want %q", given, got.Server, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"plain", "compact", "folded"} {
		f.Add(testdata(f, name))
	}
	for _, lie := range lies() {
		for _, m := range lie.say(asked{line: "OPTIONS sip:h SIP/2.0", via: "SIP/2.0/UDP h;branch=z9hG4bK1;rport", callID: "c", cseq: "1 OPTIONS"}) {
			f.Add([]byte(m))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, used, err := sip.Parse(b)
		if err != nil {
			return
		}
		if used < 4 || used > len(b) || string(b[used-4:used]) != "\r\n\r\n" {
			t.Fatalf("%d of %d bytes used, want all headers with the line that ends them", used, len(b))
		}
		if again, n, err := sip.Parse(b[:used]); err != nil || again != a || n != used {
			t.Fatalf("the headers alone: %+v, %d, %v; want %+v, %d", again, n, err, a, used)
		}
		if !a.Request && (a.Status < 100 || a.Status > 699 || a.Vias == 0) || a.Length < 0 || a.Length > 64<<10 {
			t.Errorf("%+v is no answer", a)
		}
		for _, s := range []string{a.Server, a.Phrase} {
			if len(s) > 128 || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("text %q is not safe", s)
			}
		}
	})
}
