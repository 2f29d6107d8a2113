// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

// Clock is what an agent knows of its own clock when it seals. The zero value
// says that it knows nothing.
type Clock struct {
	Known  bool
	Offset time.Duration // this clock minus true time, whole microseconds
	Bound  time.Duration // the offset is right within plus or minus this, not negative
	Source string        // who told: an identifier such as "collector" or "chrony"
}

func (c Clock) append(dst []byte) []byte {
	if !c.Known {
		return append(dst, "unknown"...)
	}
	dst = append(dst, "offset_us="...)
	dst = strconv.AppendInt(dst, c.Offset.Microseconds(), 10)
	dst = append(dst, " bound_us="...)
	dst = strconv.AppendInt(dst, c.Bound.Microseconds(), 10)
	dst = append(dst, " source="...)
	return append(dst, c.Source...)
}

func parseClock(s string) (Clock, error) {
	if s == "unknown" {
		return Clock{}, nil
	}
	const form = "allowed are unknown, or offset_us=N bound_us=N source=ID"
	part := strings.Split(s, " ")
	if len(part) != 3 {
		return Clock{}, fmt.Errorf("clock %q: %s", s, form)
	}
	offset, ok1 := strings.CutPrefix(part[0], "offset_us=")
	bound, ok2 := strings.CutPrefix(part[1], "bound_us=")
	source, ok3 := strings.CutPrefix(part[2], "source=")
	if !ok1 || !ok2 || !ok3 {
		return Clock{}, fmt.Errorf("clock %q: %s", s, form)
	}
	off, err := parseMicros(offset)
	if err != nil {
		return Clock{}, fmt.Errorf("clock offset %v", err)
	}
	bnd, err := parseMicros(bound)
	if err != nil || bnd < 0 {
		return Clock{}, fmt.Errorf("clock bound %q is not a number of microseconds, 0 or more", bound)
	}
	if err := vouch.ValidID(source); err != nil {
		return Clock{}, fmt.Errorf("clock source: %v", err)
	}
	return Clock{Known: true, Offset: off, Bound: bnd, Source: source}, nil
}

// maxMicros is the greatest number of microseconds that a time.Duration holds.
const maxMicros = int64(1<<63-1) / int64(time.Microsecond)

func parseMicros(s string) (time.Duration, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > maxMicros || n < -maxMicros || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%q is not a number of microseconds", s)
	}
	return time.Duration(n) * time.Microsecond, nil
}
