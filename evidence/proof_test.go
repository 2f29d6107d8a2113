// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch/evidence"
)

// grown is a Merkle tree of which every earlier size can be asked.
type grown struct {
	t      testing.TB
	stored []tlog.Hash
	leaves []evidence.Hash
}

func (g *grown) ReadHashes(at []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range at {
		out = append(out, g.stored[i])
	}
	return out, nil
}

func grow(t testing.TB, n int) *grown {
	t.Helper()
	g := &grown{t: t}
	for i := range n {
		leaf := fmt.Appendf(nil, "leaf %d\n", i)
		h, err := tlog.StoredHashes(int64(i), leaf, g)
		if err != nil {
			t.Fatal(err)
		}
		g.stored = append(g.stored, h...)
		g.leaves = append(g.leaves, evidence.Hash(tlog.RecordHash(leaf)))
	}
	return g
}

func (g *grown) at(size int64) evidence.Checkpoint {
	g.t.Helper()
	h, err := tlog.TreeHash(size, g)
	if err != nil {
		g.t.Fatal(err)
	}
	return evidence.Checkpoint{Origin: "vouch.example.net/anchors", Size: size, Root: evidence.Hash(h)}
}

func (g *grown) includes(leaf, size int64) []evidence.Hash {
	g.t.Helper()
	p, err := tlog.ProveRecord(size, leaf, g)
	if err != nil {
		g.t.Fatal(err)
	}
	return of(p)
}

func (g *grown) extends(old, size int64) []evidence.Hash {
	g.t.Helper()
	if old == 0 {
		return nil
	}
	p, err := tlog.ProveTree(size, old, g)
	if err != nil {
		g.t.Fatal(err)
	}
	return of(p)
}

func of(p []tlog.Hash) (out []evidence.Hash) {
	for _, h := range p {
		out = append(out, evidence.Hash(h))
	}
	return out
}

// Every leaf of every tree of up to 20 leaves is proven, by its own proof alone.
func TestIncludes(t *testing.T) {
	g := grow(t, 20)
	for size := int64(1); size <= 20; size++ {
		c := g.at(size)
		for leaf := range size {
			proof := g.includes(leaf, size)
			if err := c.Includes(leaf, g.leaves[leaf], proof); err != nil {
				t.Errorf("leaf %d of %d: %v", leaf, size, err)
			}
			for name, err := range map[string]error{
				"another leaf":      c.Includes(leaf, evidence.Hash{1}, proof),
				"another index":     c.Includes((leaf+1)%max(size, 2), g.leaves[leaf], proof),
				"a hash too many":   c.Includes(leaf, g.leaves[leaf], append(slices.Clone(proof), evidence.Hash{})),
				"beyond the tree":   c.Includes(size, g.leaves[leaf], proof),
				"before the tree":   c.Includes(-1, g.leaves[leaf], proof),
				"another root":      evidence.Checkpoint{Origin: c.Origin, Size: size, Root: evidence.Hash{1}}.Includes(leaf, g.leaves[leaf], proof),
				"a tree of no leaf": evidence.Checkpoint{Origin: c.Origin}.Includes(leaf, g.leaves[leaf], proof),
			} {
				if err == nil {
					t.Errorf("leaf %d of %d with %s: want an error", leaf, size, name)
				}
			}
		}
	}
}

// Every tree of up to 20 leaves begins with every smaller one, and with no other.
func TestExtends(t *testing.T) {
	g, fork := grow(t, 20), evidence.Hash{1}
	for size := int64(0); size <= 20; size++ {
		c := g.at(size)
		for old := range size + 1 {
			proof, was := g.extends(old, size), g.at(old)
			if err := c.Extends(was, proof); err != nil {
				t.Errorf("%d to %d: %v", old, size, err)
			}
			for name, err := range map[string]error{
				"a hash too many": c.Extends(was, append(slices.Clone(proof), evidence.Hash{})),
				"another ledger":  c.Extends(evidence.Checkpoint{Origin: "x", Size: old, Root: was.Root}, proof),
				"a smaller tree":  c.Extends(evidence.Checkpoint{Origin: c.Origin, Size: size + 1, Root: was.Root}, proof),
				"a negative size": c.Extends(evidence.Checkpoint{Origin: c.Origin, Size: -1, Root: was.Root}, proof),
			} {
				if err == nil {
					t.Errorf("%d to %d with %s: want an error", old, size, name)
				}
			}
			if old == 0 {
				continue
			}
			if err := c.Extends(evidence.Checkpoint{Origin: c.Origin, Size: old, Root: fork}, proof); err == nil {
				t.Errorf("%d to %d from a fork: want an error", old, size)
			}
		}
	}
}

