// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"reflect"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

func TestReadBatch(t *testing.T) {
	for _, raw := range []string{"", "\n\n", "vouch/batch v1\n\n", firstBatchHeader, gapText + "\n— x y\n", string(make([]byte, evidence.MaxNote+1))} {
		if b, err := evidence.ReadBatch([]byte(raw)); err == nil {
			t.Errorf("ReadBatch(%.40q) = %+v, want an error", raw, b)
		}
	}
	want := sealBatch(t, newParty(t, "ams1-a", 1), firstHeader(), appendSample(t, nil, checkSample(), vouch.Availability))
	got, err := evidence.ReadBatch(want.Raw)
	want.KeyHash = 0 // nothing was verified
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("ReadBatch = %+v, %v, want %+v", got, err, want)
	}
}
