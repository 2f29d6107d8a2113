// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package influxtest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/internal/influxtest"
)

// The helper is only worth something if what was written before a stop or a kill is
// counted after it, and if a second write of the same points counts once.
func TestServerKeepsWhatItAcknowledged(t *testing.T) {
	s := influxtest.Start(t)
	write := func(lines string) {
		t.Helper()
		q := url.Values{"bucket": {influxtest.Bucket}, "org": {influxtest.Org}, "precision": {"ms"}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/api/v2/write?"+q.Encode(), strings.NewReader(lines))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Token "+influxtest.Token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusNoContent {
			t.Fatalf("write answered %s", resp.Status)
		}
	}
	want := func(n int64) {
		t.Helper()
		if got := s.Counts(t)["m"]["v"]; got != n {
			t.Errorf("count of m.v = %d, want %d", got, n)
		}
	}
	write("m v=1i 1000\nm v=2i 2000")
	s.Kill(t)
	if s.Running() {
		t.Fatal("Running() = true after Kill, want false")
	}
	s.Restart(t)
	want(2)
	write("m v=2i 2000\nm v=3i 3000")
	s.Stop(t)
	s.Restart(t)
	want(3)
}

func TestFindSaysWhatToDo(t *testing.T) {
	t.Setenv("VOUCH_INFLUXD", "/nonexistent/influxd")
	if p, err := influxtest.Find(); err == nil || !strings.Contains(err.Error(), "VOUCH_INFLUXD") {
		t.Errorf("Find() = %q, %v, want an error that names VOUCH_INFLUXD", p, err)
	}
}
