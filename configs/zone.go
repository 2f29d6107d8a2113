// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// zone reads an IANA name and returns the zone with its bytes.
func (v value) zone() contract.Zone {
	name, ok := v.rawText()
	if !ok {
		return contract.Zone{}
	}
	z, err := Zone(name)
	if err != nil {
		v.wrong("%s %s is unknown, allowed is an IANA name with its place, as Europe/Brussels", v.key, show(name))
		return contract.Zone{}
	}
	return z
}

// Zone loads the time zone with an IANA name and hands its TZif bytes to the
// contract, so that a contract record computes alike on every machine. The name is
// looked up as [time.LoadLocation] does, in the system's files or those that the
// program carries.
//
// The bytes are written here rather than copied from a file, because the files of
// different systems hold the same zone in different ways, and what is embedded in a
// program cannot be read back. They hold every change of clock from 2000 to 2100,
// the span in which instants are accepted.
func Zone(name string) (contract.Zone, error) {
	if name == "" || name == "Local" || strings.HasPrefix(name, "/") {
		return contract.Zone{}, fmt.Errorf("time zone %q: no IANA name", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return contract.Zone{}, fmt.Errorf("time zone %q: %v", name, err)
	}
	return contract.NewZone(name, tzif(loc))
}

// era is a stretch of time in which a zone's clock does not change.
type era struct {
	from   int64 // Unix seconds
	abbrev string
	offset int // seconds east of UTC
	dst    bool
}

// eras returns the stretches that cover 2000 to 2100.
func eras(loc *time.Location) []era {
	var out []era
	for t := earliest.In(loc); t.Before(latest); {
		abbrev, offset := t.Zone()
		e := era{t.Unix(), abbrev, offset, t.IsDST()}
		if n := len(out); n == 0 || !out[n-1].sameClock(e) {
			out = append(out, e)
		}
		_, end := t.ZoneBounds()
		switch {
		case end.IsZero():
			return out
		case !end.After(t):
			// ZoneBounds takes every year for one of 365 days where a zone goes by rule: on
			// the last day of a leap year the end that it tells has passed. No zone changes
			// its clock twice in a day.
			end = t.Add(24 * time.Hour)
		}
		t = end
	}
	return out
}

func (e era) sameClock(o era) bool {
	return e.abbrev == o.abbrev && e.offset == o.offset && e.dst == o.dst
}

// tzif encodes a zone as a version 2 TZif file (RFC 8536). Its version 1 part is
// empty, as section 4 allows, and so is the rule for the time after the last change.
func tzif(loc *time.Location) []byte {
	all := eras(loc)
	var types []era
	index := make([]byte, len(all))
	for i, e := range all {
		k := slices.IndexFunc(types, e.sameClock)
		if k < 0 {
			k = len(types)
			types = append(types, e)
		}
		index[i] = byte(k)
	}
	var abbrevs bytes.Buffer
	starts := make([]int, len(types))
	for i, t := range types {
		starts[i] = strings.Index(abbrevs.String(), t.abbrev+"\x00")
		if starts[i] < 0 {
			starts[i] = abbrevs.Len()
			abbrevs.WriteString(t.abbrev + "\x00")
		}
	}
	var b bytes.Buffer
	header(&b, 0, 1, 1)
	b.Write(make([]byte, 6+1)) // one type, UTC, with an empty abbreviation
	header(&b, len(all), len(types), abbrevs.Len())
	for _, e := range all {
		// The first one begins in 2000 too: readers guess what was before the first
		// change, and guess wrong where it was summer.
		binary.Write(&b, binary.BigEndian, e.from)
	}
	b.Write(index)
	for i, t := range types {
		binary.Write(&b, binary.BigEndian, int32(t.offset))
		dst := byte(0)
		if t.dst {
			dst = 1
		}
		b.Write([]byte{dst, byte(starts[i])})
	}
	b.Write(abbrevs.Bytes())
	b.WriteString("\n\n")
	return b.Bytes()
}

// header writes the header of RFC 8536 section 3.1.
func header(b *bytes.Buffer, changes, types, chars int) {
	b.WriteString("TZif2")
	b.Write(make([]byte, 15))
	for _, n := range []int{0, 0, 0, changes, types, chars} {
		binary.Write(b, binary.BigEndian, uint32(n))
	}
}
