// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package store says what the collector keeps and what it may rely on: one
// append-only Merkle ledger per customer, and the small derived tables and work
// queues beside it. It is the contract; package sqlite carries it out, and package
// storetest is the suite that every implementation passes.
//
// Everything under "derived" can be thrown away and rebuilt from the ledger. What
// is neither ledger nor derived is tokens, enrolments, accounts and the intents to notify.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// Errors that callers act on.
var (
	// ErrNotFound says that what was asked for is not there. The page answers 404.
	ErrNotFound = errors.New("not found")
	// ErrNewer says that the data directory was written by a newer version. The
	// collector refuses to start and says which version is needed.
	ErrNewer = errors.New("written by a newer version of vouch")
	// ErrLocked says that another process has the data directory open.
	ErrLocked = errors.New("in use by another process")
	// ErrTaken says that a name is somebody else's already.
	ErrTaken = errors.New("taken")
)

// Kind is the kind of a ledger entry.
type Kind string

const (
	KindBatch    Kind = "batch"
	KindGap      Kind = "gap"
	KindRecord   Kind = "record"
	KindRejected Kind = "rejected" // signed and chained, but unusable: see Entry.Reason
)

// ChainKey names one chain of batches and gaps.
type ChainKey struct {
	Customer vouch.CustomerID
	Key      string // the agent's key, as evidence.KeyID names it: "name+hash"
	Stream   vouch.Stream
}

// Entry is one leaf of a customer's ledger with what the leaf is computed from.
// For a record, Agent, Key, Stream, Epoch, First, Seq and Prev are zero and
// RecordID and RecordKind are set.
type Entry struct {
	Index    int64 // of the leaf, from 0; Append does not look at it
	Customer vouch.CustomerID
	Kind     Kind
	Agent    vouch.AgentID
	Key      string
	Stream   vouch.Stream
	Epoch    uint64
	First    uint64 // first number covered; equal to Seq except for a gap
	Seq      uint64
	Prev     evidence.Hash // hash of the note before; zero for the first of an epoch
	Last     evidence.Hash // for a gap, the hash of the last lost note, to which the next batch chains; else equal to SHA256
	RecordID string
	// RecordKind is the kind of a record ("contract", "maintenance-announced", ...).
	RecordKind string
	SHA256     evidence.Hash // of the whole note
	Reason     string        // why a rejected entry is unusable
	Received   time.Time     // UTC, milliseconds
	From       time.Time     // time range that the note speaks of, UTC, milliseconds
	Through    time.Time
	Leaf       []byte // the canonical leaf record; its RFC 6962 hash goes into the tree
	Note       []byte // the signed note itself
	Erased     bool   // the note was erased, and Note is nil: see Ledger.Erase
}

// AppendStatus says what became of an entry that was handed to Append.
type AppendStatus uint8

// The chain rules are those of [evidence.Chain.Next] and [evidence.Repeat]; each
// status says which of their answers it stands for.
const (
	Stored    AppendStatus = iota + 1 // appended and durable
	Duplicate                         // ErrDuplicate: the same note is in the ledger already; as good as Stored
	Covered                           // ErrCovered: an accepted gap gave this note up; nothing kept, as good as Stored for the sender
	Forked                            // ErrFork: the number is taken by another batch: refused, and kept as evidence of equivocation
	Broken                            // ErrBreak: the number fits but Prev does not name the note before: refused, and kept like a fork
	Ahead                             // ErrAhead: a number is missing before this one: nothing kept, Expect says what is due
	Overlaps                          // ErrOverlap: a gap over numbers that are stored: nothing kept, Expect says what is due
	Ended                             // ErrEnded: a later epoch has begun, and this note is not stored: nothing kept
)

// Appended is the fate of one entry.
type Appended struct {
	Status AppendStatus
	Leaf   int64 // index of the leaf when Stored or Duplicate
	// Expect is the head of the chain after this append: the note that the next
	// one must name. Zero for a record and for a chain that does not exist yet.
	Expect ChainHead
}

// ChainHead is the last accepted note of a chain.
type ChainHead struct {
	ChainKey
	Epoch   uint64
	Seq     uint64
	Hash    evidence.Hash
	Through time.Time // end of the time range that the chain covers
}

// TreeHead is the size and root of a customer's ledger at an instant.
type TreeHead struct {
	Size int64
	Root evidence.Hash
}

// Erased says which notes were erased: Count of them, all of whose leaves lie between
// First and Last, both included. Others that lie there may still have their notes.
type Erased struct {
	First, Last int64 // leaf indexes; of no meaning when Count is 0
	Count       int64
}

