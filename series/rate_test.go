// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package series_test

import (
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch/series"
)

func TestGrowth(t *testing.T) {
	const (
		top32   = 1<<32 - 1
		top     = math.MaxUint64
		fast    = 1e9 / 8  // a gigabit
		hundred = 1e8 / 8  // 100 Mbit/s
		minute  = 60       // seconds
		dsl     = 16e6 / 8 // 16 Mbit/s
	)
	for _, tt := range []struct {
		name    string
		was, is uint64
		bits    int
		seconds int
		limit   float64
		want    uint64
		why     series.Reason
	}{
		{"it grew", 100, 700, 64, minute, fast, 600, ""},
		{"it stood still", 700, 700, 32, minute, 0, 0, ""},
		{"beyond 2^53, to the last digit", 9_007_199_254_740_993, 9_007_199_254_740_996, 64, minute, fast, 3, ""},
		{"above 2^63", 18_446_744_073_709_550_116, 18_446_744_073_709_551_115, 64, minute, fast, 999, ""},
		{"64 bits wrap", top - 9, 90, 64, minute, fast, 100, ""},
		{"64 bits wrap, speed unknown", top - 9, 90, 64, minute, 0, 100, ""},
		{"64 bits fell: no wrap", 5_000_000, 3, 64, minute, fast, 0, series.ReasonFell},
		{"64 bits fell, speed unknown", 5_000_000, 3, 64, minute, 0, 0, series.ReasonFell},
		{"64 bits faster than the interface", 0, 10_000_000_000, 64, minute, fast, 0, series.ReasonLimit},
		{"64 bits faster than anything", 0, 1 << 62, 64, minute, 0, 0, series.ReasonLimit},
		{"a burst that was handed over late", 0, 70 * fast, 64, minute, fast, 70 * fast, ""},
		{"32 bits wrap", top32 - 9, 90, 32, minute, hundred, 100, ""},
		{"32 bits fell: no wrap at this speed", 2_000_000_000, 3, 32, minute, dsl, 0, series.ReasonFell},
		{"32 bits fell, speed unknown", top32 - 9, 90, 32, minute, 0, 0, series.ReasonFell},
		{"32 bits may wrap twice in a minute at a gigabit", 100, 200, 32, minute, fast, 0, series.ReasonTurns},
		{"and not in ten seconds", 100, 200, 32, 10, fast, 100, ""},
		{"32 bits, a gap of an hour", 100, 200, 32, 3600, hundred, 0, series.ReasonTurns},
		{"32 bits, a gap of an hour on a slow line", 100, 200, 32, 3600, 1e6 / 8, 100, ""},
		{"32 bits, a gap of an hour, speed unknown", 100, 200, 32, 3600, 0, 0, series.ReasonTurns},
		{"32 bits faster than the interface", 0, 200_000_000, 32, minute, dsl, 0, series.ReasonLimit},
		{"32 bits that count on beyond 2^32", top32 - 10, top32 + 90, 32, minute, hundred, 100, ""},
		{"width not told", 100, 700, 0, minute, fast, 600, ""},
		{"no time went by", 100, 700, 64, 0, fast, 0, series.ReasonOnce},
	} {
		t.Run(tt.name, func(t *testing.T) {
			elapsed := time.Duration(tt.seconds) * time.Second
			got, why := series.Growth(series.Counter{Value: tt.was, Bits: tt.bits}, series.Counter{Value: tt.is, Bits: tt.bits}, elapsed, tt.limit)
			if got != tt.want || why != tt.why {
				t.Errorf("Growth(%d, %d) = %d, %q, want %d, %q", tt.was, tt.is, got, why, tt.want, tt.why)
			}
			rate, why := series.Rate(series.Counter{Value: tt.was, Bits: tt.bits}, series.Counter{Value: tt.is, Bits: tt.bits}, elapsed, tt.limit)
			if why != tt.why || why == "" && rate != float64(tt.want)/float64(tt.seconds) {
				t.Errorf("Rate(%d, %d) = %v, %q, want %d/%d s, %q", tt.was, tt.is, rate, why, tt.want, tt.seconds, tt.why)
			}
		})
	}
}