// A proof as it is stored and sent is read back, shows its leaf and no other, and has
// one spelling.
func TestInclusionProof(t *testing.T) {
	g, ledger := grow(t, 20), newParty(t, "vouch.example.net/anchors", 0x22)
	checkpoint, err := evidence.SealCheckpoint(g.at(20), ledger.signer)
	if err != nil {
		t.Fatal(err)
	}
	text := string(evidence.InclusionProof{Index: 11, Hashes: g.includes(11, 20), Checkpoint: checkpoint}.Append(nil))
	p, err := evidence.ParseInclusionProof([]byte(text))
	if err != nil || string(p.Append(nil)) != text {
		t.Fatalf("ParseInclusionProof = %+v, %v, want what was printed", p, err)
	}
	c, err := p.Open(g.leaves[11], "vouch.example.net/anchors", ledger.known)
	if err != nil || c != g.at(20) {
		t.Errorf("Open = %+v, %v, want the checkpoint", c, err)
	}
	if _, err := p.Open(g.leaves[12], "vouch.example.net/anchors", ledger.known); err == nil {
		t.Error("Open for another leaf: want an error")
	}
	if _, err := p.Open(g.leaves[11], "vouch.example.net/acme", ledger.known); err == nil {
		t.Error("Open for another ledger: want an error")
	}
	hash := evidence.Hash{}.String() + "\n"
	for name, bad := range map[string]string{
		"nothing":            "",
		"another format":     strings.Replace(text, "@v1", "@v2", 1),
		"an extra line":      strings.Replace(text, "\nindex", "\nextra YQ==\nindex", 1),
		"no index":           strings.Replace(text, "index 11\n", "", 1),
		"a leading zero":     strings.Replace(text, "index 11", "index 011", 1),
		"a plus":             strings.Replace(text, "index 11", "index +11", 1),
		"a negative index":   strings.Replace(text, "index 11", "index -11", 1),
		"two spaces":         strings.Replace(text, "index 11", "index  11", 1),
		"an index too large": strings.Replace(text, "index 11", "index 9223372036854775808", 1),
		"a hash cut off":     strings.Replace(text, "=\n", "\n", 1),
		"no empty line":      strings.ReplaceAll(text, "\n\n", "\n"),
		"too many hashes":    strings.Replace(text, "index 11\n", "index 11\n"+strings.Repeat(hash, 64), 1),
		"too long":           text + strings.Repeat("x", evidence.MaxNote),
	} {
		if p, err := evidence.ParseInclusionProof([]byte(bad)); err == nil {
			t.Errorf("ParseInclusionProof with %s = %+v, want an error", name, p)
		}
	}
}

func TestGrowth(t *testing.T) {
	g, ledger := grow(t, 20), newParty(t, "vouch.example.net/anchors", 0x22)
	checkpoint, err := evidence.SealCheckpoint(g.at(20), ledger.signer)
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []int64{0, 13, 20} {
		want := evidence.Growth{Old: old, Checkpoint: checkpoint}
		if old == 13 {
			want.Hashes = g.extends(13, 20)
		}
		got, err := evidence.ParseGrowth(want.Append(nil))
		if err != nil || got.Old != old || !slices.Equal(got.Hashes, want.Hashes) || !bytes.Equal(got.Checkpoint, checkpoint) {
			t.Errorf("ParseGrowth = %+v, %v, want %+v", got, err, want)
		}
	}
	hash := evidence.Hash{}.String() + "\n"
	for name, bad := range map[string]string{
		"nothing": "", "no old size": "\n\nx", "no empty line": "old 1\n" + hash, "a word": "old one\n\nx", "a leading zero": "old 01\n\nx",
		"no space": "old1\n\nx", "a negative size": "old -1\n\nx", "no hash": "old 1\nabc\n\nx", "too many hashes": "old 1\n" + strings.Repeat(hash, 64) + "\nx",
		"a carriage return": "old 1\r\n\nx", "too long": "old 1\n\n" + strings.Repeat("x", evidence.MaxNote),
	} {
		if g, err := evidence.ParseGrowth([]byte(bad)); err == nil {
			t.Errorf("ParseGrowth of %s = %+v, want an error", name, g)
		}
	}
}

// FuzzProof: whatever is accepted prints as it was.
func FuzzProof(f *testing.F) {
	f.Add("c2sp.org/tlog-proof@v1\nindex 0\n\nx")
	f.Add("old 0\n\nx\n\n\u2014 a b\n")
	f.Add("old 3\n" + evidence.Hash{1}.String() + "\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := evidence.ParseInclusionProof([]byte(text)); err == nil && string(p.Append(nil)) != text {
			t.Errorf("proof %q prints as %q", text, p.Append(nil))
		}
		if g, err := evidence.ParseGrowth([]byte(text)); err == nil && string(g.Append(nil)) != text {
			t.Errorf("request %q prints as %q", text, g.Append(nil))
		}
	})
}
