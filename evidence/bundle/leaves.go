// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// leafInfo is what is remembered of a leaf whose note is carried, or may be: of
// availability, and of telemetry where there is any. There are very many.
type leafInfo struct {
	note     evidence.Hash
	index    int64
	seq      uint64
	received int64 // Unix milliseconds
	chain    *chainSeen
	kind     itemKind
	seen     bool // its note was read
}

type itemKind uint8

const (
	itemBatch itemKind = iota
	itemGap
	itemRejected
)

func (k itemKind) String() string { return [...]string{"batch", "gap", "rejected item"}[k] }

// recordLeaf is the leaf of a record.
type recordLeaf struct {
	index    int64
	id       string
	key      uint32
	received time.Time
	// latest is when the ledger had taken in something before it, at the latest.
	latest time.Time
	seen   bool // the record is carried
}

// leafList finds leaves by the hash of their note.
type leafList struct {
	items   []leafInfo
	at      map[evidence.Hash]int32 // index in items
	records map[evidence.Hash]*recordLeaf
	latest  time.Time // when anything was received, at the latest
	first   time.Time // when the first leaf that is carried was received
}

// of returns the leaf of an item, or nil.
func (l *leafList) of(note evidence.Hash) *leafInfo {
	if i, ok := l.at[note]; ok {
		return &l.items[i]
	}
	return nil
}

// chainSeen is what is known of one epoch of one chain of availability, or of telemetry.
type chainSeen struct {
	chainID
	stream vouch.Stream
	leaves []int32     // before the statement's checkpoint, in the order of the ledger
	links  []chainLink // of the items that are carried
}

func (c *chainSeen) String() string { return fmt.Sprintf("agent %s, epoch %d", c.agent, c.epoch) }

// readLeaves grows the tree from the leaves that are carried, notes its root wherever
// one is wanted, and ends at the checkpoint's.
func (v *verifier) readLeaves() bool {
	if err := v.frontier(); err != nil {
		v.rep.wrong(TopicLedger, FileFrontier, "%v", err)
		return false
	}
	v.first = v.tree.size
	f, err := v.open(FileLeaves)
	if err != nil {
		v.rep.wrong(TopicFile, FileLeaves, "%v", err)
		return false
	}
	defer func() { _ = f.Close() }()
	r := newBlocks(f, maxLeafText)
	v.wanted()
	for {
		text, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case err != nil:
		case v.tree.size == v.check.Size:
			err = fmt.Errorf("there are more leaves than the %d of the checkpoint", v.check.Size)
		case r.n > maxLeaves:
			err = fmt.Errorf("there are more than %d leaves", maxLeaves)
		default:
			err = v.leaf(text)
		}
		if err != nil {
			v.rep.wrong(TopicLedger, fmt.Sprintf("%s, leaf %d", FileLeaves, v.tree.size), "%v", err)
			return false
		}
		v.wanted()
		if r.n%10_000 == 0 {
			v.opts.Progress("leaves", r.n)
		}
	}
	v.rep.Counts.Leaves = v.tree.size - v.first
	if v.tree.size != v.check.Size || v.tree.root() != v.check.Root {
		v.rep.wrong(TopicLedger, FileLeaves, "the %d leaves do not make the root of the checkpoint, which has %d: one was changed, left out, added or moved", v.tree.size, v.check.Size)
		return false
	}
	if got := v.rootAt[v.issue.Size]; v.issue.Root != got.String() {
		v.rep.wrong(TopicLedger, FileRecords, "record %s names the root %s for %d leaves; they make %s", v.issue.Record, v.issue.Root, v.issue.Size, got)
		return false
	}
	v.rep.proven(TopicLedger, FileLeaves, "%d leaves make the root that the checkpoint of %d leaves is signed for", v.rep.Counts.Leaves, v.check.Size)
	return true
}

// wanted notes the root of the tree as it stands, if somebody asked for it.
func (v *verifier) wanted() {
	if _, ok := v.rootAt[v.tree.size]; ok {
		v.rootAt[v.tree.size] = v.tree.root()
	}
}

// frontier reads where the leaves that are carried begin, and the complete subtrees of
// those before.
func (v *verifier) frontier() error {
	raw, err := v.text(FileFrontier)
	if err != nil {
		return err
	}
	number, rest, ended := strings.Cut(string(raw), "\n")
	first, err := strconv.ParseInt(number, 10, 64)
	if err != nil || first < 0 || strconv.FormatInt(first, 10) != number || !ended {
		return fmt.Errorf("it does not begin with the number of a leaf, or does not end in a newline")
	}
	edges, err := parseHashes(rest)
	if err != nil {
		return err
	}
	v.tree, err = newTree(first, edges)
	return err
}

