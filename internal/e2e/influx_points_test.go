// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"github.com/vouch-sla/vouch/internal/influxtest"
)

// pointSet is points with their fields as text, by measurement, tags and stamp.
type pointSet map[string]map[string]string

// points reads the lines of all batches.
func points(t *testing.T, leaves []leaf) pointSet {
	t.Helper()
	all := pointSet{}
	for _, l := range leaves {
		d := lineprotocol.NewDecoderWithBytes(l.Batch.Lines)
		for d.Next() {
			key, fields, err := decodePoint(d)
			if err != nil {
				t.Fatalf("batch %d of %s for %s: %v", l.Seq, l.Agent, l.Customer, err)
			}
			if all[key] != nil {
				t.Errorf("the ledgers have two points %s", key)
			}
			all[key] = fields
		}
	}
	return all
}

func decodePoint(d *lineprotocol.Decoder) (key string, fields map[string]string, err error) {
	m, err := d.Measurement()
	if err != nil {
		return "", nil, err
	}
	tags := map[string]string{}
	for {
		k, v, err := d.NextTag()
		if err != nil {
			return "", nil, err
		}
		if k == nil {
			break
		}
		tags[string(k)] = string(v)
	}
	fields, err = decodeFields(d)
	if err != nil {
		return "", nil, err
	}
	at, err := d.TimeBytes()
	return pointKey(string(m), tags, string(at)), fields, err
}

func decodeFields(d *lineprotocol.Decoder) (map[string]string, error) {
	fields := map[string]string{}
	for {
		k, v, err := d.NextField()
		if err != nil || k == nil {
			return fields, err
		}
		switch v.Kind() {
		case lineprotocol.Int:
			fields[string(k)] = strconv.FormatInt(v.IntV(), 10)
		case lineprotocol.Uint:
			// The server has no unsigned integers: it keeps the same bits.
			fields[string(k)] = strconv.FormatInt(int64(v.UintV()), 10)
		case lineprotocol.Float:
			fields[string(k)] = number(v.FloatV())
		default:
			fields[string(k)] = fmt.Sprint(v.Interface())
		}
	}
}

// number prints a floating-point number as an integer where it is one.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func pointKey(measurement string, tags map[string]string, at string) string {
	var b strings.Builder
	b.WriteString(measurement)
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		fmt.Fprintf(&b, ",%s=%s", k, tags[k])
	}
	return b.String() + " " + at
}

// stored reads everything that the server has.
func stored(t *testing.T, server *influxtest.Server) pointSet {
	t.Helper()
	all := pointSet{}
	for _, list := range server.Query(t, "SHOW MEASUREMENTS") {
		for _, row := range list.Values {
			for _, s := range server.Query(t, fmt.Sprintf(`SELECT * FROM %q GROUP BY *`, row[0])) {
				readSeries(t, all, s)
			}
		}
	}
	return all
}

func readSeries(t *testing.T, all pointSet, s influxtest.Series) {
	t.Helper()
	maps.DeleteFunc(s.Tags, func(_, v string) bool { return v == "" }) // a tag of other series of the measurement
	for _, row := range s.Values {
		fields, at := map[string]string{}, ""
		for i, v := range row {
			text := fmt.Sprint(v)
			if n, ok := v.(json.Number); ok && strings.ContainsAny(text, ".eE") {
				f, err := n.Float64()
				if err != nil {
					t.Fatal(err)
				}
				text = number(f)
			}
			switch {
			case s.Columns[i] == "time":
				at = text
			case v != nil:
				fields[s.Columns[i]] = text
			}
		}
		key := pointKey(s.Name, s.Tags, at)
		if all[key] != nil {
			t.Errorf("the server has two points %s", key)
		}
		all[key] = fields
	}
}

// compare reports every difference, though not more than a few of each kind.
func compare(t *testing.T, ledger, server pointSet) {
	t.Helper()
	t.Logf("%d points in the ledgers, %d in the server", len(ledger), len(server))
	const most = 5
	missing, extra, other := 0, 0, 0
	for _, k := range slices.Sorted(maps.Keys(ledger)) {
		got, ok := server[k]
		switch {
		case !ok:
			if missing++; missing <= most {
				t.Errorf("the server lacks %s", k)
			}
		case !maps.Equal(ledger[k], got):
			if other++; other <= most {
				t.Errorf("the server has %s with %v, want %v", k, got, ledger[k])
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(server)) {
		if ledger[k] == nil {
			if extra++; extra <= most {
				t.Errorf("the server has %s, which no ledger has", k)
			}
		}
	}
	if missing+extra+other > 0 || len(ledger) == 0 {
		t.Errorf("of %d points %d are missing, %d are different, and %d are in no ledger; want every one as it is", len(ledger), missing, other, extra)
	}
}
