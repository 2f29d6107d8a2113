// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
)

const gapFormat = "vouch/gap v1"

// Reasons of a gap. Others may come; a reader prints what it finds.
const (
	GapQueueFull = "queue full"                                  // the agent's queue or spool reached its bound
	GapTooOld    = "too old"                                     // kept for as long as the agent keeps anything
	GapLostThere = "acknowledged and no longer at the collector" // the collector acknowledged them and was restored from an older back-up
	GapDamaged   = "damaged"                                     // the agent's disk gave back other bytes than it was given
)

// GapHeader says that sealed items of a chain, numbers First to Seq, were lost and never
// will come. It takes their place in the chain.
type GapHeader struct {
	Identity
	Stream  vouch.Stream
	Epoch   uint64
	First   uint64 // number of the first lost item
	Seq     uint64 // number of the last lost item
	Prev    Hash   // of the note before First; zero exactly when First is 1
	Begins  string // why the epoch began; set exactly when First is 1
	Last    Hash   // of the last lost note, which the next item names as its Prev
	Nonce   Nonce
	Boot    string
	From    time.Time // of the first lost item
	Through time.Time // of the last lost item
	Reason  string
	Sealed  time.Time
}

// Gap is a signed gap.
type Gap struct {
	GapHeader
	Raw     []byte // the signed note, as sent and stored
	Hash    Hash   // of Raw
	KeyHash uint32 // of the key that signed; its name is the agent
}

// SealGap signs a gap. The name of the key must be the agent.
func SealGap(h GapHeader, signer note.Signer) (Gap, error) {
	text := h.append(nil)
	raw, err := sign(text, signer)
	if err != nil {
		return Gap{}, fmt.Errorf("seal gap: %v", err)
	}
	g, err := parseGap(raw, text, signer.Name(), signer.KeyHash())
	if err != nil {
		return Gap{}, fmt.Errorf("seal gap: %v", err)
	}
	return g, nil
}

// OpenGap bounds, verifies and then parses a gap. The gap keeps raw.
func OpenGap(raw []byte, verifiers note.Verifiers) (Gap, error) {
	text, sig, err := open(raw, verifiers)
	if err != nil {
		return Gap{}, fmt.Errorf("gap: %w", err)
	}
	g, err := parseGap(raw, text, sig.Name, sig.Hash)
	if err != nil {
		return Gap{}, fmt.Errorf("gap of key %s: %w", KeyID(sig.Name, sig.Hash), err)
	}
	return g, nil
}

// Link returns what the chain needs to know of the gap.
func (g Gap) Link() Link {
	return Link{
		Identity: g.Identity, KeyHash: g.KeyHash, Stream: g.Stream, Epoch: g.Epoch,
		First: g.First, Seq: g.Seq, Prev: g.Prev, Head: g.Last, Hash: g.Hash, Gap: true,
		From: g.From, Through: g.Through,
	}
}

func (h GapHeader) append(dst []byte) []byte {
	dst = append(dst, gapFormat+"\n"...)
	dst = h.Identity.append(dst)
	dst = appendField(dst, "stream", string(h.Stream))
	dst = appendUintField(dst, "epoch", h.Epoch)
	dst = appendUintField(dst, "first", h.First)
	dst = appendUintField(dst, "seq", h.Seq)
	dst = appendHashField(dst, "prev", h.Prev)
	if h.Begins != "" {
		dst = appendField(dst, "begins", h.Begins)
	}
	dst = appendHashField(dst, "last", h.Last)
	dst = appendField(dst, "nonce", h.Nonce.String())
	dst = appendField(dst, "boot", h.Boot)
	dst = appendTimeField(dst, "from", h.From)
	dst = appendTimeField(dst, "through", h.Through)
	dst = appendField(dst, "reason", h.Reason)
	return appendTimeField(dst, "sealed", h.Sealed)
}

func parseGap(raw, text []byte, key string, keyHash uint32) (Gap, error) {
	r := &headerReader{rest: text}
	r.first(gapFormat)
	h := GapHeader{Identity: r.identity(), Stream: r.stream(), Epoch: r.uint("epoch", 1)}
	h.First, h.Seq = r.uint("first", 1), r.uint("seq", 1)
	if r.err == nil && h.Seq < h.First {
		r.fail("seq", fmt.Errorf("the last lost number %d lies before the first, %d", h.Seq, h.First))
	}
	h.Prev, h.Begins = r.prev(h.First)
	if h.Last = r.hash("last"); r.err == nil && h.Last.IsZero() {
		r.fail("last", fmt.Errorf("the hash of the last lost note is required: without it begin a new epoch"))
	}
	h.Nonce, h.Boot = r.nonce(), r.id("boot")
	h.From, h.Through = r.span()
	h.Reason, h.Sealed = r.free("reason"), r.time("sealed")
	r.end()
	if err := r.finish(h.Agent, key, h.append(nil), text); err != nil {
		return Gap{}, err
	}
	return Gap{GapHeader: h, Raw: raw, Hash: Sum(raw), KeyHash: keyHash}, nil
}
