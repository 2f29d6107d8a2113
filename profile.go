// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch

import (
	"slices"
	"strconv"
	"strings"
)

// Profile says how a device is recognised and what is read from it over SNMP beside
// the system group. The agent gets it with its assignment, all but Match.
type Profile struct {
	Name        string
	Class       Class
	Kind        string  // a finer word than the class, for people: "gateway", "lte-router"
	Match       []Match // one of them must hold; empty for a profile that is only named or extended
	Facts       DeviceFacts
	Uptime      []Clock // which clocks tell how long the device runs, the best first; empty for the default
	NoBulk      bool    // the device's GETBULK is broken: GETNEXT is used
	Repetitions int     // max-repetitions of a GETBULK at most; 0 for no limit of the profile's own
	Scalars     []Symbol
	Tables      []Table
	Traps       []Trap
}

// Match is one way to recognise a device. What is given must hold.
type Match struct {
	SysObjectID []string // numeric, without a leading dot; ".*" at the end for everything below
	SysDescr    string   // RE2, found anywhere
	Exists      []string // objects at or below each of which the device must have something
}

// DeviceFacts say where the facts of a device are found: the first source that gives
// a text that is not empty counts.
type DeviceFacts struct {
	Vendor, Model, Version, Serial []FactSource
}

// FactSource is a fixed text, or an object; where the device has no such instance, the
// first row below that holds a text.
type FactSource struct {
	Value       string // fixed; everything else is empty then
	OID         string // of an object with its instance, or of a column
	Extract     string // RE2; its first group is taken, and nothing where it does not match
	Mapping     []Mapped
	Where       string // column: another column of the same row, which must equal Equals
	WhereEquals string
}

// Mapped names a value: a number in decimal, or a text.
type Mapped struct{ Value, Name string }

// Clock is one that tells how long a device has been running.
type Clock string

const (
	ClockEngine Clock = "engine" // snmpEngineTime (RFC 3411): seconds since snmpEngineBoots rose
	ClockHost   Clock = "host"   // hrSystemUptime (RFC 2790): since the host started
	ClockSys    Clock = "sys"    // sysUpTime (RFC 3418): since the SNMP agent started
)

// Trap is a notification by its snmpTrapOID, with the name that people know.
type Trap struct{ OID, Name string }

// Symbol is one object of a MIB with the name and type under which it is stored.
type Symbol struct {
	OID  string // numeric, without a leading dot; scalars end in their instance (".0")
	Name string // field name; that of a scalar may hold its measurement before a dot
	Type SymbolType
	Unit string // of the stored value, as "%", "bytes", "C"; empty for a bare number

	Bits    int      // counter: 32 where its MIB gives it no more; 0 for 64
	Scale   float64  // the value is multiplied by it; 0 for 1
	Extract string   // RE2; the first group of the device's text is the value
	Mapping []Mapped // names of states, of the bits of a bit mask, of the values of a tag
	OK      []string // state, bit mask: names of what is fine
	Ignore  []string // state, bit mask: names that say nothing

	// Index is for a tag that comes from the row's index and not from a column: the
	// position of a number in it from 1 on, or [IndexText].
	Index int
}

// IndexText is a row's whole index read as a text of ASCII characters.
const IndexText = -1

// SymbolType says how a value is stored. It is never inferred from the wire,
// because devices lie there.
type SymbolType string

const (
	TypeGauge   SymbolType = "gauge"   // signed or unsigned number that moves both ways
	TypeCounter SymbolType = "counter" // unsigned, only grows, wraps at its width
	TypeState   SymbolType = "state"   // an enumeration, stored as its number, or as text where the device tells a text
	TypeBitmask SymbolType = "bitmask" // several states at once, stored as their sum
	TypeText    SymbolType = "text"
	TypeTicks   SymbolType = "timeticks" // hundredths of a second
)

// Table is a set of columns that share an index. Every column is read in the same
// GETBULK requests; one point comes of each row.
type Table struct {
	Name    string // measurement name; several tables of a profile may fill one measurement
	Columns []Symbol
	Tags    []Symbol // stored as tags; the first names the row
	MaxRows int      // rows read at most; 0 means 512
	Rules   []Rule   // a row must pass all of them to be kept; empty for every row
}

// Rule keeps rows by one of their tags, or leaves them out. A row without the tag has an
// empty one.
type Rule struct {
	Tag    string
	Match  string // RE2, found anywhere
	Except bool   // rows that match are left out instead of kept
}

// Has reports whether the table has a column of that name.
func (t Table) Has(name string) bool {
	return slices.ContainsFunc(t.Columns, func(s Symbol) bool { return s.Name == name })
}

// Measurement returns the measurement and the field under which a scalar is stored.
func (s Symbol) Measurement() (measurement, field string) {
	if i := strings.LastIndexByte(s.Name, '.'); i > 0 {
		return s.Name[:i], s.Name[i+1:]
	}
	return scalarMeasurement, s.Name
}

// Label returns a state or a bit mask in words: the name of its number, the names of
// its bits with "," between them, or "unknown(n)" for what has no name. Other values
// have no label.
func (s Symbol) Label(v Value) (string, bool) {
	if s.Type != TypeState && s.Type != TypeBitmask {
		return "", false
	}
	text := v.Text()
	if v.Kind() != ValueString {
		text = strconv.FormatInt(v.Int(), 10)
	}
	if name, ok := NameOf(s.Mapping, text); ok {
		return name, true
	}
	if s.Type == TypeBitmask && v.Int() > 0 {
		return s.bits(v.Int()), true
	}
	return "unknown(" + text + ")", true
}

func (s Symbol) bits(n int64) string {
	var names []string
	for bit := int64(1); bit > 0 && n > 0; bit <<= 1 {
		if n&bit == 0 {
			continue
		}
		n &^= bit
		name, ok := NameOf(s.Mapping, strconv.FormatInt(bit, 10))
		if !ok {
			name = "unknown(" + strconv.FormatInt(bit, 10) + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, ",")
}

// Fine reports whether a label of [Symbol.Label] is fine by the profile. It is not ok
// where the profile does not say: it names nothing fine, or holds one of its names for
// saying nothing, or has no name for it.
func (s Symbol) Fine(label string) (fine, ok bool) {
	if len(s.OK) == 0 {
		return false, false
	}
	fine = true
	for name := range strings.SplitSeq(label, ",") {
		if slices.Contains(s.Ignore, name) || strings.HasPrefix(name, "unknown(") {
			return false, false
		}
		fine = fine && slices.Contains(s.OK, name)
	}
	return fine, true
}

// NameOf returns the name of a value.
func NameOf(mapping []Mapped, value string) (string, bool) {
	for _, m := range mapping {
		if m.Value == value {
			return m.Name, true
		}
	}
	return "", false
}
