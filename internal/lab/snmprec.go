// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// BER tags of the values that a walk may hold (RFC 2578, X.690).
const (
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagNull        = 0x05
	tagOID         = 0x06
	tagIPAddress   = 0x40
	tagCounter32   = 0x41
	tagGauge32     = 0x42
	tagTimeTicks   = 0x43
	tagOpaque      = 0x44
	tagCounter64   = 0x46
)

// Var is one object of a walk.
type Var struct {
	OID   OID
	Tag   byte   // BER tag of the value
	Value []byte // content octets of the value
}

// Walk holds the objects of a device in the order of their OIDs, each once.
type Walk []Var

// Bounds of a recording.
const (
	maxLine     = 1 << 20
	maxObjects  = 1_000_000
	maxProblems = 20 // reported for one recording
)

// ParseSnmprec reads a recording in the .snmprec format of snmpsim: one object a
// line, "OID|type|value", the type being the number of the BER tag, followed by x
// where the value is given in hexadecimal. Empty lines and lines that begin with '#'
// are skipped. Errors name the line. A line end may be that of Windows: a text that
// ends in a carriage return is given in hexadecimal, as snmprec writes it.
func ParseSnmprec(r io.Reader) (Walk, error) { return parseSnmprec(r, "line ") }

// parseSnmprec is ParseSnmprec with what stands before the number of a line in an
// error. Every line that cannot be read is reported, the first 20 of them.
func parseSnmprec(r io.Reader, where string) (Walk, error) {
	var w Walk
	var problems []error
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxLine)
	seen := map[string]int{} // the line of each object
	n := 0
	for sc.Scan() && len(problems) < maxProblems {
		n++
		line := sc.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		v, err := parseLine(line)
		if err == nil && len(w) == maxObjects {
			return nil, fmt.Errorf("%s%d: a recording has at most %d objects", where, n, maxObjects)
		}
		if err == nil {
			key := string(appendOID(nil, v.OID))
			if first := seen[key]; first != 0 {
				err = fmt.Errorf("object %s occurs twice, first in line %d", v.OID, first)
			}
			seen[key] = n
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s%d: %w", where, n, err))
			continue
		}
		w = append(w, v)
	}
	if err := sc.Err(); err != nil {
		problems = append(problems, fmt.Errorf("%s%d: %w", where, n+1, err))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return sorted(w)
}

// sorted brings the objects into order and refuses one that occurs twice.
func sorted(w Walk) (Walk, error) {
	sort.Slice(w, func(i, j int) bool { return slices.Compare(w[i].OID, w[j].OID) < 0 })
	for i := 1; i < len(w); i++ {
		if slices.Equal(w[i-1].OID, w[i].OID) {
			return nil, fmt.Errorf("object %s occurs twice", w[i].OID)
		}
	}
	return w, nil
}

func parseLine(line string) (Var, error) {
	name, rest, ok := strings.Cut(line, "|")
	kind, value, ok2 := strings.Cut(rest, "|")
	if !ok || !ok2 {
		return Var{}, fmt.Errorf("%.60q is not of the form OID|type|value", line)
	}
	oid, err := ParseOID(name)
	if err != nil {
		return Var{}, err
	}
	number, isHex := strings.CutSuffix(kind, "x")
	tag, err := strconv.ParseUint(number, 10, 8)
	if err != nil {
		return Var{}, fmt.Errorf("object %s: type %q is not a number of a BER tag", oid, kind)
	}
	content, err := parseValue(byte(tag), value, isHex)
	if err != nil {
		return Var{}, fmt.Errorf("object %s: %w", oid, err)
	}
	return Var{OID: oid, Tag: byte(tag), Value: content}, nil
}

func parseValue(tag byte, s string, isHex bool) ([]byte, error) {
	if isHex {
		b, err := hex.DecodeString(s)
		if err != nil {
			return nil, fmt.Errorf("value %.40q is not hexadecimal", s)
		}
		return b, nil
	}
	switch tag {
	case tagOctetString, tagOpaque:
		return []byte(s), nil
	case tagNull:
		return nil, nil
	case tagInteger:
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("value %.40q is not an integer", s)
		}
		return appendInt(nil, v), nil
	case tagCounter32, tagGauge32, tagTimeTicks:
		v, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("value %.40q is not a number below 2^32", s)
		}
		return appendUint(nil, v), nil
	case tagCounter64:
		v, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("value %.40q is not a number below 2^64", s)
		}
		return appendUint(nil, v), nil
	case tagOID:
		v, err := ParseOID(s)
		if err != nil {
			return nil, err
		}
		return appendOID(nil, v), nil
	case tagIPAddress:
		a, err := netip.ParseAddr(s)
		if err != nil || !a.Is4() {
			return nil, fmt.Errorf("value %.40q is not an IPv4 address", s)
		}
		return a.AsSlice(), nil
	}
	return nil, errors.New("type " + strconv.Itoa(int(tag)) + " is not known; give the value in hexadecimal, with an x after the type")
}
