// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
)

// maxLeaf is what one entry of a C2SP tlog-tiles bundle can hold, in bytes.
const maxLeaf = 65535

// canonicalLeaf returns the leaf record that follows from the other fields of an
// entry, or nil where none does: a record entry does not hold the key of the
// collector. What Append was given is compared with it and stored only when it
// differs, which halves the size of a ledger without its notes.
func canonicalLeaf(e *store.Entry) []byte {
	// The key is called "name+hash", as evidence.KeyID calls it.
	_, hash, _ := strings.Cut(e.Key, "+")
	key, err := strconv.ParseUint(hash, 16, 32)
	if e.Kind == store.KindRecord || err != nil || fmt.Sprintf("%08x", key) != hash {
		return nil
	}
	return evidence.Leaf{
		Kind:     evidence.LeafKind(e.Kind),
		Customer: e.Customer,
		Agent:    e.Agent,
		Stream:   e.Stream,
		Epoch:    e.Epoch,
		Seq:      e.First, // of a gap, too
		KeyHash:  uint32(key),
		Note:     e.SHA256,
		Received: e.Received,
		Reason:   e.Reason,
	}.Append(nil)
}
