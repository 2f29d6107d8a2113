// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// The document, and the files beside it that hold its examples byte for byte.
const (
	docPath    = "../docs/evidence-format.md"
	vectorPath = "../docs/vectors/"
)

var update = flag.Bool("update", false, "write the examples into docs/evidence-format.md and docs/vectors")

// block matches a fenced example: its name, then its text.
var block = regexp.MustCompile("(?ms)^```text ([a-z0-9-]+)\n(.*?)^```$")

// docBlocks returns the examples of the document by name.
func docBlocks(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile(docPath)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, m := range block.FindAllStringSubmatch(string(b), -1) {
		if !strings.HasPrefix(m[1], "bundle-") { // evidence/bundle checks those
			out[m[1]] = m[2]
		}
	}
	return out
}

// examples makes the examples of the document.
func examples(t *testing.T) map[string]string {
	agent, collector := newParty(t, "ams1-a", 0x11), newParty(t, "vouch.example.net", 0x22)
	ledger := newParty(t, "vouch.example.net/acme", 0x22)
	out := map[string]string{
		"keys": agent.skey + "\n" + agent.vkey + "\n" + collector.skey + "\n" + collector.vkey + "\n" + ledger.vkey + "\n",
	}

	down := checkSample()
	down.Start, down.Check, down.Kind = down.Start.Add(time.Second), "snmp", vouch.KindSNMP
	down.Outcome, down.Reason, down.Lost, down.RTT = vouch.Down, vouch.ReasonTimeout, 3, vouch.RTT{}
	gateway := referenceSample()
	gateway.Outcome, gateway.Reason, gateway.Lost, gateway.RTT = vouch.Up, "", 0, checkSample().RTT
	gateway.Reference = "core switch, 100%"
	lines := appendSample(t, nil, checkSample(), vouch.Availability)
	lines = appendSample(t, lines, down, vouch.Availability)
	lines = appendSample(t, lines, gateway, vouch.Availability)
	first := sealBatch(t, agent, firstHeader(), lines)

	g := gapHeader()
	g.Stream, g.First, g.Seq, g.Prev = vouch.Availability, 2, 4, first.Hash
	g.From, g.Through, g.Sealed = first.Through, first.Through.Add(3*time.Minute), first.Through.Add(4*time.Minute)
	gap, err := evidence.SealGap(g, agent.signer)
	if err != nil {
		t.Fatal(err)
	}
	h := firstHeader()
	h.Seq, h.Prev, h.Begins, h.Dropped, h.Clock = 5, gap.Last, "", 12, evidence.Clock{}
	h.From, h.Through, h.Sealed = gap.Through, gap.Through.Add(time.Minute), gap.Through.Add(time.Minute)
	fifth := sealBatch(t, agent, h, nil)

	port := checkSample()
	port.Points = []vouch.Point{{Measurement: "interface", Tags: []vouch.Tag{{Key: "ifAlias", Value: `uplink "A", \\core\`}, {Key: "ifName", Value: ""}},
		Fields: []vouch.Field{{Name: "ifHCInOctets", Value: vouch.Uint(1<<64 - 1)}, {Name: "ifOperStatus", Value: vouch.Int(1)}, {Name: "descr", Value: vouch.Text("line 1\nline 2")}}}}
	th := firstHeader()
	th.Stream = vouch.Telemetry
	telemetry := sealBatch(t, agent, th, appendSample(t, nil, port, vouch.Telemetry))

	hb, err := evidence.SealHeartbeat(evidence.HeartbeatHeader{
		Identity: identity(), Boot: h.Boot, At: fifth.Through.Add(10 * time.Second),
		Heads: []evidence.Head{{Stream: vouch.Availability, Epoch: fifth.Epoch, Seq: fifth.Seq, Hash: fifth.Hash, Through: fifth.Through}},
	}, appendSample(t, nil, down, vouch.Availability), agent.signer)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := evidence.SealRecord(recordHeader(), []byte(`{"devices":["router-1"],"minutes":120}`), collector.signer)
	if err != nil {
		t.Fatal(err)
	}
	customer := newParty(t, "acme", 0x33)
	accepted, err := evidence.SealAcceptance(evidence.AcceptanceHeader{
		Origin: "vouch.example.net/acme", Record: rec.ID, Note: rec.Hash, At: rec.Recorded.Add(33 * time.Hour),
	}, customer.signer)
	if err != nil {
		t.Fatal(err)
	}
	out["acceptance-keys"], out["acceptance"] = customer.skey+"\n"+customer.vkey+"\n", string(accepted.Raw)
	out["batch-1"], out["gap-2-4"], out["batch-5"], out["batch-telemetry"] = string(first.Raw), string(gap.Raw), string(fifth.Raw), string(telemetry.Raw)
	out["heartbeat"], out["record"] = string(hb.Raw), string(rec.Raw)

	leaves := []evidence.Leaf{
		first.Link().Leaf(first.Sealed.Add(150*time.Millisecond), ""),
		gap.Link().Leaf(gap.Sealed.Add(150*time.Millisecond), ""),
		fifth.Link().Leaf(gap.Sealed.Add(150*time.Millisecond), "it names location ams1, the agent stands at fra1"),
		rec.Leaf(rec.Recorded),
	}
	var hashes []evidence.Hash
	for i, name := range []string{"leaf-0", "leaf-1", "leaf-2", "leaf-3"} {
		out[name] = string(leaves[i].Append(nil))
		hashes = append(hashes, leaves[i].Hash())
	}
	out["leaf-hashes"] = lineEach(hashes...)
	out["note-hashes"] = lineEach(first.Hash, gap.Hash, fifth.Hash, rec.Hash)
	checkpoint, err := evidence.SealCheckpoint(evidence.Checkpoint{Origin: "vouch.example.net/acme", Size: 4, Root: root(hashes)}, ledger.signer)
	if err != nil {
		t.Fatal(err)
	}
	out["checkpoint"] = string(checkpoint)
	skey, vkey, err := evidence.GenerateCosignerKey(bytes.NewReader(bytes.Repeat([]byte{0x33}, 32)), "witness.example.org")
	if err != nil {
		t.Fatal(err)
	}
	witness, watching, _ := cosigner(t, "witness.example.org", 0x33)
	line, err := note.Sign(&note.Note{Text: strings.Join(strings.SplitAfter(string(checkpoint), "\n")[:3], "")}, witness.At(t0.Add(8*time.Minute)))
	if err != nil {
		t.Fatal(err)
	}
	cosigned, err := evidence.AddCosignature(checkpoint, line[bytes.Index(line, []byte("\n\n"))+2:], watching)
	if err != nil {
		t.Fatal(err)
	}
	out["witness-keys"], out["checkpoint-cosigned"] = skey+"\n"+vkey+"\n", string(cosigned)
	node := evidence.Hash(tlog.NodeHash(tlog.Hash(hashes[0]), tlog.Hash(hashes[1])))
	out["proof"] = string(evidence.InclusionProof{Index: 2, Hashes: []evidence.Hash{hashes[3], node}, Checkpoint: cosigned}.Append(nil))
	out["frame"] = hex.EncodeToString([]byte("\x00\x00\x00\x02a\n\x00\x00\x00\x05note\n")) + "\n" // internal/wire tests its meaning
	return out
}

func lineEach(hashes ...evidence.Hash) string {
	var b strings.Builder
	for _, h := range hashes {
		b.WriteString(h.String() + "\n")
	}
	return b.String()
}

// root is the RFC 6962 root of four leaves.
func root(h []evidence.Hash) evidence.Hash {
	node := func(a, b evidence.Hash) evidence.Hash {
		return evidence.Hash(tlog.NodeHash(tlog.Hash(a), tlog.Hash(b)))
	}
	return node(node(h[0], h[1]), node(h[2], h[3]))
}

// The examples of the document are what the code makes.
func TestDocExamples(t *testing.T) {
	want := examples(t)
	if *update {
		b, err := os.ReadFile(docPath)
		if err != nil {
			t.Fatal(err)
		}
		b = block.ReplaceAllFunc(b, func(m []byte) []byte {
			name := string(block.FindSubmatch(m)[1])
			if strings.HasPrefix(name, "bundle-") {
				return m
			}
			return []byte("```text " + name + "\n" + want[name] + "```")
		})
		if err := os.WriteFile(docPath, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := docBlocks(t)
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s: example %q is\n%s\nwant\n%s", docPath, name, got[name], text)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: example %q is not checked", docPath, name)
		}
	}
}

// vectors are the examples of the document, and what is too long for it: a tile and the
// entries of the ledger of four leaves, in hexadecimal, and a proof that it grew.
func vectors(t *testing.T) map[string]string {
	t.Helper()
	out := examples(t)
	var hashes []evidence.Hash
	var tile, entries []byte
	for _, name := range []string{"leaf-0", "leaf-1", "leaf-2", "leaf-3"} {
		text := []byte(out[name])
		h := evidence.Hash(tlog.RecordHash(text))
		hashes = append(hashes, h)
		tile = append(tile, h[:]...)
		entries = append(binary.BigEndian.AppendUint16(entries, uint16(len(text))), text...)
	}
	out["tile-0-000.p-4"], out["tile-entries-000.p-4"] = hex.EncodeToString(tile)+"\n", hex.EncodeToString(entries)+"\n"
	right := evidence.Hash(tlog.NodeHash(tlog.Hash(hashes[2]), tlog.Hash(hashes[3])))
	out["consistency"] = string(evidence.Growth{Old: 2, Hashes: []evidence.Hash{right}, Checkpoint: []byte(out["checkpoint"])}.Append(nil))
	return out
}

// The files in docs/vectors are what the code makes.
func TestVectors(t *testing.T) {
	made := vectors(t)
	for name, want := range made {
		path := vectorPath + name + ".txt"
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v, want %q", path, got, err, want)
		}
	}
	there, err := filepath.Glob(vectorPath + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range there {
		name, text := strings.CutSuffix(filepath.Base(path), ".txt")
		if _, ok := made[name]; (!ok || !text) && !strings.HasPrefix(name, "bundle") { // evidence/bundle makes those
			t.Errorf("%s is made by nobody", path)
		}
	}
	g, err := evidence.ParseGrowth([]byte(made["consistency"]))
	if err != nil {
		t.Fatal(err)
	}
	leaf := func(name string) tlog.Hash { return tlog.RecordHash([]byte(made[name])) }
	was := evidence.Checkpoint{Origin: "vouch.example.net/acme", Size: g.Old, Root: evidence.Hash(tlog.NodeHash(leaf("leaf-0"), leaf("leaf-1")))}
	is, err := evidence.OpenCheckpoint(g.Checkpoint, was.Origin, newParty(t, was.Origin, 0x22).known)
	if err != nil {
		t.Fatal(err)
	}
	if err := is.Extends(was, g.Hashes); err != nil {
		t.Error(err)
	}
}

// The examples of the document verify with the public keys that it prints, chain, and
// lead to the root in the checkpoint.
func TestDocExamplesVerify(t *testing.T) {
	doc := docBlocks(t)
	keys := strings.Split(strings.TrimSpace(doc["keys"]), "\n")
	if len(keys) != 5 {
		t.Fatalf("%s prints %d keys, want 5", docPath, len(keys))
	}
	var known []note.Verifier
	for _, k := range []string{keys[1], keys[3], keys[4]} {
		v, err := evidence.NewVerifier(k)
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, v)
	}
	verifiers := note.VerifierList(known...)

	var chain evidence.Chain
	var noteHashes []evidence.Hash
	for _, name := range []string{"batch-1", "gap-2-4", "batch-5"} {
		item, err := evidence.OpenNote([]byte(doc[name]), verifiers)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := chain.Follows(item.Link()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if chain, err = chain.Next(item.Link()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		noteHashes = append(noteHashes, item.Link().Hash)
	}
	for _, name := range []string{"batch-1", "batch-5", "batch-telemetry"} {
		b, err := evidence.OpenBatch([]byte(doc[name]), verifiers)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := evidence.CheckLines(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	hb, err := evidence.OpenHeartbeat([]byte(doc["heartbeat"]), verifiers)
	if err != nil {
		t.Fatal(err)
	}
	if err := evidence.CheckHeartbeat(hb); err != nil {
		t.Error(err)
	}
	rec, err := evidence.OpenRecord([]byte(doc["record"]), verifiers)
	if err != nil {
		t.Fatal(err)
	}
	customer, err := evidence.NewVerifier(strings.Split(doc["acceptance-keys"], "\n")[1])
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := evidence.OpenAcceptance([]byte(doc["acceptance"]), note.VerifierList(customer))
	if err != nil || accepted.Note != rec.Hash || accepted.Record != rec.ID {
		t.Errorf("acceptance %+v, %v, want one of record %s with note %s", accepted, err, rec.ID, rec.Hash)
	}
	if got := lineEach(append(noteHashes, rec.Hash)...); got != doc["note-hashes"] {
		t.Errorf("hashes of the notes:\n%swant\n%s", got, doc["note-hashes"])
	}
	var leafHashes []evidence.Hash
	for i, name := range []string{"leaf-0", "leaf-1", "leaf-2", "leaf-3"} {
		l, err := evidence.ParseLeaf([]byte(doc[name]))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := append(noteHashes, rec.Hash)[i]; l.Note != want {
			t.Errorf("%s names note %s, want %s", name, l.Note, want)
		}
		leafHashes = append(leafHashes, l.Hash())
	}
	cp, err := evidence.OpenCheckpoint([]byte(doc["checkpoint"]), "vouch.example.net/acme", verifiers)
	if err != nil || cp.Size != 4 || cp.Root != root(leafHashes) {
		t.Errorf("checkpoint %+v, %v, want 4 leaves with root %s", cp, err, root(leafHashes))
	}
	watching, err := evidence.NewCosignerVerifier(strings.Split(doc["witness-keys"], "\n")[1])
	if err != nil {
		t.Fatal(err)
	}
	if _, at, err := evidence.OpenCosigned([]byte(doc["checkpoint-cosigned"]), "vouch.example.net/acme", watching); err != nil || !at.Equal(t0.Add(8*time.Minute)) {
		t.Errorf("checkpoint-cosigned: cosigned at %v, %v, want %v", at, err, t0.Add(8*time.Minute))
	}
	proof, err := evidence.ParseInclusionProof([]byte(doc["proof"]))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := proof.Open(leafHashes[2], "vouch.example.net/acme", verifiers); err != nil || got != cp {
		t.Errorf("proof of leaf 2 = %+v, %v, want checkpoint %+v", got, err, cp)
	}
}