// Ledger is the append-only truth.
type Ledger interface {
	// Append adds entries, of one customer or of many, in the order given, and
	// returns one result per entry in the same order. Chain rules are applied and
	// duplicates found in the transaction that appends. On return with a nil error
	// every Stored entry is durable: body, leaf, tree and chain head, all or
	// none. An error means that nothing of this call was appended. Calls may be
	// concurrent; what waits is committed together.
	Append(ctx context.Context, entries []Entry) ([]Appended, error)

	// Entries returns at most n entries of a customer from leaf index from on, in
	// order, with their notes. Past the end it returns none and no error.
	Entries(ctx context.Context, customer vouch.CustomerID, from int64, n int) ([]Entry, error)

	// Leaves is Entries without notes: Note is nil and Erased not set, and no note is
	// read.
	Leaves(ctx context.Context, customer vouch.CustomerID, from int64, n int) ([]Entry, error)

	// Record returns the newest record entry with that ID, or ErrNotFound.
	Record(ctx context.Context, customer vouch.CustomerID, id string) (Entry, error)
	// Records returns the record entries of a customer of the given kinds in
	// ledger order; no kinds means all of them.
	Records(ctx context.Context, customer vouch.CustomerID, kinds ...string) ([]Entry, error)

	// Head returns the tree head of a customer; a customer without entries has size 0.
	Head(ctx context.Context, customer vouch.CustomerID) (TreeHead, error)
	// Customers lists the customers that have entries, in order of their IDs.
	Customers(ctx context.Context) ([]vouch.CustomerID, error)
	// Chains returns the chain heads of a customer ("" for all customers) and a key
	// hash ("" for all keys).
	Chains(ctx context.Context, customer vouch.CustomerID, key string) ([]ChainHead, error)
	// RootAt returns the root of the tree of the first size leaves (RFC 6962 section
	// 2.1), 0 <= size <= the size of the head; beyond it, an error that wraps
	// ErrNotFound, as for all that follow.
	RootAt(ctx context.Context, customer vouch.CustomerID, size int64) (evidence.Hash, error)
	// Frontier returns the hashes of the complete subtrees that the tree of the first
	// size leaves is made of, largest first: one for each bit set in size, none for 0.
	Frontier(ctx context.Context, customer vouch.CustomerID, size int64) ([]evidence.Hash, error)
	// Tile returns the hashes of a tile of the tree as C2SP tlog-tiles cuts it: the
	// first t.Width of them, 1 to 256. t.Entries is false.
	Tile(ctx context.Context, customer vouch.CustomerID, t evidence.Tile) ([]evidence.Hash, error)
	// Prove returns the inclusion proof of a leaf in the tree of the given size
	// (RFC 6962 section 2.1.1), 0 <= leaf < size.
	Prove(ctx context.Context, customer vouch.CustomerID, leaf, size int64) ([]evidence.Hash, error)
	// Consistency returns the proof that the tree of size begins with the tree of the
	// size old (RFC 6962 section 2.1.2), 0 <= old <= size. It is empty for an old of 0,
	// with which every tree begins, and of size.
	Consistency(ctx context.Context, customer vouch.CustomerID, old, size int64) ([]evidence.Hash, error)
	// Pack keeps the notes of entries that were received before an instant in less
	// room, as far as that pays, and returns how many it moved. Nothing else changes for
	// a caller, nothing is lost by breaking it off, and an open store does it by itself
	// for what is some minutes old.
	Pack(ctx context.Context, before time.Time) (int, error)
	// Erase forgets the notes of a stream's entries whose Through lies before an instant
	// in whole milliseconds, Received where Through is zero, but for those from leaf index
	// keepFrom on. Their leaves, hashes and places in the chain stay, and everything
	// rests on those: heads, proofs and duplicates are as before. A record belongs to no
	// stream and is never erased. It returns what this call erased; with an error, what
	// it had erased until then. Calling it again goes on.
	Erase(ctx context.Context, customer vouch.CustomerID, stream vouch.Stream, before time.Time, keepFrom int64) (Erased, error)
	// Erased returns what has been erased of a stream since the ledger began.
	Erased(ctx context.Context, customer vouch.CustomerID, stream vouch.Stream) (Erased, error)
	// Check re-reads every entry of a customer, recomputes hashes and tree, and
	// returns a sentence for each thing that is damaged, with its place. An erased note
	// is no damage.
	Check(ctx context.Context, customer vouch.CustomerID) ([]string, error)
	// Forks counts the refused notes that are kept as evidence of equivocation.
	Forks(ctx context.Context, customer vouch.CustomerID) (int, error)
}

