// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/stamp"
)

// Files of one anchor, in a directory of its own under anchors/.
const (
	anchorRecord = "anchored.txt"   // the record in the anchor ledger: a signed note
	anchorLeaf   = "leaf.txt"       // its leaf
	anchorProof  = "proof.txt"      // C2SP tlog-proof, with the cosigned checkpoint
	anchorCheck  = "checkpoint.txt" // the bytes that were time-stamped
	anchorToken  = "token.tsr"      // RFC 3161 response
	anchorGrown  = "grown.txt"      // that the ledger grew from there, for a size below what is carried
)

// bound says that the first so many leaves were there at an instant, by the word of
// somebody outside.
type bound struct {
	size int64
	at   time.Time
}

// bounds are by size, rising, and the instants never fall.
type bounds []bound

// of returns the earliest instant at which a leaf is proven to have been there.
func (b bounds) of(index int64) (time.Time, bool) {
	i, _ := slices.BinarySearchFunc(b, index+1, func(x bound, size int64) int { return cmp.Compare(x.size, size) })
	if i == len(b) {
		return time.Time{}, false
	}
	return b[i].at, true
}

// anchor is one that was read, its own part checked and not yet held against the ledger.
type anchor struct {
	dir string
	evidence.Anchored
	at    time.Time       // what somebody outside vouches for; zero for nobody
	grown []evidence.Hash // consistency proof up to the checkpoint; nil for none
}

// readAnchors opens the anchors, so that the roots that they speak of are looked for
// while the tree grows.
func (v *verifier) readAnchors() bool {
	dirs := map[string]bool{}
	for name := range v.files {
		if rest, ok := strings.CutPrefix(name, dirAnchors); ok && known(name) {
			dir, _, _ := strings.Cut(rest, "/")
			dirs[dir] = true
		}
	}
	names := make([]string, 0, len(dirs))
	for d := range dirs {
		names = append(names, d)
	}
	slices.Sort(names)
	for _, d := range names {
		a, err := v.anchor(dirAnchors + d + "/")
		if err != nil {
			v.rep.wrong(TopicTime, dirAnchors+d, "%v", err)
			continue
		}
		v.anchors = append(v.anchors, a)
		v.rootAt[a.Size] = evidence.Hash{}
	}
	v.rep.Counts.Anchors = len(v.anchors)
	return true
}

// anchor opens the files of one anchor.
func (v *verifier) anchor(dir string) (anchor, error) {
	a := anchor{dir: dir}
	file := map[string][]byte{}
	for _, n := range []string{anchorRecord, anchorLeaf, anchorProof} {
		raw, err := v.text(dir + n)
		if err != nil {
			return a, fmt.Errorf("%s: %v", n, err)
		}
		file[n] = raw
	}
	rec, err := evidence.OpenRecord(file[anchorRecord], note.VerifierList(v.own))
	if err != nil {
		return a, fmt.Errorf("%s: %v", anchorRecord, err)
	}
	if err := json.Unmarshal(rec.Body, &a.Anchored); err != nil || rec.Kind != evidence.KindAnchored || rec.Customer != vouch.Anchors {
		return a, fmt.Errorf("%s: it is no record of the ledger of anchors", anchorRecord)
	}
	if a.Origin != v.rep.Origin {
		return a, fmt.Errorf("%s: it is of ledger %s", anchorRecord, a.Origin)
	}
	leaf, err := evidence.ParseLeaf(file[anchorLeaf])
	if err == nil && (leaf.Note != rec.Hash || leaf.Kind != evidence.LeafRecord || leaf.Customer != vouch.Anchors || leaf.Record != rec.ID || leaf.KeyHash != rec.KeyHash) {
		err = fmt.Errorf("it is another record's")
	}
	if err != nil {
		return a, fmt.Errorf("%s: %v", anchorLeaf, err)
	}
	collector, _, _ := cutOrigin(v.rep.Origin)
	own, err := renamed(v.key, collector+"/"+string(vouch.Anchors))
	if err != nil {
		return a, err
	}
	proof, err := evidence.ParseInclusionProof(file[anchorProof])
	if err == nil {
		_, err = proof.Open(leaf.Hash(), own.Name(), note.VerifierList(own))
	}
	if err == nil && signatures(proof.Checkpoint) < 1 {
		err = fmt.Errorf("a signature in it is not in canonical base64")
	}
	if err != nil {
		return a, fmt.Errorf("%s: %v", anchorProof, err)
	}
	if v.files[dir+anchorGrown] != nil {
		raw, err := v.text(dir + anchorGrown)
		if err == nil {
			a.grown, err = parseHashes(string(raw))
		}
		if err == nil && len(a.grown) > evidence.MaxProof {
			err = fmt.Errorf("it holds %d hashes, at most %d are allowed", len(a.grown), evidence.MaxProof)
		}
		if err != nil {
			return a, fmt.Errorf("%s: %v", anchorGrown, err)
		}
	}
	return v.vouched(a, own.Name(), proof.Checkpoint)
}

