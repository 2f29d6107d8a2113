// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"strconv"

	"github.com/vouch-sla/vouch"
)

// The JSON of a profile: all of it but how a device is recognised, which the agent
// has no use for.
type (
	profileJSON struct {
		Name        string        `json:"name"`
		Class       vouch.Class   `json:"class,omitempty"`
		Kind        string        `json:"kind,omitempty"`
		Facts       *factsJSON    `json:"facts,omitempty"`
		Uptime      []vouch.Clock `json:"uptime,omitempty"`
		NoBulk      bool          `json:"no_bulk,omitempty"`
		Repetitions int           `json:"repetitions,omitempty"`
		Scalars     []symbolJSON  `json:"scalars,omitempty"`
		Tables      []tableJSON   `json:"tables,omitempty"`
		Traps       []trapJSON    `json:"traps,omitempty"`
	}
	factsJSON struct {
		Vendor  []sourceJSON `json:"vendor,omitempty"`
		Model   []sourceJSON `json:"model,omitempty"`
		Version []sourceJSON `json:"version,omitempty"`
		Serial  []sourceJSON `json:"serial,omitempty"`
	}
	sourceJSON struct {
		Value       string       `json:"value,omitempty"`
		OID         string       `json:"oid,omitempty"`
		Extract     string       `json:"extract,omitempty"`
		Mapping     []mappedJSON `json:"mapping,omitempty"`
		Where       string       `json:"where,omitempty"`
		WhereEquals string       `json:"where_equals,omitempty"`
	}
	symbolJSON struct {
		OID     string           `json:"oid,omitempty"`
		Name    string           `json:"name"`
		Type    vouch.SymbolType `json:"type,omitempty"`
		Unit    string           `json:"unit,omitempty"`
		Bits    int              `json:"bits,omitempty"`
		Scale   string           `json:"scale,omitempty"` // decimal: canonical JSON has whole numbers alone
		Extract string           `json:"extract,omitempty"`
		Mapping []mappedJSON     `json:"mapping,omitempty"`
		OK      []string         `json:"ok,omitempty"`
		Ignore  []string         `json:"ignore,omitempty"`
		Index   int              `json:"index,omitempty"`
	}
	tableJSON struct {
		Name    string       `json:"name"`
		Columns []symbolJSON `json:"columns,omitempty"`
		Tags    []symbolJSON `json:"tags,omitempty"`
		MaxRows int          `json:"max_rows,omitempty"`
		Rules   []ruleJSON   `json:"rules,omitempty"`
	}
	ruleJSON struct {
		Tag    string `json:"tag"`
		Match  string `json:"match"`
		Except bool   `json:"except,omitempty"`
	}
	mappedJSON struct {
		Value string `json:"value"`
		Name  string `json:"name"`
	}
	trapJSON struct {
		OID  string `json:"oid"`
		Name string `json:"name"`
	}
)

func profileToJSON(p vouch.Profile) profileJSON {
	j := profileJSON{
		Name: p.Name, Class: p.Class, Kind: p.Kind, Uptime: each(p.Uptime, same), NoBulk: p.NoBulk, Repetitions: p.Repetitions,
		Scalars: each(p.Scalars, symbolToJSON),
		Tables: each(p.Tables, func(t vouch.Table) tableJSON {
			return tableJSON{t.Name, each(t.Columns, symbolToJSON), each(t.Tags, symbolToJSON), t.MaxRows, each(t.Rules, ruleToJSON)}
		}),
		Traps: each(p.Traps, func(t vouch.Trap) trapJSON { return trapJSON(t) }),
	}
	f := factsJSON{each(p.Facts.Vendor, sourceToJSON), each(p.Facts.Model, sourceToJSON), each(p.Facts.Version, sourceToJSON), each(p.Facts.Serial, sourceToJSON)}
	if len(f.Vendor)+len(f.Model)+len(f.Version)+len(f.Serial) > 0 {
		j.Facts = &f
	}
	return j
}

func profileFromJSON(j profileJSON) vouch.Profile {
	p := vouch.Profile{
		Name: j.Name, Class: j.Class, Kind: j.Kind, Uptime: each(j.Uptime, same), NoBulk: j.NoBulk, Repetitions: j.Repetitions,
		Scalars: each(j.Scalars, symbolFromJSON),
		Tables: each(j.Tables, func(t tableJSON) vouch.Table {
			return vouch.Table{Name: t.Name, Columns: each(t.Columns, symbolFromJSON), Tags: each(t.Tags, symbolFromJSON), MaxRows: t.MaxRows, Rules: each(t.Rules, ruleFromJSON)}
		}),
		Traps: each(j.Traps, func(t trapJSON) vouch.Trap { return vouch.Trap(t) }),
	}
	if f := j.Facts; f != nil {
		p.Facts = vouch.DeviceFacts{
			Vendor: each(f.Vendor, sourceFromJSON), Model: each(f.Model, sourceFromJSON),
			Version: each(f.Version, sourceFromJSON), Serial: each(f.Serial, sourceFromJSON),
		}
	}
	return p
}

func sourceToJSON(s vouch.FactSource) sourceJSON {
	return sourceJSON{s.Value, s.OID, s.Extract, each(s.Mapping, mappedToJSON), s.Where, s.WhereEquals}
}

func sourceFromJSON(j sourceJSON) vouch.FactSource {
	return vouch.FactSource{
		Value: j.Value, OID: j.OID, Extract: j.Extract, Mapping: each(j.Mapping, mappedFromJSON), Where: j.Where, WhereEquals: j.WhereEquals,
	}
}

func symbolToJSON(s vouch.Symbol) symbolJSON {
	scale := ""
	if s.Scale != 0 {
		scale = strconv.FormatFloat(s.Scale, 'g', -1, 64)
	}
	return symbolJSON{s.OID, s.Name, s.Type, s.Unit, s.Bits, scale, s.Extract, each(s.Mapping, mappedToJSON), each(s.OK, same), each(s.Ignore, same), s.Index}
}

func symbolFromJSON(j symbolJSON) vouch.Symbol {
	scale, err := strconv.ParseFloat(j.Scale, 64)
	if err != nil {
		scale = 0 // none
	}
	return vouch.Symbol{
		OID: j.OID, Name: j.Name, Type: j.Type, Unit: j.Unit, Bits: j.Bits, Scale: scale, Extract: j.Extract,
		Mapping: each(j.Mapping, mappedFromJSON), OK: each(j.OK, same), Ignore: each(j.Ignore, same), Index: j.Index,
	}
}

func mappedToJSON(m vouch.Mapped) mappedJSON   { return mappedJSON(m) }
func mappedFromJSON(j mappedJSON) vouch.Mapped { return vouch.Mapped(j) }

func ruleToJSON(r vouch.Rule) ruleJSON   { return ruleJSON(r) }
func ruleFromJSON(j ruleJSON) vouch.Rule { return vouch.Rule(j) }
