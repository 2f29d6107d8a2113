// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package book_test

import (
	"math"
	"slices"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
)

// Numbers become millionths, and none grows beyond what a threshold works with.
func TestValuesOf(t *testing.T) {
	for _, tt := range []struct {
		in   vouch.Value
		want contract.Micro
	}{
		{vouch.Int(-3), -3_000_000},
		{vouch.Int(math.MinInt64), -contract.MaxMicro},
		{vouch.Int(math.MaxInt64), contract.MaxMicro},
		{vouch.Uint(7), 7_000_000},
		{vouch.Uint(math.MaxUint64), contract.MaxMicro},
		{vouch.Float(71.5), 71_500_000},
		{vouch.Float(0.1), 100_000},
		{vouch.Float(-0.000_001), -1},
		{vouch.Float(1e300), contract.MaxMicro},
		{vouch.Float(-math.MaxFloat64), -contract.MaxMicro},
	} {
		got := book.ValuesOf([]vouch.Field{{Name: "v", Value: tt.in}})
		if want := []contract.Value{{Name: "v", Micro: tt.want}}; !slices.Equal(got, want) {
			t.Errorf("ValuesOf(%+v) = %v, want %v", tt.in, got, want)
		}
	}
}
