// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxProof is the length of the longest proof in hashes: that of a tree of 2^63-1
// leaves (RFC 6962 section 2.1).
const MaxProof = 63

// Includes reports why proof does not show that the leaf with that RFC 6962 hash
// stands at index, counted from 0, in the tree of c (RFC 6962 section 2.1.1).
func (c Checkpoint) Includes(index int64, leaf Hash, proof []Hash) error {
	if index < 0 || index >= c.Size {
		return fmt.Errorf("leaf %d does not lie in ledger %s of %d leaves", index, c.Origin, c.Size)
	}
	if tlog.CheckRecord(hashes(proof), c.Size, tlog.Hash(c.Root), index, tlog.Hash(leaf)) != nil {
		return fmt.Errorf("the proof does not lead from leaf %d to the root of ledger %s at %d leaves", index, c.Origin, c.Size)
	}
	return nil
}

// Extends reports why proof does not show that the tree of c begins with the tree of
// old (RFC 6962 section 2.1.2). Every tree begins with the empty one, for which, as for
// a tree of the same size, the proof is empty.
func (c Checkpoint) Extends(old Checkpoint, proof []Hash) error {
	wrong := fmt.Errorf("the proof does not show that ledger %s at %d leaves begins with its first %d", c.Origin, c.Size, old.Size)
	switch {
	case c.Origin != old.Origin:
		return fmt.Errorf("ledger %s is not ledger %s", c.Origin, old.Origin)
	case old.Size < 0 || old.Size > c.Size:
		return fmt.Errorf("ledger %s of %d leaves is smaller than the %d that it had", c.Origin, c.Size, old.Size)
	case old.Size == 0:
		if len(proof) > 0 {
			return wrong
		}
		return nil
	}
	if tlog.CheckTree(hashes(proof), c.Size, tlog.Hash(c.Root), old.Size, tlog.Hash(old.Root)) != nil {
		return wrong
	}
	return nil
}

func hashes(proof []Hash) []tlog.Hash {
	out := make([]tlog.Hash, len(proof))
	for i, h := range proof {
		out[i] = tlog.Hash(h)
	}
	return out
}

// InclusionProof shows offline that a leaf stands in a ledger: C2SP tlog-proof. It
// does not hold the leaf.
type InclusionProof struct {
	Index      int64  // of the leaf, from 0
	Hashes     []Hash // from the sibling of the leaf to the child of the root, at most [MaxProof]
	Checkpoint []byte // signed, with any cosignatures
}

const proofFormat = "c2sp.org/tlog-proof@v1"

// Append appends the text of the proof.
func (p InclusionProof) Append(dst []byte) []byte {
	return appendProof(fmt.Appendf(dst, "%s\nindex %d\n", proofFormat, p.Index), p.Hashes, p.Checkpoint)
}

// ParseInclusionProof is the inverse of [InclusionProof.Append]. It accepts that one
// spelling only, and so no "extra" line: nothing vouches for what stands in one.
func ParseInclusionProof(text []byte) (InclusionProof, error) {
	head, hashes, checkpoint, err := cutProof(text, 2)
	if err != nil || head[0] != proofFormat {
		return InclusionProof{}, fmt.Errorf("proof: it is not of the format %s", proofFormat)
	}
	index, err := parseSize("index ", head[1])
	if err != nil {
		return InclusionProof{}, fmt.Errorf("proof: %v", err)
	}
	return InclusionProof{index, hashes, checkpoint}, nil
}

// Open verifies the proof for the leaf with that RFC 6962 hash: the checkpoint is of
// the ledger with that origin, signed by its key among verifiers, and holds the leaf.
// It returns the checkpoint.
func (p InclusionProof) Open(leaf Hash, origin string, verifiers note.Verifiers) (Checkpoint, error) {
	c, err := OpenCheckpoint(p.Checkpoint, origin, verifiers)
	if err != nil {
		return Checkpoint{}, err
	}
	return c, c.Includes(p.Index, leaf, p.Hashes)
}

// Growth asks a cosigner to cosign a checkpoint and shows him that the ledger only
// grew since the one that he cosigned last: the request of C2SP tlog-witness.
type Growth struct {
	Old        int64  // leaves when he cosigned last; 0 for never
	Hashes     []Hash // consistency proof, at most [MaxProof]
	Checkpoint []byte // signed
}

// Append appends the text of the request.
func (g Growth) Append(dst []byte) []byte {
	return appendProof(fmt.Appendf(dst, "old %d\n", g.Old), g.Hashes, g.Checkpoint)
}

// ParseGrowth is the inverse of [Growth.Append]. It accepts that one spelling only. It
// verifies nothing.
func ParseGrowth(text []byte) (Growth, error) {
	head, hashes, checkpoint, err := cutProof(text, 1)
	if err != nil {
		return Growth{}, fmt.Errorf("request: %v", err)
	}
	old, err := parseSize("old ", head[0])
	if err != nil {
		return Growth{}, fmt.Errorf("request: %v", err)
	}
	return Growth{old, hashes, checkpoint}, nil
}

// appendProof ends a text of which the first lines are written: hashes, an empty line
// and a checkpoint.
func appendProof(dst []byte, hashes []Hash, checkpoint []byte) []byte {
	for _, h := range hashes {
		dst = append(append(dst, h.String()...), '\n')
	}
	return append(append(dst, '\n'), checkpoint...)
}

// cutProof is the inverse of appendProof: it returns the first lines, as many as
// wanted, and what follows them.
func cutProof(text []byte, first int) (head []string, hashes []Hash, checkpoint []byte, err error) {
	if len(text) > MaxNote {
		return nil, nil, nil, fmt.Errorf("%d bytes: at most %d are allowed", len(text), MaxNote)
	}
	top, checkpoint, ok := bytes.Cut(text, []byte("\n\n"))
	if !ok || bytes.Count(top, []byte("\n")) >= first+MaxProof {
		return nil, nil, nil, fmt.Errorf("no empty line, or more than %d hashes before it", MaxProof)
	}
	line := strings.Split(string(top), "\n")
	if len(line) < first {
		return nil, nil, nil, fmt.Errorf("%d lines before the empty one: at least %d are needed", len(line), first)
	}
	for _, l := range line[first:] {
		h, err := ParseHash(l)
		if err != nil {
			return nil, nil, nil, err
		}
		hashes = append(hashes, h)
	}
	return line[:first], hashes, checkpoint, nil
}

// parseSize reads what stands behind a prefix: a number of leaves, or the index of
// one, in its one spelling.
func parseSize(prefix, s string) (int64, error) {
	digits, ok := strings.CutPrefix(s, prefix)
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 0 || strconv.FormatInt(n, 10) != digits {
		return 0, fmt.Errorf("%.60q is not %sand a whole number", s, prefix)
	}
	return n, nil
}
