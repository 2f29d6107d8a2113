// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"
	"io"

	"github.com/vouch-sla/vouch/evidence"
)

// Record finds a record in a bundle, for who signs for it: its ledger's origin, and the
// record itself, whose signature and place in the ledger are checked.
func Record(r io.ReaderAt, size int64, id string) (origin string, rec evidence.Record, err error) {
	v, err := newVerifier(r, size, Options{})
	if err != nil {
		return "", rec, err
	}
	for _, step := range []func() bool{v.checkpoint, v.openRecords, v.readLeaves, v.placeRecords} {
		if !step() {
			f := v.rep.Disproved[0]
			return "", rec, fmt.Errorf("%s: %s", f.Where, f.What)
		}
	}
	for _, rec := range v.records {
		if rec.ID == id {
			return v.rep.Origin, rec, nil
		}
	}
	return "", rec, fmt.Errorf("it holds no record %q", id)
}
