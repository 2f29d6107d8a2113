// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package admin

// Paths of what is handed to people as a file.
const (
	PathStatementPDF    = "/statement/pdf"
	PathReportIncidents = "/report/incidents"
	PathReportCredit    = "/report/credit"
	PathReportBase      = "/report/base"
)
