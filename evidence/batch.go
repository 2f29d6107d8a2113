// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
)

const batchFormat = "vouch/batch v1"

// Reasons for which an epoch begins. Others may come; a reader prints what it finds.
const (
	BeginsFirstStart   = "first start"        // the agent never spoke in this chain with this key
	BeginsHeadLost     = "head lost"          // the agent no longer knows where its chain stood
	BeginsChainRefused = "chain refused"      // the collector does not know the item before
	BeginsClockStepped = "clock stepped back" // the next range of time would overlap the last
)

// BatchHeader is what a batch says of itself. Times are UTC, truncated to 1 ms.
type BatchHeader struct {
	Identity
	Stream  vouch.Stream
	Epoch   uint64 // Unix milliseconds when the epoch began: epochs of one chain only grow
	Seq     uint64 // number within the epoch, from 1
	Prev    Hash   // of the note before it; zero exactly when Seq is 1
	Begins  string // why the epoch began; set exactly when Seq is 1
	Nonce   Nonce
	Boot    string // identifier of the host's boot
	From    time.Time
	Through time.Time // all my checks begun in [From, Through) are here
	Sealed  time.Time
	Clock   Clock
	Dropped uint64 // samples dropped before sealing since the batch before
	Count   int    // lines; [SealBatch] counts them
}

// Batch is the samples of one stream that one agent has for one customer since the
// batch before.
type Batch struct {
	BatchHeader
	Lines   []byte // line protocol, each line ended by a newline; part of Raw
	Raw     []byte // the signed note, as sent and stored
	Hash    Hash   // of Raw
	KeyHash uint32 // of the key that signed; its name is the agent
}

// SealBatch signs a batch. The name of the key must be the agent. What it returns
// is what [OpenBatch] would return.
func SealBatch(h BatchHeader, lines []byte, signer note.Signer) (Batch, error) {
	n, err := countLines(lines)
	if err != nil {
		return Batch{}, fmt.Errorf("seal batch: %v", err)
	}
	h.Count = n
	text := h.append(make([]byte, 0, headerRoom+len(lines)+signatureRoom))
	text = append(text, '\n')
	text = append(text, lines...)
	raw, err := sign(text, signer)
	if err != nil {
		return Batch{}, fmt.Errorf("seal batch: %v", err)
	}
	b, err := parseBatch(raw, raw[:len(text)], signer.Name(), signer.KeyHash())
	if err != nil {
		return Batch{}, fmt.Errorf("seal batch: %v", err)
	}
	return b, nil
}

// OpenBatch bounds, verifies and then parses a batch. Its lines are counted, not
// yet read: [CheckLines] does that. The batch keeps raw.
func OpenBatch(raw []byte, verifiers note.Verifiers) (Batch, error) {
	text, sig, err := open(raw, verifiers)
	if err != nil {
		return Batch{}, fmt.Errorf("batch: %w", err)
	}
	b, err := parseBatch(raw, text, sig.Name, sig.Hash)
	if err != nil {
		return Batch{}, fmt.Errorf("batch of key %s: %w", KeyID(sig.Name, sig.Hash), err)
	}
	return b, nil
}

// Link returns what the chain needs to know of the batch.
func (b Batch) Link() Link {
	return Link{
		Identity: b.Identity, KeyHash: b.KeyHash, Stream: b.Stream, Epoch: b.Epoch,
		First: b.Seq, Seq: b.Seq, Prev: b.Prev, Head: b.Hash, Hash: b.Hash,
		From: b.From, Through: b.Through,
	}
}

func (h BatchHeader) append(dst []byte) []byte {
	dst = append(dst, batchFormat+"\n"...)
	dst = h.Identity.append(dst)
	dst = appendField(dst, "stream", string(h.Stream))
	dst = appendUintField(dst, "epoch", h.Epoch)
	dst = appendUintField(dst, "seq", h.Seq)
	dst = appendHashField(dst, "prev", h.Prev)
	if h.Begins != "" {
		dst = appendField(dst, "begins", h.Begins)
	}
	dst = appendField(dst, "nonce", h.Nonce.String())
	dst = appendField(dst, "boot", h.Boot)
	dst = appendTimeField(dst, "from", h.From)
	dst = appendTimeField(dst, "through", h.Through)
	dst = appendTimeField(dst, "sealed", h.Sealed)
	dst = appendClockField(dst, h.Clock)
	dst = appendUintField(dst, "dropped", h.Dropped)
	return appendUintField(dst, "lines", uint64(h.Count))
}

func parseBatch(raw, text []byte, key string, keyHash uint32) (Batch, error) {
	r := &headerReader{rest: text}
	r.first(batchFormat)
	h := BatchHeader{Identity: r.identity(), Stream: r.stream(), Epoch: r.uint("epoch", 1), Seq: r.uint("seq", 1)}
	h.Prev, h.Begins = r.prev(h.Seq)
	h.Nonce, h.Boot = r.nonce(), r.id("boot")
	h.From, h.Through = r.span()
	h.Sealed, h.Clock = r.time("sealed"), r.clock()
	h.Dropped, h.Count = r.uint("dropped", 0), r.count("lines")
	header := text[:len(text)-len(r.rest)]
	r.blank()
	if err := r.finish(h.Agent, key, h.append(nil), header); err != nil {
		return Batch{}, err
	}
	if err := checkCount(r.rest, h.Count); err != nil {
		return Batch{}, err
	}
	return Batch{BatchHeader: h, Lines: r.rest, Raw: raw, Hash: Sum(raw), KeyHash: keyHash}, nil
}

// prev reads the lines prev and begins. The first item of an epoch has no item
// before it and says why the epoch began; every other has one and says nothing.
func (r *headerReader) prev(first uint64) (prev Hash, begins string) {
	prev = r.hash("prev")
	if r.err == nil && prev.IsZero() != (first == 1) {
		r.err = fmt.Errorf("header line %q: it is none exactly for number 1 of an epoch, this is number %d", "prev", first)
	}
	if first == 1 {
		return prev, r.free("begins")
	}
	return prev, ""
}

// finish ends the reading of a header: the key must be the agent's, and the header
// must be spelled as we would spell it.
func (r *headerReader) finish(agent vouch.AgentID, key string, want, got []byte) error {
	switch {
	case r.err != nil:
		return r.err
	case string(agent) != key:
		return fmt.Errorf("header names agent %q, but the key is %q's", agent, key)
	case !bytes.Equal(want, got):
		return errors.New("header is not in canonical form")
	}
	return nil
}

// countLines counts the lines of a body, each of which must end in a newline, and
// refuses what a signed note cannot hold.
func countLines(lines []byte) (int, error) {
	for _, c := range lines {
		if c < 0x20 && c != '\n' {
			return 0, fmt.Errorf("a line holds the control character %q", c)
		}
	}
	if !utf8.Valid(lines) {
		return 0, errors.New("a line is not UTF-8")
	}
	n := bytes.Count(lines, []byte("\n"))
	return n, checkCount(lines, n)
}

// checkCount reports whether a body consists of n lines, none of them empty.
func checkCount(lines []byte, n int) error {
	switch {
	case len(lines) > 0 && (lines[0] == '\n' || bytes.Contains(lines, []byte("\n\n"))):
		return errors.New("the body holds an empty line")
	case len(lines) > 0 && lines[len(lines)-1] != '\n':
		return errors.New("the last line does not end in a newline")
	}
	if got := bytes.Count(lines, []byte("\n")); got != n {
		return fmt.Errorf("the header says %d lines, the body holds %d", n, got)
	}
	return nil
}
