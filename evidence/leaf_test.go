// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch/evidence"
)

const batchLeaf = `vouch/leaf v1
kind: batch
customer: acme
agent: ams1-a
stream: availability
epoch: 1793491200000
seq: 1
key: 0000beef
note: BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
received: 2026-11-01T00:00:00.000Z
`

const recordLeaf = `vouch/leaf v1
kind: record
customer: acme
record: m-17
key: 0000beef
note: BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
received: 2026-11-01T00:00:00.000Z
`

func TestParseLeafRefuses(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"another format", "v1", "v2", `want "vouch/leaf v1"`},
		{"unknown kind", "kind: batch", "kind: rumour", "allowed are batch, gap, record and rejected"},
		{"rejected without a reason", "kind: batch", "kind: rejected", `"reason" is missing`},
		{"batch with a reason", "000Z\n", "000Z\nreason: x\n", "stands after the last header line"},
		{"record without its identifier", "kind: batch", "kind: record", `"record" is missing`},
		{"key in capitals", "0000beef", "0000BEEF", "eight hexadecimal digits"},
		{"key too short", "0000beef", "beef", "eight hexadecimal digits"},
		{"no note", "note: BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "note: none", "it is none"},
		{"no newline at the end", "000Z\n", "000Z", `"received" is missing`},
		{"far too long", "acme", strings.Repeat("a", 5000), "at most 4096"},
	} {
		changed := strings.Replace(batchLeaf, c.old, c.new, 1)
		if changed == batchLeaf {
			t.Fatalf("%s: %q is not in the leaf", c.name, c.old)
		}
		_, err := evidence.ParseLeaf([]byte(changed))
		wantError(t, c.name, err, c.want)
	}
}

func TestLeaf(t *testing.T) {
	l := link(uint64(t0.UnixMilli()), 1, 1, 0, 7)
	l.KeyHash = 0xbeef
	gap := gapLink(uint64(t0.UnixMilli()), 1, 4, 0, 8, 7)
	gap.KeyHash = 0xbeef
	record := evidence.Record{RecordHeader: evidence.RecordHeader{Customer: "acme", ID: "m-17"}, Hash: evidence.Hash{7}, KeyHash: 0xbeef}
	for _, c := range []struct {
		name string
		leaf evidence.Leaf
		want string
	}{
		{"batch", l.Leaf(t0, ""), batchLeaf},
		{"gap", gap.Leaf(t0.Add(999), ""), strings.Replace(batchLeaf, "kind: batch", "kind: gap", 1)},
		{"rejected", l.Leaf(t0, "line 1: bad\nnews "), strings.Replace(batchLeaf, "kind: batch", "kind: rejected", 1) + "reason: line 1: bad%0Anews\n"},
		{"record", record.Leaf(t0), recordLeaf},
	} {
		text := string(c.leaf.Append(nil))
		if text != c.want {
			t.Errorf("%s: leaf\n%s\nwant\n%s", c.name, text, c.want)
		}
		back, err := evidence.ParseLeaf([]byte(text))
		if err != nil || back != c.leaf {
			t.Errorf("%s: ParseLeaf = %+v, %v, want %+v", c.name, back, err, c.leaf)
		}
		if got, want := c.leaf.Hash(), evidence.Hash(tlog.RecordHash([]byte(text))); got != want {
			t.Errorf("%s: hash %s, want that of RFC 6962, %s", c.name, got, want)
		}
	}
}

func TestOpenCheckpointRefuses(t *testing.T) {
	const origin = "vouch.example.net/acme"
	p, witness := newParty(t, origin, 3), newParty(t, "witness.example.org", 4)
	root := evidence.Hash{1}.String()
	for _, c := range []struct {
		name, text string
		by         party
		want       string
	}{
		{"another ledger", "vouch.example.net/globex\n5\n" + root + "\n", p, "it is of ledger"},
		{"a leading zero", origin + "\n05\n" + root + "\n", p, "is not a whole number"},
		{"a negative size", origin + "\n-5\n" + root + "\n", p, "is not a whole number"},
		{"a short root", origin + "\n5\nAAAA\n", p, "base64 of 32 bytes"},
		{"an extension line", origin + "\n5\n" + root + "\nmore\n", p, "want origin, size and root"},
		{"two lines", origin + "\n5\n", p, "want origin, size and root"},
		{"a stranger", origin + "\n5\n" + root + "\n", newParty(t, origin, 9), "unknown key"},
	} {
		_, err := evidence.OpenCheckpoint(resign(t, c.by, c.text), origin, p.known)
		wantError(t, c.name, err, c.want)
	}
	_, err := evidence.OpenCheckpoint(resign(t, witness, origin+"\n5\n"+root+"\n"), origin, witness.known)
	wantError(t, "a witness alone", err, "no key of ledger")
	_, err = evidence.SealCheckpoint(evidence.Checkpoint{Origin: "other", Size: 5}, p.signer)
	wantError(t, "another's ledger", err, "the key is")
}