// clockSlack is how far the order of the ledger and what it says of its times may part:
// a request that waits for its turn was received before it stands in the ledger.
const clockSlack = 5 * time.Minute

// leaf takes in one leaf.
func (v *verifier) leaf(text []byte) error {
	l, err := evidence.ParseLeaf(text)
	if err != nil {
		return err
	}
	if l.Customer != v.name {
		return fmt.Errorf("it is of customer %s's ledger", l.Customer)
	}
	index := v.tree.size
	v.tree.add(evidence.Hash(tlog.RecordHash(text)))
	latest := v.leaves.latest
	if index == v.first {
		v.leaves.first, latest = l.Received, l.Received
	}
	if latest.Sub(l.Received) > clockSlack {
		v.rep.open(TopicTime, fmt.Sprintf("leaf %d", index), "it says that it was received at %s, after one that was received at %s: the provider's clock was set back, or the leaf was dated back", utc(l.Received), utc(latest))
	} else if l.Received.After(latest) {
		v.leaves.latest = l.Received
	}
	v.lateLeaf(index, l)
	if l.Kind == evidence.LeafRecord {
		if was := v.leaves.records[l.Note]; was != nil {
			return fmt.Errorf("its note is that of leaf %d too", was.index)
		}
		v.leaves.records[l.Note] = &recordLeaf{index: index, id: l.Record, key: l.KeyHash, received: l.Received, latest: v.leaves.latest}
		return nil
	}
	if l.Stream != vouch.Availability && !v.telemetry {
		return nil
	}
	return v.item(l, index)
}

// item remembers the leaf of a batch or a gap.
func (v *verifier) item(l evidence.Leaf, index int64) error {
	if was := v.leaves.of(l.Note); was != nil {
		return fmt.Errorf("its note is that of leaf %d too", was.index)
	}
	if len(v.leaves.items) == maxItems {
		return fmt.Errorf("there are more than %d batches: ask for statements of shorter periods", maxItems)
	}
	id := chainID{l.Agent, l.KeyHash, l.Epoch}
	chains := v.chains
	if l.Stream != vouch.Availability {
		chains = v.telemetryChains
	}
	c := chains[id]
	if c == nil {
		c = &chainSeen{chainID: id, stream: l.Stream}
		chains[id] = c
	}
	info := leafInfo{note: l.Note, index: index, seq: l.Seq, received: l.Received.UnixMilli(), chain: c}
	switch l.Kind {
	case evidence.LeafGap:
		info.kind = itemGap
	case evidence.LeafRejected:
		info.kind = itemRejected
	}
	n := int32(len(v.leaves.items))
	if l.Kind == evidence.LeafRejected && len(v.reasons) < maxReasons {
		v.reasons[n] = l.Reason
	}
	v.leaves.items = append(v.leaves.items, info)
	v.leaves.at[l.Note] = n
	if index < v.issue.Size {
		v.follow(c, info)
		c.leaves = append(c.leaves, n)
	}
	return nil
}

// maxReasons bounds the reasons of rejected leaves that are remembered.
const maxReasons = 10_000

// follow looks whether a leaf stands where its number belongs: the numbers of an epoch
// rise, and an epoch ends when a later one begins.
func (v *verifier) follow(c *chainSeen, l leafInfo) {
	wrong := func(t Topic, format string, args ...any) {
		v.rep.wrong(t, fmt.Sprintf("%v, leaf %d", c, l.index), format, args...)
	}
	if n := len(c.leaves); n > 0 {
		if before := v.leaves.items[c.leaves[n-1]].seq; l.seq <= before {
			wrong(TopicChain, "number %d stands after number %d: a number is taken once, and numbers rise", l.seq, before)
		}
	} else if v.first == 0 && l.seq != 1 {
		wrong(TopicComplete, "the first number of the epoch in the ledger is %d: what was before it is left out", l.seq)
	}
	k := chainKey{c.agent, c.key, c.stream}
	if c.epoch < v.epochs[k] {
		wrong(TopicChain, "it is of epoch %d, which ended when epoch %d began", c.epoch, v.epochs[k])
	}
	v.epochs[k] = max(v.epochs[k], c.epoch)
}

// chainKey is a chain, of all its epochs.
type chainKey struct {
	agent  vouch.AgentID
	key    uint32
	stream vouch.Stream
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
