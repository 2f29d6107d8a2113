// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/evidence"
)

// answer is what came back over HTTP.
type answer struct {
	status int
	header http.Header
	body   string
}

// fetch gets a path of the web listener with a token, or without.
func (c *centre) fetch(t *testing.T, path, token string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(c.at.Web, "/")+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Header.Del("Date")
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func (c *centre) token(t *testing.T, cu vouch.CustomerID) string {
	t.Helper()
	var tok admin.Token
	if err := c.client().Post(t.Context(), admin.PathTokens, admin.NewToken{Role: "customer", Customer: cu}, &tok); err != nil {
		t.Fatal(err)
	}
	return tok.Secret
}

// fill stores n batches of one sample each.
func (c *centre) fill(t *testing.T, cu vouch.CustomerID, from time.Time, n int) {
	t.Helper()
	p := c.agents["AMS-1"]
	var notes [][]byte
	for i := range n {
		at := from.Add(time.Duration(i) * time.Second)
		b := p.seal(t, p.header(cu, at, at.Add(time.Second)), p.sample(cu, "rt1", at, vouch.Up))
		p.advance(b)
		notes = append(notes, b.Raw)
	}
	for some := range slices.Chunk(notes, 200) {
		for i, r := range p.send(t, c, some...) {
			if r.Status != "stored" {
				t.Fatalf("note %d = %+v, want stored", i, r)
			}
		}
	}
}

// auditor is an outsider: it knows the address, a token and the collector's public
// key, and believes nothing else.
type auditor struct {
	t      *testing.T
	c      *centre
	origin string
	token  string
	keys   note.Verifiers
}

func newAuditor(t *testing.T, c *centre, cu vouch.CustomerID) auditor {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(c.dir, "ledger.key"))
	if err != nil {
		t.Fatal(err)
	}
	origin := "ledger.example/" + string(cu)
	vkey, err := evidence.RenameVerifier(strings.Split(string(raw), "\n")[1], origin)
	if err != nil {
		t.Fatal(err)
	}
	v, err := evidence.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return auditor{t, c, origin, c.token(t, cu), note.VerifierList(v)}
}

func (a auditor) get(path string) answer {
	a.t.Helper()
	return a.c.fetch(a.t, "/ledger/"+a.origin+"/"+path, a.token)
}

func (a auditor) checkpoint() tlog.Tree {
	a.t.Helper()
	got := a.get("checkpoint")
	cp, err := evidence.OpenCheckpoint([]byte(got.body), a.origin, a.keys)
	if got.status != http.StatusOK || err != nil {
		a.t.Fatalf("checkpoint = %d %q, %v", got.status, got.body, err)
	}
	return tlog.Tree{N: cp.Size, Hash: tlog.Hash(cp.Root)}
}

// Height implements [tlog.TileReader].
func (a auditor) Height() int { return 8 }

// SaveTiles implements [tlog.TileReader].
func (a auditor) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles implements [tlog.TileReader] over HTTP.
func (a auditor) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		path := evidence.Tile{Level: t.L, N: t.N, Width: t.W}.Path()
		got := a.get(path)
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/octet-stream" {
			return nil, fmt.Errorf("GET %s = %d %s", path, got.status, got.body)
		}
		all = append(all, []byte(got.body))
	}
	return all, nil
}

// leaves fetches the first n leaf records.
func (a auditor) leaves(n int64) (leaves [][]byte) {
	a.t.Helper()
	for from := int64(0); from < n; from += evidence.TileWidth {
		tile := evidence.Tile{N: from / evidence.TileWidth, Width: int(min(n-from, evidence.TileWidth)), Entries: true}
		got := a.get(tile.Path())
		rest := []byte(got.body)
		for range tile.Width {
			if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
				a.t.Fatalf("GET %s = %d: the bundle ends early", tile.Path(), got.status)
			}
			length := int(binary.BigEndian.Uint16(rest))
			leaves, rest = append(leaves, rest[2:2+length]), rest[2+length:]
		}
		if len(rest) != 0 {
			a.t.Errorf("GET %s: %d bytes stand behind the last entry", tile.Path(), len(rest))
		}
	}
	return leaves
}

// A customer recomputes its ledger's root from what is served, and the proof that the
// ledger of before is the beginning of the one of now.
func TestAuditOverHTTP(t *testing.T) {
	c := newCentre(t)
	a := newAuditor(t, c, "acme")
	before := a.checkpoint()
	c.fill(t, "acme", ago(20*time.Minute), 600)
	tree := a.checkpoint()
	if tree.N < 600 || before.N >= tree.N {
		t.Fatalf("the ledger grew from %d to %d leaves, want 600 more", before.N, tree.N)
	}
	nodes := tlog.TileHashReader(tree, a) // checks every tile against the root
	var indexes []int64
	for i := range tree.N {
		indexes = append(indexes, tlog.StoredHashIndex(0, i))
	}
	hashes, err := nodes.ReadHashes(indexes)
	if err != nil {
		t.Fatalf("tiles = %v", err)
	}
	kinds := map[evidence.LeafKind]int{}
	for i, text := range a.leaves(tree.N) {
		leaf, err := evidence.ParseLeaf(text)
		if err != nil || tlog.RecordHash(text) != hashes[i] {
			t.Fatalf("entry %d = %q, %v: it does not have the hash in the tile", i, text, err)
		}
		if leaf.Customer != "acme" {
			t.Errorf("entry %d is of customer %s", i, leaf.Customer)
		}
		kinds[leaf.Kind]++
	}
	if kinds[evidence.LeafBatch] != 600 || kinds[evidence.LeafRecord] == 0 {
		t.Errorf("entries = %v, want 600 batches and some records", kinds)
	}
	proof, err := tlog.ProveTree(tree.N, before.N, nodes)
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash); err != nil {
		t.Errorf("the ledger of %d leaves is not the beginning of that of %d: %v", before.N, tree.N, err)
	}
}