// vouched looks who outside vouches for the checkpoint of the anchor ledger.
func (v *verifier) vouched(a anchor, origin string, checkpoint []byte) (anchor, error) {
	for _, k := range v.pins.cosigners() {
		switch _, at, err := evidence.OpenCosigned(checkpoint, origin, k); {
		case err == nil:
			a.vouch(at)
			v.signed = append(v.signed, k.Name())
		case !errors.Is(err, evidence.ErrUnknownKey):
			return a, fmt.Errorf("%s: %v", anchorProof, err)
		}
	}
	if v.files[a.dir+anchorToken] == nil {
		if v.files[a.dir+anchorCheck] != nil {
			return a, fmt.Errorf("%s: there is no %s for it", anchorCheck, anchorToken)
		}
		return a, nil
	}
	token, err := v.text(a.dir + anchorToken)
	if err != nil {
		return a, fmt.Errorf("%s: %v", anchorToken, err)
	}
	stamped, err := v.text(a.dir + anchorCheck)
	if err != nil {
		return a, fmt.Errorf("%s: %v", anchorCheck, err)
	}
	// The proof's checkpoint may carry cosignatures beside; the text is the same.
	text := func(raw []byte) string { t, _, _ := strings.Cut(string(raw), "\n\n"); return t }
	if text(stamped) != text(checkpoint) {
		return a, fmt.Errorf("%s: it is not the checkpoint of %s", anchorCheck, anchorProof)
	}
	if v.opts.Roots == nil {
		v.strangeStamps++
		return a, nil
	}
	trust := stamp.Trust{Roots: v.opts.Roots}
	if v.opts.Policy != "" {
		if trust.Policy, err = stamp.ParsePolicy(v.opts.Policy); err != nil {
			return a, err
		}
	}
	switch s, err := stamp.Verify(token, stamped, 0, trust); {
	case errors.Is(err, stamp.ErrUntrusted):
		v.strangeStamps++
	case err != nil:
		return a, fmt.Errorf("%s: %v", anchorToken, err)
	default:
		a.vouch(s.Time.Add(s.Accuracy))
	}
	return a, nil
}

// vouch keeps the earliest word.
func (a *anchor) vouch(at time.Time) {
	if a.at.IsZero() || at.Before(a.at) {
		a.at = at
	}
}

// boundTime holds the anchors against the ledger: what they say of its size and root must
// be what the leaves make.
func (v *verifier) boundTime() bool {
	outside := 0
	for _, a := range v.anchors {
		got := v.rootAt[a.Size]
		before := 0 < a.Size && a.Size < v.first
		switch {
		case a.grown != nil && !before:
			v.rep.wrong(TopicTime, a.dir+anchorGrown, "%d leaves are anchored, and the leaves from %d on are carried: it proves nothing that they do not", a.Size, v.first)
		case before && a.grown != nil:
			if err := v.check.Extends(evidence.Checkpoint{Origin: a.Origin, Size: a.Size, Root: a.Root}, a.grown); err != nil {
				v.rep.wrong(TopicTime, a.dir+anchorGrown, "%v: the ledger was rewritten after it was anchored, or the proof is another's", err)
			} else if !a.at.IsZero() {
				v.bounds = append(v.bounds, bound{a.Size, a.at})
			}
		case a.Size > v.check.Size || a.Size < v.first:
			outside++ // of what is carried: nothing can be said of it
		case got != a.Root:
			v.rep.wrong(TopicTime, a.dir, "it says that %d leaves had the root %s; they have %s: the ledger was rewritten after it was anchored", a.Size, a.Root, got)
		case !a.at.IsZero():
			v.bounds = append(v.bounds, bound{a.Size, a.at})
		}
	}
	slices.SortFunc(v.bounds, func(x, y bound) int { return cmp.Or(cmp.Compare(x.size, y.size), x.at.Compare(y.at)) })
	for i := len(v.bounds) - 2; i >= 0; i-- {
		if v.bounds[i+1].at.Before(v.bounds[i].at) {
			v.bounds[i].at = v.bounds[i+1].at
		}
	}
	const when = "when anything was in the ledger: "
	switch n := len(v.bounds); {
	case n > 0:
		v.rep.proven(TopicTime, dirAnchors, "%d times somebody outside vouched for how much was in the ledger, from %s to %s", n, v.bounds[0].at.UTC().Format(time.RFC3339), v.bounds[n-1].at.UTC().Format(time.RFC3339))
	case len(v.anchors) == 0:
		v.rep.open(TopicTime, "", when+"the bundle carries no anchor, so whoever holds the keys could have written all of it afterwards")
	case v.opts.Roots == nil && v.strangeStamps > 0:
		v.rep.open(TopicTime, dirAnchors, when+"there are %d time stamps, and no authority is trusted yet: name its certificate with --tsa-ca", v.strangeStamps)
	default:
		v.rep.open(TopicTime, dirAnchors, when+"no time stamp, and no cosignature by a witness that you named, stands under the %d anchors", len(v.anchors))
	}
	if v.opts.Roots != nil && v.strangeStamps > 0 {
		v.rep.open(TopicTime, dirAnchors, "what %d time stamps say: they are of an authority, or under a policy, that you did not name", v.strangeStamps)
	}
	if outside > 0 {
		v.rep.open(TopicTime, dirAnchors, "what %d anchors say: they are of sizes of the ledger that are not carried", outside)
	}
	return true
}
