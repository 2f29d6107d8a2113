// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"net/url"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/report"
	"github.com/vouch-sla/vouch/statement"
)

// ReportKind names a report that a page shows.
type ReportKind string

const (
	ReportIncidents ReportKind = "incidents" // how incidents were handled over a period
	ReportBase      ReportKind = "base"      // the installed base now, whatever the period
)

// paperwork is a report as a view.
type paperwork struct{ report.Report }

func (p paperwork) owners() []ownerID { return []ownerID{p.Of()} }

// reportModel is what the template of a report reads.
type reportModel struct {
	Lang, Download string
	Files          []link
	Other          link
	OtherLang      string
	Back           link // to the statement of the same period
	Sheet          template.HTML
}

// report reads which report is asked for, and gets it.
func (s *server) report(r *http.Request, v Viewer) (paperwork, error) {
	c, err := customer(r, v)
	if err != nil {
		return paperwork{}, err
	}
	kind := ReportKind(r.PathValue("kind"))
	if kind != ReportIncidents && kind != ReportBase {
		return paperwork{}, ErrNotFound
	}
	p, err := statementPeriod(r)
	if err != nil {
		return paperwork{}, err
	}
	x, err := s.reader.Report(r.Context(), v, c, kind, p)
	return paperwork{x}, err
}

func (s *server) reportPage(r *http.Request, v Viewer) (sheet, error) {
	lang, err := language(r)
	if err != nil {
		return sheet{}, err
	}
	p, err := s.report(r, v)
	if err != nil {
		return sheet{}, err
	}
	m := reportModel{Lang: string(lang), Download: "Download", OtherLang: "nl", Other: link{Word: "Nederlands"}, Back: link{Word: "Statement"}}
	if lang == statement.Dutch {
		m.Download, m.OtherLang, m.Other.Word, m.Back.Word = "Downloaden", "en", "English", "Verklaring"
	}
	m.Other.Path = r.URL.Path + "?" + with(r.URL, "lang", m.OtherLang).Encode()
	m.Back.Path = statementHref(p.Of(), r.URL)
	for _, f := range []link{{Path: "html", Word: "HTML"}, {Path: "csv", Word: "CSV"}, {Path: "json", Word: "JSON"}} {
		q := with(r.URL, "format", f.Path)
		q.Set("lang", string(lang))
		m.Files = append(m.Files, link{Path: "/api/v1" + r.URL.Path + "?" + q.Encode(), Word: f.Word})
	}
	m.Sheet = report.Article(p.Report, lang)
	return sheet{view: p, name: "report", title: p.Sheet(lang).Title, nav: "/statement/" + string(p.Of()), lang: string(lang), style: sheetCSS,
		asOf: AsOf{Now: s.opts.Now()}, frozen: true, model: m}, nil
}

// statementHref leads to the statement of the period that an address names.
func statementHref(c vouch.CustomerID, at *url.URL) string {
	return periodHref("/statement/"+string(c), at)
}

// periodHref is a path with the period and the language of another address.
func periodHref(path string, at *url.URL) string {
	q := url.Values{}
	for _, name := range []string{"month", "from", "to", "lang"} {
		if x := at.Query().Get(name); x != "" {
			q.Set(name, x)
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// reportFile is a report in one of its forms.
type reportFile struct {
	paperwork
	body              []byte
	contentType, name string
}

func (f reportFile) file() (body []byte, kind, name string) { return f.body, f.contentType, f.name }

// reportJSON sends a report: as JSON, or as the file that the parameter format asks for.
func (s *server) reportJSON(r *http.Request, v Viewer) (owned, error) {
	lang, err := language(r)
	if err != nil {
		return nil, err
	}
	p, err := s.report(r, v)
	if err == nil {
		err = guard(v, p)
	}
	if err != nil {
		return nil, err
	}
	f := reportFile{paperwork: p, contentType: "application/json; charset=utf-8"}
	asked := r.URL.Query().Get("format")
	switch cmp.Or(asked, "json") {
	case "json":
		f.body = report.JSON(p.Report)
	case "csv":
		f.body, f.contentType = report.CSV(p.Report), "text/csv; charset=utf-8"
	case "html":
		f.body, f.contentType = report.HTML(p.Report, lang), "text/html; charset=utf-8"
	default:
		return nil, fmt.Errorf("%w: format %.20q: allowed are html, csv and json", ErrBadRequest, asked)
	}
	if asked != "" {
		f.name = string(p.Of()) + "-" + r.PathValue("kind")
		if m := r.URL.Query().Get("month"); m != "" {
			f.name += "-" + m
		}
		f.name += "." + asked
	}
	return f, nil
}