func TestCheckpoint(t *testing.T) {
	// One key speaks for every ledger, under the name of each.
	collector := newParty(t, "vouch.example.net", 3)
	skey, err := evidence.RenameSigner(collector.skey, "vouch.example.net/acme")
	if err != nil {
		t.Fatal(err)
	}
	vkey, err := evidence.RenameVerifier(collector.vkey, "vouch.example.net/acme")
	if err != nil {
		t.Fatal(err)
	}
	p := newParty(t, "vouch.example.net/acme", 3)
	if skey != p.skey || vkey != p.vkey {
		t.Errorf("the renamed keys are %s and %s, want %s and %s", skey, vkey, p.skey, p.vkey)
	}
	want := evidence.Checkpoint{Origin: "vouch.example.net/acme", Size: 20852163, Root: evidence.Hash{1, 2}}
	raw, err := evidence.SealCheckpoint(want, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := textOf(raw), "vouch.example.net/acme\n20852163\nAQIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"; got != want {
		t.Errorf("checkpoint %q, want %q", got, want)
	}
	if got, err := evidence.OpenCheckpoint(raw, want.Origin, p.known); err != nil || got != want {
		t.Errorf("OpenCheckpoint = %+v, %v, want %+v", got, err, want)
	}
}

func TestKeysRefuse(t *testing.T) {
	if _, _, err := evidence.GenerateKey(strings.NewReader(""), "a"); err == nil {
		t.Error("GenerateKey without randomness: no error")
	}
	for _, name := range []string{"", "a b", "a+b", "a\n"} {
		if _, _, err := evidence.GenerateKey(strings.NewReader(strings.Repeat("x", 64)), name); err == nil {
			t.Errorf("GenerateKey(%q): no error", name)
		}
	}
	secret := newParty(t, "a", 1).skey
	broken := strings.Replace(secret, "+a+", "+b+", 1)
	for _, f := range map[string]func() error{
		"NewSigner":    func() error { _, err := evidence.NewSigner(broken); return err },
		"RenameSigner": func() error { _, err := evidence.RenameSigner(broken, "c"); return err },
	} {
		if err := f(); err == nil || strings.Contains(err.Error(), secret[len(secret)-20:]) {
			t.Errorf("a damaged secret key: %v, want an error that does not show the key", err)
		}
	}
	if _, err := evidence.NewVerifier("a+0+b"); err == nil {
		t.Error("NewVerifier of a damaged key: no error")
	}
}

// The rows are from C2SP tlog-tiles, or follow from its text.
func TestTilePath(t *testing.T) {
	for _, c := range []struct {
		tile evidence.Tile
		want string
	}{
		{evidence.Tile{Level: 0, N: 0, Width: 256}, "tile/0/000"},
		{evidence.Tile{Level: 0, N: 1234067, Width: 256}, "tile/0/x001/x234/067"},
		{evidence.Tile{Level: 1, N: 273, Width: 14}, "tile/1/273.p/14"},
		{evidence.Tile{Level: 2, N: 1, Width: 17}, "tile/2/001.p/17"},
		{evidence.Tile{Level: 3, N: 1000, Width: 256}, "tile/3/x001/000"},
		{evidence.Tile{N: 0, Width: 5, Entries: true}, "tile/entries/000.p/5"},
		{evidence.Tile{N: 69991, Width: 256, Entries: true}, "tile/entries/x069/991"},
	} {
		if got := c.tile.Path(); got != c.want {
			t.Errorf("Path(%+v) = %q, want %q", c.tile, got, c.want)
		}
		if got, err := evidence.ParseTile(c.want); err != nil || got != c.tile {
			t.Errorf("ParseTile(%q) = %+v, %v, want %+v", c.want, got, err, c.tile)
		}
	}
	for _, bad := range []string{"", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/x000/001", "tile/0/1000", "tile/0/001/002", "tile/9/000", "tile/-1/000", "tile/00/000",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/05", "tile/0/000.p/", "tile/8/entries/000", "tile/0/../000", "tile/0/x999/x999/x999/x999/x999/x999/x999/999", "/tile/0/000"} {
		if got, err := evidence.ParseTile(bad); err == nil {
			t.Errorf("ParseTile(%q) = %+v, want an error", bad, got)
		}
	}
}

func TestHashText(t *testing.T) {
	h := evidence.Sum([]byte("x"))
	b, err := h.MarshalText()
	var back evidence.Hash
	if err != nil || back.UnmarshalText(b) != nil || back != h {
		t.Errorf("hash %s reads back as %s, %v", b, back, err)
	}
	if _, err := evidence.ParseHash(string(b) + "\n"); err == nil {
		t.Error("ParseHash with a newline: no error")
	}
	if n, err := evidence.NewNonce(strings.NewReader("short")); err == nil {
		t.Errorf("NewNonce of 5 bytes = %s, want an error", n)
	}
}
