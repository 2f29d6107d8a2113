// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package influxtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// queryLimit bounds one query.
const queryLimit = 60 * time.Second

// Series is one series of an answer. Numbers are [json.Number], so that 64 bits
// survive; time stamps are milliseconds since 1970.
type Series struct {
	Name    string            `json:"name"`
	Tags    map[string]string `json:"tags"`
	Columns []string          `json:"columns"`
	Values  [][]any           `json:"values"`
}

// Query runs one InfluxQL query on [Database].
func (s *Server) Query(t testing.TB, q string) []Series {
	t.Helper()
	return s.statement(t, Token, q)
}

// Counts tells how many values each field of each measurement has. A measurement
// whose lines all have a field in common has as many points as that field has values.
func (s *Server) Counts(t testing.TB) map[string]map[string]int64 {
	t.Helper()
	counts := map[string]map[string]int64{}
	var queries []string
	for _, series := range s.Query(t, "SHOW MEASUREMENTS") {
		for _, row := range series.Values {
			// One query each: over several measurements InfluxQL drops a field that has
			// different types in them.
			queries = append(queries, "SELECT COUNT(*) FROM "+quote(row[0].(string)))
		}
	}
	for _, series := range s.Query(t, strings.Join(queries, ";")) {
		fields := map[string]int64{}
		for i, col := range series.Columns {
			field, ok := strings.CutPrefix(col, "count_")
			if !ok || len(series.Values) == 0 {
				continue
			}
			number, _ := series.Values[0][i].(json.Number) // null for a field without values
			n, err := number.Int64()
			if number != "" && err != nil {
				t.Fatalf("count of %s.%s: %v", series.Name, field, err)
			}
			fields[field] = n
		}
		counts[series.Name] = fields
	}
	return counts
}

// quote makes an InfluxQL identifier.
func quote(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// statement runs one InfluxQL statement; an empty token means no authentication.
func (s *Server) statement(t testing.TB, token, q string) []Series {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), queryLimit)
	defer cancel()
	form := url.Values{"q": {q}, "epoch": {"ms"}}
	if token != "" {
		form.Set("db", Database)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/query", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		req.Header.Set("Authorization", "Token "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("query %.80q: %v", q, err)
	}
	defer func() { _ = resp.Body.Close() }()
	series, err := decode(resp)
	if err != nil {
		t.Fatalf("query %.80q: %v", q, err)
	}
	return series
}

func decode(resp *http.Response) ([]Series, error) {
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return nil, fmt.Errorf("%s: %s", resp.Status, text)
	}
	var answer struct {
		Error   string
		Results []struct {
			Error  string
			Series []Series
		}
	}
	d := json.NewDecoder(resp.Body)
	d.UseNumber()
	if err := d.Decode(&answer); err != nil {
		return nil, err
	}
	var all []Series
	for _, r := range answer.Results {
		if r.Error != "" {
			return nil, fmt.Errorf("%s", r.Error)
		}
		all = append(all, r.Series...)
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("%s", answer.Error)
	}
	return all, nil
}
