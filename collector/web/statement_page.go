// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/statement"
)

// paper is a statement as a view. Package statement writes all of it: the page shows
// its sheet, and /api/v1/ sends the forms that it has.
type paper struct{ statement.Statement }

func (p paper) owners() []ownerID { return []ownerID{p.Customer} }

// zone is the statement's zone, for names such as CEST. Where the machine does not
// know it, the offset that each time carries is used.
func (p paper) zone() *time.Location {
	if loc, err := time.LoadLocation(p.Timezone); err == nil {
		return loc
	}
	return p.From.Time().Location()
}

// statementModel is what the template of a statement reads.
type statementModel struct {
	Lang, Download string
	Files          []link
	Reports        []link // beside the statement, of the same period
	Other          link   // the same in the other language
	OtherLang      string // and its code
	Now            link   // the figures as they are now, from a version that was issued
	Issued         string // heading of the list
	Versions       []versionLine
	Sheet          template.HTML
}

// versionLine is one version that was issued.
type versionLine struct {
	Name, At, Reason string
	Path             string
	Here             bool // it is the one that is shown
	Evidence         link
}

func (s *server) statementPage(r *http.Request, v Viewer) (sheet, error) {
	lang, err := language(r)
	if err != nil {
		return sheet{}, err
	}
	p, err := s.statement(r, v)
	if err != nil {
		return sheet{}, err
	}
	c, err := customer(r, v)
	if err != nil {
		return sheet{}, err
	}
	period, err := statementPeriod(r)
	if err != nil {
		return sheet{}, err
	}
	issued, err := s.reader.Issued(r.Context(), v, c, period)
	if err != nil {
		return sheet{}, err
	}
	m := p.model(lang, r.URL)
	m.versions(p, issued, lang, r.URL)
	return sheet{
		view: p, name: "statement", title: p.Title(lang), nav: "/statement/" + string(p.Customer), lang: string(lang), style: sheetCSS,
		asOf: AsOf{Now: p.AsOf.Time(), Zone: Zone{p.zone()}}, frozen: true, model: m,
	}, nil
}

func (p paper) model(lang statement.Language, at *url.URL) statementModel {
	m := statementModel{Lang: string(lang), Download: "Download", OtherLang: "nl", Other: link{Word: "Nederlands"}}
	words := map[statement.Format]string{formatPDF: "PDF", statement.FormatHTML: "HTML", statement.FormatText: "Text", statement.FormatCSV: "CSV", statement.FormatJSON: "JSON"}
	if lang == statement.Dutch {
		m.Download, m.OtherLang, m.Other.Word = "Downloaden", "en", "English"
		words[statement.FormatText] = "Tekst"
	}
	m.Other.Path = at.Path + "?" + with(at, "lang", m.OtherLang).Encode()
	for _, f := range []statement.Format{formatPDF, statement.FormatHTML, statement.FormatText, statement.FormatCSV, statement.FormatJSON} {
		q := with(at, "format", string(f))
		q.Set("lang", string(lang))
		m.Files = append(m.Files, link{Path: "/api/v1" + at.Path + "?" + q.Encode(), Word: words[f]})
	}
	performance := "Incident performance"
	if lang == statement.Dutch {
		performance = "Afhandeling van incidenten"
	}
	m.Reports = []link{{Path: periodHref("/report/incidents/"+string(p.Customer), at), Word: performance}, {Path: periodHref("/report/base/"+string(p.Customer), at), Word: "Installed base"}}
	m.Sheet = p.Sheet(lang, func(id string) string { return incidentHref(p.Customer, id) })
	return m
}

// versions lists what was issued of the period, each with all its evidence in one file.
func (m *statementModel) versions(p paper, issued []Issued, lang statement.Language, at *url.URL) {
	version, evidence, now := "version", "Evidence (zip)", "The figures as they are now"
	m.Issued = "Issued"
	if lang == statement.Dutch {
		version, evidence, now, m.Issued = "versie", "Bewijs (zip)", "De cijfers zoals ze nu zijn", "Uitgegeven"
	}
	for _, i := range issued {
		m.Versions = append(m.Versions, versionLine{
			Name: fmt.Sprintf("%s %s %d", i.Number, version, i.Version), At: i.At.In(p.zone()).Format("2006-01-02 15:04"), Reason: i.Reason,
			Path: at.Path + "?" + with(at, "version", strconv.Itoa(i.Version)).Encode(), Here: p.Number == i.Number && p.Revision == i.Version,
			Evidence: link{Path: i.Bundle, Word: evidence},
		})
	}
	if p.Revision > 0 {
		q := at.Query()
		q.Del("version")
		m.Now = link{Path: at.Path + "?" + q.Encode(), Word: now}
	}
}

// with is the query of an address with one parameter set.
func with(at *url.URL, name, value string) url.Values {
	q := at.Query()
	q.Set(name, value)
	return q
}

// language is the value of the parameter lang.
func language(r *http.Request) (statement.Language, error) {
	lang, err := statement.ParseLanguage(cmp.Or(r.URL.Query().Get("lang"), "en"))
	if err != nil {
		return lang, fmt.Errorf("%w: %v", ErrBadRequest, err)
	}
	return lang, nil
}

// statementFile is a statement in one of its forms, to be kept as a file.
type statementFile struct {
	paper
	format statement.Format
	lang   statement.Language
	name   string
}

// statementJSON sends a statement: as JSON, or as the file that the parameter format
// asks for.
func (s *server) statementJSON(r *http.Request, v Viewer) (owned, error) {
	lang, err := language(r)
	if err != nil {
		return nil, err
	}
	asked := r.URL.Query().Get("format")
	if asked == formatPDF {
		return s.statementPDF(r, v, lang)
	}
	format, err := statement.ParseFormat(cmp.Or(asked, "json"))
	if err != nil {
		return nil, fmt.Errorf("%w: %v, and pdf", ErrBadRequest, err)
	}
	p, err := s.statement(r, v)
	if err != nil {
		return nil, err
	}
	f := statementFile{p, format, lang, ""}
	if asked != "" {
		f.name = f.filename()
	}
	return f, nil
}

// filename is that of a download: by number and version, or by customer and period.
func (f statementFile) filename() string {
	name := fmt.Sprintf("%s-%.10s-%.10s-%s", f.Customer, f.From, f.To, f.State)
	if vouch.ValidID(f.Number) == nil {
		name = fmt.Sprintf("%s-v%d", f.Number, f.Revision)
	}
	switch f.format {
	case statement.FormatHTML, formatPDF:
		return name + "." + string(f.lang) + "." + string(f.format)
	case statement.FormatText:
		return name + "." + string(f.lang) + ".txt"
	}
	return name + "." + string(f.format)
}

// file is what is sent.
func (f statementFile) file() (body []byte, kind, name string) {
	kind = map[statement.Format]string{statement.FormatHTML: "text/html", statement.FormatText: "text/plain", statement.FormatCSV: "text/csv", statement.FormatJSON: "application/json"}[f.format]
	return f.Render(f.format, f.lang), kind + "; charset=utf-8", f.name
}
