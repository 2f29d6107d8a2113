// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package pythontest_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

const (
	collector = "vouch.example.net"
	customer  = "acme"
	origin    = collector + "/" + customer
)

// party is somebody with a key. Keys are made of a repeated byte, so that what is
// signed stays the same.
type party struct {
	vkey   string
	signer note.Signer
}

func newParty(t testing.TB, name string, seed byte) party {
	t.Helper()
	skey, vkey, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := evidence.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return party{vkey, s}
}

// ledger is the ledger of one customer that a test writes itself, leaf by leaf: as a
// collector does, and also as none should.
type ledger struct {
	t        testing.TB
	own, log party
	leaves   []evidence.Leaf
	notes    [][]byte
	items    map[int]evidence.Link // by leaf
	records  []evidence.Record
	at       []int // leaves of the records
	book     *book.Book
	keys     []string
	nonces   uint64
	count    map[evidence.RecordKind]int
}

func newLedger(t testing.TB) *ledger {
	return &ledger{
		t: t, own: newParty(t, collector, 0x22), log: newParty(t, origin, 0x22), items: map[int]evidence.Link{}, book: book.New(),
		count: map[evidence.RecordKind]int{},
	}
}

func (l *ledger) nonce() (n evidence.Nonce) {
	l.nonces++
	binary.BigEndian.PutUint64(n[8:], l.nonces)
	return n
}

func (l *ledger) add(leaf evidence.Leaf, raw []byte) {
	l.leaves, l.notes = append(l.leaves, leaf), append(l.notes, raw)
}

// record writes a record. The body may be a function of its id.
func (l *ledger) record(kind evidence.RecordKind, at time.Time, body any) evidence.Record {
	l.t.Helper()
	l.count[kind]++
	id := fmt.Sprintf("%s-%d", kind, l.count[kind])
	if f, ok := body.(func(id string) any); ok {
		body = f(id)
	}
	raw, err := evidence.MarshalCanonical(body)
	if err != nil {
		l.t.Fatal(err)
	}
	rec, err := evidence.SealRecord(evidence.RecordHeader{Customer: customer, Kind: kind, ID: id, Recorded: at, Effective: at, Author: "uid:1000", Nonce: l.nonce()}, raw, l.own.signer)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := l.book.Take(rec); err != nil {
		l.t.Fatal(err)
	}
	l.records, l.at = append(l.records, rec), append(l.at, len(l.leaves))
	l.add(rec.Leaf(at), rec.Raw)
	return rec
}

// speaker is an agent with its chain of availability.
type speaker struct {
	party
	l     *ledger
	id    evidence.Identity
	chain evidence.Chain
	clock evidence.Clock

	phones bool // it asks over SIP as well
}

func (l *ledger) speaker(agent vouch.AgentID, at vouch.LocationID, seed byte) *speaker {
	s := &speaker{
		party: newParty(l.t, string(agent), seed), l: l, id: evidence.Identity{Agent: agent, Location: at, Customer: customer},
		clock: evidence.Clock{Known: true, Offset: -120 * time.Microsecond, Bound: 4500 * time.Microsecond, Source: "collector"},
	}
	l.keys = append(l.keys, s.vkey)
	return s
}

// next returns what the header of the next item says of its place.
func (s *speaker) next(from time.Time, begin string) (h evidence.BatchHeader) {
	h = evidence.BatchHeader{Identity: s.id, Stream: vouch.Availability, Epoch: s.chain.Epoch, Seq: s.chain.Seq + 1, Prev: s.chain.Hash,
		Nonce: s.l.nonce(), Boot: "5f0c6c1e-boot", Clock: s.clock}
	if begin != "" {
		h.Epoch, h.Seq, h.Prev, h.Begins = uint64(from.UnixMilli()), 1, evidence.Hash{}, begin
	}
	return h
}

// batch seals a batch that is received two seconds after its end. begin says why an
// epoch begins with it, reject why it is rejected.
func (s *speaker) batch(from, through time.Time, begin, reject string, samples ...vouch.Sample) {
	s.l.t.Helper()
	h := s.next(from, begin)
	h.From, h.Through, h.Sealed = from, through, through.Add(20*time.Millisecond)
	var lines []byte
	var e evidence.Encoder
	for _, x := range samples {
		var err error
		if lines, err = e.AppendSample(lines, x, vouch.Availability); err != nil {
			s.l.t.Fatal(err)
		}
	}
	b, err := evidence.SealBatch(h, lines, s.signer)
	if err != nil {
		s.l.t.Fatal(err)
	}
	s.take(b, b.Raw, reject)
}