func TestGrowthOfAnotherWidth(t *testing.T) {
	if got, why := series.Growth(series.Counter{Value: 5, Bits: 32}, series.Counter{Value: 1 << 40, Bits: 64}, time.Minute, 0); why != series.ReasonWidth {
		t.Errorf("Growth = %d, %q, want %q", got, why, series.ReasonWidth)
	}
}

// A counter that really grew by no more than its limit allows has that growth, to the
// last digit, or none; and it has one wherever it cannot have turned twice.
func TestGrowthProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.SampledFrom([]int{32, 64}).Draw(t, "bits")
		limit := rapid.SampledFrom([]float64{0, 8e3, 2e6, 12.5e6, 125e6, 12.5e9}).Draw(t, "limit")
		elapsed := time.Duration(rapid.Int64Range(1, int64(10*time.Minute)).Draw(t, "elapsed"))
		possible := limit
		if limit == 0 {
			possible = 12.5e6 // nothing is known; it is a hundred megabit or less
		}
		grown := new(big.Int).SetUint64(rapid.Uint64Range(0, uint64(possible*elapsed.Seconds())).Draw(t, "grown"))
		turn := new(big.Int).Lsh(big.NewInt(1), uint(bits))
		from := rapid.Uint64()
		if rapid.Bool().Draw(t, "near the wrap") {
			from = rapid.Map(rapid.Uint64Range(1, 1<<20), func(n uint64) uint64 { return -n })
		}
		was := new(big.Int).Mod(new(big.Int).SetUint64(from.Draw(t, "was")), turn)
		is := new(big.Int).Mod(new(big.Int).Add(was, grown), turn)
		got, why := series.Growth(series.Counter{Value: was.Uint64(), Bits: bits}, series.Counter{Value: is.Uint64(), Bits: bits}, elapsed, limit)
		if why == "" && got != grown.Uint64() {
			t.Fatalf("%d to %d: grown by %d, want %d or none", was, is, got, grown)
		}
		once := possible*(elapsed.Seconds()+10)*1.05 < math.Pow(2, float64(bits))
		told := limit > 0 || bits == 64 || is.Cmp(was) >= 0
		if why != "" && once && told {
			t.Fatalf("%d to %d in %v at %v a second: no growth (%s), want %d", was, is, elapsed, limit, why, grown)
		}
	})
}

func TestComparable(t *testing.T) {
	row := func(after time.Duration, discontinuity uint64) series.Row {
		return series.Row{At: start.Add(after), Discontinuity: series.Known(discontinuity)}
	}
	const m = time.Minute
	for _, tt := range []struct {
		name    string
		was, is series.Row
		since   time.Duration
		kind    series.Kind
		want    series.Reason
	}{
		{"one after the other", row(0, 5), row(m, 5), 0, series.None, ""},
		{"the first", series.Row{}, row(m, 5), 0, series.None, series.ReasonOnce},
		{"out of order", row(m, 5), row(0, 5), 0, series.None, series.ReasonOnce},
		{"the device restarted", row(0, 5), row(m, 5), m, series.DeviceRestarted, series.ReasonRestart},
		{"the SNMP agent restarted", row(0, 5), row(m, 5), m, series.AgentRestarted, series.ReasonRestart},
		{"another box", row(0, 5), row(m, 5), m, series.Replaced, series.ReasonRestart},
		{"nobody can tell", row(0, 5), row(m, 5), 0, series.Unclear, series.ReasonUnclear},
		{"it restarted while this row was not read", row(0, 5), row(3*m, 5), m, series.None, series.ReasonRestart},
		{"a gap without a restart", row(0, 5), row(30*m, 5), 0, series.None, ""},
		{"the interface was made anew", row(0, 5), row(m, 9_000), 0, series.None, series.ReasonDiscontinuity},
		{"the discontinuity is no longer told", row(0, 5), series.Row{At: start.Add(m)}, 0, series.None, series.ReasonDiscontinuity},
	} {
		if got := series.Comparable(tt.was, tt.is, start.Add(tt.since), tt.kind); got != tt.want {
			t.Errorf("%s: Comparable = %q, want %q", tt.name, got, tt.want)
		}
	}
}
