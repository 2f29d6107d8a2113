// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch

// Profile says what is read from a device over SNMP beside the system group.
type Profile struct {
	Name    string
	Class   Class
	Scalars []Symbol
	Tables  []Table
}

// Symbol is one object of a MIB with the name and type under which it is stored.
type Symbol struct {
	OID  string // numeric, without a leading dot; scalars end in their instance (".0")
	Name string // field name
	Type SymbolType
}

// SymbolType says how a value is stored. It is never inferred from the wire,
// because devices lie there.
type SymbolType string

const (
	TypeGauge   SymbolType = "gauge"   // signed or unsigned number that moves both ways
	TypeCounter SymbolType = "counter" // unsigned, only grows, wraps at its width
	TypeState   SymbolType = "state"   // an enumeration, stored as its number
	TypeText    SymbolType = "text"
	TypeTicks   SymbolType = "timeticks" // hundredths of a second
)

// Table is a set of columns that share an index. Every column is read in the same
// GETBULK requests; one point comes of each row.
type Table struct {
	Name    string // measurement name
	Columns []Symbol
	Tags    []Symbol // columns stored as tags
	MaxRows int      // rows read at most; 0 means 512
}