// gap says that the next items were lost.
func (s *speaker) gap(from, through time.Time, lost uint64, reason string) {
	s.l.t.Helper()
	h := s.next(from, "")
	last := sha256.Sum256([]byte(reason))
	g, err := evidence.SealGap(evidence.GapHeader{Identity: h.Identity, Stream: h.Stream, Epoch: h.Epoch, First: h.Seq, Seq: h.Seq + lost - 1, Prev: h.Prev,
		Last: last, Nonce: h.Nonce, Boot: h.Boot, From: from, Through: through, Reason: reason, Sealed: through.Add(time.Second)}, s.signer)
	if err != nil {
		s.l.t.Fatal(err)
	}
	s.take(g, g.Raw, "")
}

func (s *speaker) take(i evidence.Item, raw []byte, reject string) {
	s.l.t.Helper()
	var err error
	if s.chain, err = s.chain.Next(i.Link()); err != nil {
		s.l.t.Fatal(err)
	}
	s.l.items[len(s.l.leaves)] = i.Link()
	s.l.add(i.Link().Leaf(i.Link().Through.Add(2*time.Second), reject), raw)
}

// tree returns what the first leaves hash to.
func (l *ledger) tree(size int) (*stored, evidence.Hash) {
	l.t.Helper()
	s := &stored{}
	for n := range size {
		hashes, err := tlog.StoredHashes(int64(n), l.leaves[n].Append(nil), s)
		if err != nil {
			l.t.Fatal(err)
		}
		s.hashes = append(s.hashes, hashes...)
	}
	root, err := tlog.TreeHash(int64(size), s)
	if err != nil {
		l.t.Fatal(err)
	}
	return s, evidence.Hash(root)
}

// stored is the hashes of a tree in the order of [tlog.StoredHashIndex].
type stored struct{ hashes []tlog.Hash }

func (s *stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = s.hashes[at]
	}
	return out, nil
}

// edges returns the complete subtrees of the first leaves, largest first.
func (s *stored) edges(size int) []evidence.Hash {
	var out []evidence.Hash
	for at := 0; at < size; {
		level := bits.Len(uint(size-at)) - 1
		h := s.hashes[tlog.StoredHashIndex(level, int64(at>>level))]
		out, at = append(out, evidence.Hash(h)), at+1<<level
	}
	return out
}

// issued is a statement that was issued, and the leaves that its bundle begins with.
type issued struct {
	book.IssueBody
	manifest bundle.Manifest
	first    int
}

// draft returns what the first version of a statement over what the ledger holds by now
// would be issued with; its bundle carries the leaves from first on.
func (l *ledger) draft(period contract.Span, asOf time.Time, first int) issued {
	l.t.Helper()
	_, root := l.tree(len(l.leaves))
	return issued{first: first, manifest: l.manifest(period, asOf, root, first), IssueBody: book.IssueBody{
		Number: "ST-0001", Version: 1, From: period.From.Time(), To: period.To.Time(), AsOf: asOf, State: "issued", Origin: origin,
		Size: int64(len(l.leaves)), Root: root.String(), Customer: "Acme", Provider: "Kade",
	}}
}

// seal issues a statement that says what it is told.
func (l *ledger) seal(i *issued, json []byte) {
	l.t.Helper()
	i.Manifest = i.manifest.Sum()
	pack(&i.IssueBody, json)
	l.record(evidence.KindStatementIssued, i.AsOf, i.IssueBody)
}

// issue issues a statement as whoever verifies its bundle computes it: first one that
// says nothing, in a copy of the ledger.
func (l *ledger) issue(i issued) issued {
	l.t.Helper()
	trial := *l
	trial.count, trial.book = map[evidence.RecordKind]int{}, book.New()
	draft := i
	trial.seal(&draft, []byte(`{"figures":"not computed yet"}`))
	raw := trial.bundle(draft, nil)
	rep, err := bundle.Verify(bytes.NewReader(raw), int64(len(raw)), bundle.Options{})
	if err != nil {
		l.t.Fatal(err)
	}
	if rep.Computed == nil {
		l.t.Fatalf("the statement was not computed: %+v", rep.Disproved)
	}
	l.seal(&i, rep.Computed.JSON())
	return i
}