// ChunkKey names one chunk of the outcome table: what one agent found about one
// device, or about its own references, in one UTC hour.
type ChunkKey struct {
	Customer vouch.CustomerID
	Subject  string // device ID, or "@" for the agent's references
	Agent    vouch.AgentID
	Hour     int64 // Unix seconds / 3600
}

// Chunk is encoded outcomes. Chunks of one key are concatenated in the order in
// which they were added; the store does not look inside.
type Chunk struct {
	ChunkKey
	Data []byte
}

// Progress moves a reader's cursor within a customer's ledger.
type Progress struct {
	Reader   string
	Customer vouch.CustomerID
	Next     int64 // index of the first leaf that the reader has not seen
}

// Item is one derived document, for example an incident or the last telemetry of a device.
type Item struct {
	Customer vouch.CustomerID
	Kind     string
	ID       string
	Data     []byte // nil deletes
}

// Derivation is what a ledger reader writes in one transaction: exactly once,
// because the cursor moves with it.
type Derivation struct {
	Progress []Progress
	Chunks   []Chunk
	Items    []Item
	Intents  []Intent // added unless their key exists
}

// Derived is what readers of the ledger make of it.
type Derived interface {
	// Derive applies everything in d or nothing.
	Derive(ctx context.Context, d Derivation) error
	// Next returns a reader's cursor; a reader that never moved is at 0.
	Next(ctx context.Context, reader string, customer vouch.CustomerID) (int64, error)
	// Chunks returns the chunks of a customer and subject, for all agents, whose
	// hour lies in [fromHour, toHour), ordered by agent, then hour.
	Chunks(ctx context.Context, customer vouch.CustomerID, subject string, fromHour, toHour int64) ([]Chunk, error)
	// Item returns one item, or ErrNotFound.
	Item(ctx context.Context, customer vouch.CustomerID, kind, id string) (Item, error)
	// Items returns the items of a kind of a customer ("" for all customers), by
	// customer and ID.
	Items(ctx context.Context, customer vouch.CustomerID, kind string) ([]Item, error)
	// Reset forgets chunks, items and the named readers' cursors, so that they are
	// derived anew. Intents stay: rebuilding sends nothing.
	Reset(ctx context.Context, readers ...string) error
}

// Intent is one message that must be delivered once: one transition of one
// incident over one channel.
type Intent struct {
	Key      string // unique, for example "INC-2026-0007/opened/noc-webhook"
	Customer vouch.CustomerID
	Channel  string
	Payload  []byte
	Created  time.Time
	Attempts int
	NotUntil time.Time // not tried before
	Done     time.Time // zero while undelivered
	Failed   bool      // given up
	LastErr  string
	Unclear  int    // attempts that may have had an effect and had no answer
	Answer   string // what the receiver said when it took the message, or why none was sent
}

// Delivery is what became of the messages over one channel.
type Delivery struct {
	Channel string
	Last    time.Time // when a receiver last took one; zero if none ever did
	Pending int
	Failed  int // given up
}

// Intents is the queue of messages.
type Intents interface {
	// Due returns at most n undelivered intents that may be tried at now, oldest first.
	Due(ctx context.Context, now time.Time, n int) ([]Intent, error)
	// Update stores Attempts, NotUntil, Done, Failed, LastErr, Unclear and Answer of an intent.
	Update(ctx context.Context, i Intent) error
	// Pending counts the intents that are neither done nor failed, and those that failed.
	Pending(ctx context.Context) (pending, failed int, err error)
	// History returns the newest n intents of a customer ("" for all).
	History(ctx context.Context, customer vouch.CustomerID, n int) ([]Intent, error)
	// Delivered sums up each channel that ever had an intent, by name. An intent that
	// was settled without an attempt proves no delivery.
	Delivered(ctx context.Context) ([]Delivery, error)
}

// Token is the right to read over HTTP. The secret itself is never stored.
type Token struct {
	ID       string // shown to people, names the token in logs
	SHA256   evidence.Hash
	Role     string           // "noc" or "customer"
	Customer vouch.CustomerID // set for role customer
	Author   string
	Created  time.Time
	Expires  time.Time // zero: never
}

// Tokens is the list of tokens.
type Tokens interface {
	AddToken(ctx context.Context, t Token) error
	// Token returns the token with that hash, or ErrNotFound.
	Token(ctx context.Context, hash evidence.Hash) (Token, error)
	ListTokens(ctx context.Context) ([]Token, error)
	DeleteToken(ctx context.Context, id string) error
}

// Store is all of it, as one implementation offers it. Users ask for the part
// that they need.
type Store interface {
	Ledger
	Derived
	Intents
	Tokens
	Enrolments
	Accounts
	Close() error
}
