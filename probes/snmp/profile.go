// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import "github.com/vouch-sla/vouch"

// Columns of IF-MIB (RFC 2863).
const (
	ifEntry  = "1.3.6.1.2.1.2.2.1."
	ifXEntry = "1.3.6.1.2.1.31.1.1.1."

	ifDescr        = ifEntry + "2"
	ifSpeed        = ifEntry + "5"
	ifInOctets     = ifEntry + "10"
	ifInUcastPkts  = ifEntry + "11"
	ifOutOctets    = ifEntry + "16"
	ifOutUcastPkts = ifEntry + "17"

	ifName           = ifXEntry + "1"
	ifHCInOctets     = ifXEntry + "6"
	ifHCInUcastPkts  = ifXEntry + "7"
	ifHCOutOctets    = ifXEntry + "10"
	ifHCOutUcastPkts = ifXEntry + "11"
	ifHighSpeed      = ifXEntry + "15"
	ifAlias          = ifXEntry + "18"
)

// Generic returns the profile for a device of which nothing more is known: the
// interfaces by IF-MIB, thirteen columns. The fields are admin_status and oper_status
// (as the MIB numbers them), in_ and out_ with discards, errors, octets and
// ucast_pkts (counters), and speed_mbps; the tags are ifName and ifAlias.
func Generic() *vouch.Profile {
	return &vouch.Profile{Name: "generic", Class: vouch.ClassOther, Tables: []vouch.Table{{
		Name: "interface",
		Columns: []vouch.Symbol{
			{OID: ifEntry + "7", Name: "admin_status", Type: vouch.TypeState},
			{OID: ifEntry + "8", Name: "oper_status", Type: vouch.TypeState},
			{OID: ifEntry + "13", Name: "in_discards", Type: vouch.TypeCounter, Bits: 32},
			{OID: ifEntry + "14", Name: "in_errors", Type: vouch.TypeCounter, Bits: 32},
			{OID: ifEntry + "19", Name: "out_discards", Type: vouch.TypeCounter, Bits: 32},
			{OID: ifEntry + "20", Name: "out_errors", Type: vouch.TypeCounter, Bits: 32},
			{OID: ifHCInOctets, Name: "in_octets", Type: vouch.TypeCounter},
			{OID: ifHCInUcastPkts, Name: "in_ucast_pkts", Type: vouch.TypeCounter},
			{OID: ifHCOutOctets, Name: "out_octets", Type: vouch.TypeCounter},
			{OID: ifHCOutUcastPkts, Name: "out_ucast_pkts", Type: vouch.TypeCounter},
			{OID: ifHighSpeed, Name: "speed_mbps", Type: vouch.TypeGauge},
		},
		Tags: []vouch.Symbol{
			{OID: ifName, Name: "ifName", Type: vouch.TypeText},
			{OID: ifAlias, Name: "ifAlias", Type: vouch.TypeText},
		},
	}}}
}

// substitute is the older column that stands in where a device lacks a newer one,
// and what its value is divided by.
type substitute struct {
	oid     string
	divisor uint64
}

// substituteFor returns the column of ifTable that stands in for a column of
// ifXTable: a third of all devices have no ifXTable, and some have it for some rows
// alone. Who makes a rate has to know that its counters wrap at 2^32: the point says so.
func substituteFor(column string) (substitute, bool) {
	switch column {
	case ifName:
		return substitute{ifDescr, 1}, true
	case ifHCInOctets:
		return substitute{ifInOctets, 1}, true
	case ifHCInUcastPkts:
		return substitute{ifInUcastPkts, 1}, true
	case ifHCOutOctets:
		return substitute{ifOutOctets, 1}, true
	case ifHCOutUcastPkts:
		return substitute{ifOutUcastPkts, 1}, true
	case ifHighSpeed:
		return substitute{ifSpeed, 1_000_000}, true
	}
	return substitute{}, false
}