// pack is [book.IssueBody.Pack] in a form that no other compressor spells otherwise.
func pack(i *book.IssueBody, json []byte) {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.NoCompression) // the level exists
	_, _ = w.Write(json)                                // a buffer takes everything
	_ = w.Close()
	i.Statement, i.JSON = fmt.Sprintf("%x", sha256.Sum256(json)), base64.StdEncoding.EncodeToString(b.Bytes())
}

func (l *ledger) manifest(period contract.Span, asOf time.Time, root evidence.Hash, first int) bundle.Manifest {
	m := bundle.Manifest{Origin: origin, Size: int64(len(l.leaves)), Root: root, Period: period, Reach: bundle.Reach(l.book, period, contract.Floor(asOf)), Records: int64(len(l.records))}
	sum := sha256.New()
	for _, r := range l.records {
		sum.Write(r.Hash[:])
	}
	m.RecordHash = evidence.Hash(sum.Sum(nil))
	s := bundle.NewSelection(m.Reach)
	for _, see := range []func(bundle.Item){s.See, s.Name} {
		for n := first; n < len(l.leaves); n++ {
			if k, ok := l.items[n]; ok {
				see(bundle.Item{Agent: k.Agent, Key: k.KeyHash, Epoch: k.Epoch, First: k.First, Hash: k.Hash, From: k.From, Through: k.Through})
			}
		}
	}
	m.Chains = s.Chains()
	return m
}

// bundle writes the bundle of what was issued last. change may make another one of it.
func (l *ledger) bundle(i issued, change func(*bundle.Evidence)) []byte {
	l.t.Helper()
	tree, root := l.tree(len(l.leaves))
	checkpoint, err := evidence.SealCheckpoint(evidence.Checkpoint{Origin: origin, Size: int64(len(l.leaves)), Root: root}, l.log.signer)
	if err != nil {
		l.t.Fatal(err)
	}
	e := bundle.Evidence{
		Keys: append([]string{l.own.vkey}, l.keys...), Manifest: i.manifest.Text(), Checkpoint: checkpoint, First: int64(i.first), Frontier: tree.edges(i.first),
		Records: func(yield func([]byte) error) error {
			for _, r := range l.records {
				if err := yield(r.Raw); err != nil {
					return err
				}
			}
			return nil
		},
		Leaves: func(yield func([]byte) error) error {
			for _, x := range l.leaves[i.first:] {
				if err := yield(x.Append(nil)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	if e.JSON, err = i.Unpack(); err != nil {
		l.t.Fatal(err)
	}
	e.Statement, _ = i.Open() // of what is not computed yet there is nothing to render
	for n, at := range l.at {
		if at >= i.first {
			break
		}
		path, err := tlog.ProveRecord(int64(len(l.leaves)), int64(at), tree)
		if err != nil {
			l.t.Fatal(err)
		}
		p := bundle.RecordProof{Index: int64(at), Leaf: l.records[n].Leaf(l.leaves[at].Received).Append(nil)}
		for _, h := range path {
			p.Path = append(p.Path, evidence.Hash(h))
		}
		e.Proofs = append(e.Proofs, p)
	}
	e.Days = l.days(i)
	if change != nil {
		change(&e)
	}
	var out bytes.Buffer
	if err := bundle.Write(&out, e); err != nil {
		l.t.Fatal(err)
	}
	return out.Bytes()
}

// days returns the items that the manifest names.
func (l *ledger) days(i issued) []bundle.Day {
	byDay := map[time.Time][]int{}
	for n := i.first; n < int(i.Size); n++ {
		k, ok := l.items[n]
		if ok && slices.ContainsFunc(i.manifest.Chains, func(c bundle.ChainRange) bool {
			return c.Agent == k.Agent && c.Key == k.KeyHash && c.Epoch == k.Epoch && c.First <= k.First && k.First <= c.Last
		}) {
			day := k.From.Truncate(24 * time.Hour)
			byDay[day] = append(byDay[day], n)
		}
	}
	var out []bundle.Day
	for day, leaves := range byDay {
		out = append(out, bundle.Day{Day: day, Notes: l.each(leaves...)})
	}
	slices.SortFunc(out, func(a, b bundle.Day) int { return a.Day.Compare(b.Day) })
	return out
}

// each yields the notes of leaves.
func (l *ledger) each(leaves ...int) bundle.Each {
	return func(yield func([]byte) error) error {
		for _, n := range leaves {
			if err := yield(l.notes[n]); err != nil {
				return err
			}
		}
		return nil
	}
}