// What can be kept for ever says so, and what grows does not; what is not there yet,
// and every other spelling, is not found.
func TestServedPaths(t *testing.T) {
	c := newCentre(t)
	c.fill(t, "acme", ago(20*time.Minute), 270)
	a := newAuditor(t, c, "acme")
	n := a.checkpoint().N - 256
	const forEver, never = "private, max-age=31536000, immutable", "no-store"
	for path, cache := range map[string]string{
		"checkpoint": never, "tile/0/000": forEver, "tile/entries/000": forEver, "tile/0/000.p/255": never, "tile/1/000.p/1": never,
		fmt.Sprintf("tile/0/001.p/%d", n): never, fmt.Sprintf("tile/entries/001.p/%d", n): never,
	} {
		got := a.get(path)
		if got.status != http.StatusOK || got.header.Get("Cache-Control") != cache || got.header.Get("Vary") != "Authorization, Cookie" {
			t.Errorf("GET %s = %d, %v, want 200 and Cache-Control %s", path, got.status, got.header, cache)
		}
		if again := a.get(path); again.body != got.body {
			t.Errorf("GET %s again has another body", path)
		}
	}
	for _, path := range []string{
		"", "tile", "tile/0", "tile/0/001", "tile/entries/001", fmt.Sprintf("tile/0/001.p/%d", n+1), fmt.Sprintf("tile/entries/001.p/%d", n+1),
		"tile/1/000", "tile/2/000.p/1", "tile/6/000", "tile/-1/000", "tile/0/0", "tile/0/000.p/256", "tile/0/000.p/0", "checkpoint/x", "Checkpoint",
		"tile/entries/x999/x999/x999/x999/x999/x999/999", "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/entries/-01",
	} {
		if got := a.get(path); got.status != http.StatusNotFound || got.header.Get("Cache-Control") != never {
			t.Errorf("GET %s = %d, %v, want 404 and no caching", path, got.status, got.header)
		}
	}
}

// The ledger of another is answered like one that does not exist, to the byte. The
// provider's own are the NOC's alone, even for a token that names them.
func TestForeignLedger(t *testing.T) {
	c := newCentre(t)
	acme := c.token(t, "acme")
	c.halt()
	s, err := sqlite.Open(t.Context(), c.dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	own := []vouch.CustomerID{vouch.Provider, "anchors"}
	for _, id := range own {
		raw := []byte("a note of " + id)
		e := store.Entry{Customer: id, Kind: store.KindRecord, RecordID: "r-1", RecordKind: "test", SHA256: evidence.Sum(raw), Note: raw, Leaf: []byte("a leaf")}
		if _, err := s.Append(t.Context(), []store.Entry{e}); err != nil {
			t.Fatal(err)
		}
		if err := s.AddToken(t.Context(), store.Token{ID: string(id), SHA256: sha256.Sum256([]byte(id)), Role: "customer", Customer: id}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.start()
	absent := c.fetch(t, "/ledger/ledger.example/nobody/checkpoint", acme)
	if absent.status != http.StatusNotFound {
		t.Errorf("a ledger that does not exist = %d, want 404", absent.status)
	}
	same := func(path, token string) {
		t.Helper()
		if got := c.fetch(t, path, token); got.status != absent.status || got.body != absent.body || !maps.EqualFunc(got.header, absent.header, slices.Equal) {
			t.Errorf("GET %s = %+v, want it to be as what does not exist, %+v", path, got, absent)
		}
	}
	for _, part := range []string{"checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"} {
		same("/ledger/ledger.example/other/"+part, acme)
		same("/ledger/other.example/acme/"+part, acme)
		for _, id := range own {
			path := "/ledger/ledger.example/" + string(id) + "/" + part
			same(path, acme)
			same(path, string(id))
			if got := c.fetch(t, path, ""); got.status != http.StatusOK {
				t.Errorf("GET %s as the NOC = %d, want 200", path, got.status)
			}
		}
	}
	if got := c.fetch(t, "/ledger/ledger.example/nobody/checkpoint", ""); got.status != http.StatusNotFound {
		t.Errorf("a ledger that does not exist = %d for the NOC, want 404", got.status)
	}
}
