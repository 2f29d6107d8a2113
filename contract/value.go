// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch"
)

// MicroOne is one whole, and MaxMicro the largest number that a threshold works with:
// a hundred million. A value beyond it, either way, is taken for it, so that a day of
// values at one a second can be added up.
const (
	MicroOne Micro = 1_000_000
	MaxMicro       = 100_000_000 * MicroOne
)

// ParseMicro reads a plain decimal number with at most six decimals, such as "71.5" or
// "-40".
func ParseMicro(s string) (Micro, error) {
	digits, minus := strings.CutPrefix(s, "-")
	n, err := parseMicro(digits)
	if err != nil || Micro(n) > MaxMicro {
		return 0, fmt.Errorf("number %q: at most 100000000, either way, with at most six decimals is needed", s)
	}
	if minus {
		n = -n
	}
	return Micro(n), nil
}

// String returns the number without superfluous zeros.
func (m Micro) String() string {
	sign, n := "", uint64(m)
	if m < 0 {
		sign, n = "-", -n
	}
	text := fmt.Sprintf("%s%d.%06d", sign, n/1e6, n%1e6)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// named returns the value that the threshold is about, and whether the sample has it:
// the device must have answered.
func (th *Threshold) named(s *Sample) (observation, bool) {
	if s.Outcome != vouch.Up {
		return observation{}, false
	}
	for _, v := range s.Values {
		if v.Name == th.Value {
			return observation{value: int64(max(-MaxMicro, min(v.Micro, MaxMicro)))}, true
		}
	}
	return observation{}, false
}

// read compares a value, the latest, or the mean of n values with the limit. States,
// which have no mean, are judged by the latest.
func (th *Threshold) read(latest Micro, sum, n int64) reading {
	clearAt := th.At
	if th.ClearAt != nil {
		clearAt = *th.ClearAt
	}
	switch th.Compare {
	case Above:
		return between(sum > int64(th.At)*n, sum <= int64(clearAt)*n)
	case Below:
		return between(sum < int64(th.At)*n, sum >= int64(clearAt)*n)
	case Equals:
		return between(latest == th.At, latest != th.At)
	case NotIn:
		in := slices.Contains(th.Set, latest)
		return between(!in, in)
	}
	return undetermined
}

func between(out, in bool) reading {
	switch {
	case out:
		return beyond
	case in:
		return within
	}
	return neither
}
