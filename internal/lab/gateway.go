// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import "fmt"

// Gateway returns the walk of a made-up gateway with the number of interfaces, all
// columns of ifTable and ifXTable, two storage areas and two processors: 435 objects
// at ten interfaces. Benchmarks and tests of large tables use it.
func Gateway(interfaces int) Walk {
	g := generator{}
	system := "1.3.6.1.2.1.1."
	g.text(system+"1.0", "Simulated router, software 15.2(4)M, build 20260101")
	g.oid(system+"2.0", "1.3.6.1.4.1.8072.3.2.10")
	g.number(system+"3.0", tagTimeTicks, 123456789)
	g.text(system+"4.0", "noc@provider.example")
	g.text(system+"5.0", "edge-0001")
	g.text(system+"6.0", "site A, rack 3")
	g.number(system+"7.0", tagInteger, 78)
	g.number("1.3.6.1.2.1.2.1.0", tagInteger, uint64(interfaces))
	for r := 1; r <= interfaces; r++ {
		g.ifRow(uint64(r))
		g.ifXRow(uint64(r))
	}
	g.number("1.3.6.1.2.1.25.1.1.0", tagTimeTicks, 123456789)
	for r := uint64(1); r <= 2; r++ {
		g.hostRow(r)
	}
	w, err := sorted(g.walk)
	if err != nil {
		panic("lab: " + err.Error())
	}
	return w
}

type generator struct{ walk Walk }

func (g *generator) add(oid string, tag byte, content []byte) {
	name, err := ParseOID(oid)
	if err != nil {
		panic("lab: " + err.Error())
	}
	g.walk = append(g.walk, Var{OID: name, Tag: tag, Value: content})
}

func (g *generator) text(oid, s string) { g.add(oid, tagOctetString, []byte(s)) }

func (g *generator) number(oid string, tag byte, v uint64) { g.add(oid, tag, appendUint(nil, v)) }

func (g *generator) oid(oid, value string) {
	v, err := ParseOID(value)
	if err != nil {
		panic("lab: " + err.Error())
	}
	g.add(oid, tagOID, appendOID(nil, v))
}

func (g *generator) ifRow(r uint64) {
	at := func(column int) string { return fmt.Sprintf("1.3.6.1.2.1.2.2.1.%d.%d", column, r) }
	g.number(at(1), tagInteger, r)
	g.text(at(2), fmt.Sprintf("GigabitEthernet0/%d", r))
	g.number(at(3), tagInteger, 6)
	g.number(at(4), tagInteger, 1500)
	g.number(at(5), tagGauge32, 1_000_000_000)
	g.add(at(6), tagOctetString, []byte{0x02, 0, 0, 0, byte(r >> 8), byte(r)})
	g.number(at(7), tagInteger, 1)
	g.number(at(8), tagInteger, 1+r/10%2)
	g.number(at(9), tagTimeTicks, 1234)
	for column := 10; column <= 20; column++ {
		g.number(at(column), tagCounter32, r*uint64(column)*1_000_003)
	}
	g.number(at(21), tagGauge32, 0)
	g.oid(at(22), "0.0")
}

func (g *generator) ifXRow(r uint64) {
	at := func(column int) string { return fmt.Sprintf("1.3.6.1.2.1.31.1.1.1.%d.%d", column, r) }
	g.text(at(1), fmt.Sprintf("Gi0/%d", r))
	for column := 2; column <= 5; column++ {
		g.number(at(column), tagCounter32, r*uint64(column))
	}
	for column := 6; column <= 13; column++ {
		g.number(at(column), tagCounter64, 15_485_863*r*uint64(column)*1000)
	}
	g.number(at(14), tagInteger, 1)
	g.number(at(15), tagGauge32, 1000)
	g.number(at(16), tagInteger, 2)
	g.number(at(17), tagInteger, 1)
	g.text(at(18), fmt.Sprintf("uplink customer %d", r))
	g.number(at(19), tagTimeTicks, 0)
}

func (g *generator) hostRow(r uint64) {
	storage := func(column int) string { return fmt.Sprintf("1.3.6.1.2.1.25.2.3.1.%d.%d", column, r) }
	g.number(storage(1), tagInteger, r)
	g.oid(storage(2), "1.3.6.1.2.1.25.2.1.2")
	g.text(storage(3), "Physical memory")
	g.number(storage(4), tagInteger, 1024)
	g.number(storage(5), tagInteger, 524288)
	g.number(storage(6), tagInteger, 100000+r*37)
	processor := func(column int) string { return fmt.Sprintf("1.3.6.1.2.1.25.3.3.1.%d.%d", column, r) }
	g.oid(processor(1), "0.0")
	g.number(processor(2), tagInteger, 17+r)
}
