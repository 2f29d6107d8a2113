// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"

	"github.com/vouch-sla/vouch/statement"
	"github.com/vouch-sla/vouch/statement/pdf"
)

// formatPDF is a form that package statement does not have: [pdf.Render] draws it.
const formatPDF = "pdf"

// statementPDF sends a statement as a PDF file.
func (s *server) statementPDF(r *http.Request, v Viewer, lang statement.Language) (owned, error) {
	p, err := s.statement(r, v)
	if err == nil {
		err = guard(v, p) // before anything is drawn
	}
	if err != nil {
		return nil, err
	}
	body, err := pdf.Render(p.Statement, lang)
	if err != nil {
		return nil, err
	}
	return drawnFile{p, body, statementFile{p, formatPDF, lang, ""}.filename()}, nil
}

// drawnFile is a statement that was drawn.
type drawnFile struct {
	paper
	body []byte
	name string
}

func (f drawnFile) file() (body []byte, kind, name string) {
	return f.body, "application/pdf", f.name
}
