// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// percentOne is one percent in the unit in which percentages are kept.
const percentOne = 1_000_000

// Percent is a percentage that this package computed: whole millionths of a percent,
// truncated, or nothing where there was nothing to divide by. Nobody else can make
// one, so every figure anywhere comes from here; what is read back must be what
// [Figures.Ratios] says of the seconds beside it. The zero value is "nothing".
type Percent struct {
	micro int64
	valid bool
}

// ratio returns part of whole, truncated to six decimals, so that no target is met
// by rounding. Both are seconds, 0 <= part <= whole.
func ratio(part, whole int64) Percent {
	if whole <= 0 {
		return Percent{}
	}
	hi, lo := bits.Mul64(uint64(part), 100*percentOne)
	q, _ := bits.Div64(hi, lo, uint64(whole))
	return Percent{int64(q), true}
}

// Valid reports whether there was something to divide by.
func (p Percent) Valid() bool { return p.valid }

// String returns the figure with six decimals and without a sign, such as
// "98.484848", and the empty string where there is none.
func (p Percent) String() string {
	if !p.valid {
		return ""
	}
	return fmt.Sprintf("%d.%06d", p.micro/percentOne, p.micro%percentOne)
}

// MarshalJSON writes the figure as a string, or null.
func (p Percent) MarshalJSON() ([]byte, error) {
	if !p.valid {
		return []byte("null"), nil
	}
	return []byte(`"` + p.String() + `"`), nil
}

// UnmarshalJSON reads what [Percent.MarshalJSON] writes: null, or a string of 0 to 100
// with exactly six decimals.
func (p *Percent) UnmarshalJSON(b []byte) error {
	*p = Percent{}
	if string(b) == "null" {
		return nil
	}
	m, err := parseMicro(strings.Trim(string(b), `"`))
	read := Percent{m, true}
	if err != nil || m > 100*percentOne || string(b) != `"`+read.String()+`"` {
		return fmt.Errorf("percentage %.40s: a string such as \"98.484848\" or null is needed", b)
	}
	*p = read
	return nil
}

// Meets reports whether the figure reaches the target. A figure that does not exist
// meets nothing.
func (p Percent) Meets(t Target) bool { return p.valid && p.micro >= t.micro }

// Target is a percentage that somebody agreed on, as against one computed: 0 to 100
// with at most six decimals. The zero value is "none agreed", which is not 0 %.
type Target struct {
	micro int64
	set   bool
}

// ParseTarget reads a percentage such as "99.9", without a sign.
func ParseTarget(s string) (Target, error) {
	m, err := parseMicro(s)
	if err != nil || m > 100*percentOne {
		return Target{}, fmt.Errorf("percentage %q: a number from 0 to 100 with at most six decimals is needed", s)
	}
	return Target{m, true}, nil
}

// parseMicro reads a plain decimal number, at least 0, in millionths.
func parseMicro(s string) (int64, error) {
	whole, frac, dot := strings.Cut(s, ".")
	if whole == "" || len(whole) > 12 || !digits(whole) || dot && (frac == "" || len(frac) > 6 || !digits(frac)) {
		return 0, fmt.Errorf("number %q: digits and at most six decimals are needed", s)
	}
	return strconv.ParseInt(whole+(frac + "000000")[:6], 10, 64)
}

// Set reports whether a target was agreed.
func (t Target) Set() bool { return t.set }

// String returns the target without superfluous zeros, such as "99.9", and the empty
// string where none was agreed.
func (t Target) String() string {
	if !t.set {
		return ""
	}
	s := fmt.Sprintf("%d.%06d", t.micro/percentOne, t.micro%percentOne)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// MarshalText implements [encoding.TextMarshaler].
func (t Target) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (t *Target) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*t = Target{}
		return nil
	}
	*t, err = ParseTarget(string(b))
	return err
}
