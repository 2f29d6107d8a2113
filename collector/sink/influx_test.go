// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sink_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/sink"
)

const token = "vouch:very-secret-token"

func open(t *testing.T, url string) *sink.InfluxWriter {
	t.Helper()
	w, err := sink.Influx{URL: url, Org: "o", Bucket: "db/rp", Token: token}.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		conf sink.Influx
		want string
	}{
		{sink.Influx{Bucket: "b"}, "want one like"},
		{sink.Influx{URL: "localhost:8086", Bucket: "b"}, "want one like"},
		{sink.Influx{URL: "http://user:pass%zz@host", Bucket: "b"}, "cannot be read"},
		{sink.Influx{URL: "http://user:password@host", Bucket: "b"}, "use the token"},
		{sink.Influx{URL: "http://host"}, "bucket is missing"},
	}
	for _, tt := range tests {
		_, err := tt.conf.Open()
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "pass%zz") {
			t.Errorf("Open(%q) = %v, want %q and no secret", tt.conf.URL, err, tt.want)
		}
	}
}

func TestWriteClassifiesAnswers(t *testing.T) {
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		class  sink.Class
		after  time.Duration
		say    string
	}{
		{name: "busy", status: 429, header: http.Header{"Retry-After": {"17"}}, class: sink.Temporary, after: 17 * time.Second, say: "429"},
		{name: "busy, bad header", status: 429, header: http.Header{"Retry-After": {"soon"}}, class: sink.Temporary, say: "429"},
		{name: "down", status: 503, class: sink.Temporary, say: "503"},
		{name: "timeout", status: 408, class: sink.Temporary, say: "408"},
		{name: "unknown retention policy", status: 500, body: `{"error":"retention policy not found: x"}`, class: sink.Temporary, say: "500"},
		{name: "partial", status: 400, body: `{"code":"invalid","message":"partial write: field type conflict dropped=1"}`, class: sink.Partial, say: "field type conflict"},
		{name: "unparsable", status: 400, body: `{"code":"invalid","message":"unable to parse 'x': missing fields"}`, class: sink.Refused, say: "missing fields"},
		{name: "unprocessable", status: 422, class: sink.Refused, say: "422"},
		{name: "large", status: 413, class: sink.TooLarge, say: "413"},
		{name: "token", status: 401, class: sink.Configuration, say: "check the token"},
		{name: "rights", status: 403, body: `{"code":"forbidden","message":"` + token + ` may not"}`, class: sink.Configuration, say: `[redacted] may not`},
		{name: "bucket", status: 404, body: `{"code":"not found","message":"bucket \"b\" not found"}`, class: sink.Configuration, say: `check that bucket "db/rp"`},
		{name: "redirect", status: 307, header: http.Header{"Location": {"http://elsewhere.example/"}}, class: sink.Configuration, say: "elsewhere.example"},
		{name: "huge answer", status: 400, body: strings.Repeat("x", 10<<20), class: sink.Refused, say: "400"},
		{name: "binary answer", status: 400, body: "a\x00b\nc", class: sink.Refused, say: "400"},
		{name: "teapot", status: 418, class: sink.Configuration, say: "418"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/ping" {
					return
				}
				if strings.HasPrefix(tt.body, "{") {
					w.Header().Set("Content-Type", "application/json")
				}
				for k, v := range tt.header {
					w.Header()[k] = v
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			defer srv.Close()
			err := open(t, srv.URL).Write(t.Context(), []byte("m v=1i 1\n"))
			var e *sink.Error
			if !errors.As(err, &e) {
				t.Fatalf("Write() = %v, want a *sink.Error", err)
			}
			if e.Class != tt.class || e.After != tt.after || !strings.Contains(e.Sentence, tt.say) {
				t.Errorf("Write() = class %d after %v: %s, want class %d after %v with %q", e.Class, e.After, e.Sentence, tt.class, tt.after, tt.say)
			}
			if len(e.Sentence) > 1000 || strings.Contains(e.Sentence, "secret") || strings.ContainsAny(e.Sentence, "\x00\n") {
				t.Errorf("Write() = %.200q (%d bytes), want one short line without secrets", e.Sentence, len(e.Sentence))
			}
		})
	}
}

func TestWriteWithoutAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<html>Welcome</html>")
	}))
	defer page.Close()
	reset := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	}))
	defer reset.Close()
	tests := []struct {
		name, url string
		class     sink.Class
		say       string
	}{
		{"nobody listens", "http://" + l.Addr().String(), sink.Temporary, "connection refused"},
		{"a web page", page.URL, sink.Configuration, "web page"},
		{"reset", reset.URL, sink.Temporary, ""},
	}
	for _, tt := range tests {
		err := open(t, tt.url).Write(t.Context(), []byte("m v=1i 1\n"))
		var e *sink.Error
		if !errors.As(err, &e) || e.Class != tt.class || !strings.Contains(e.Sentence, tt.say) || strings.Contains(e.Sentence, "bucket=") {
			t.Errorf("%s: Write() = %v, want class %d with %q", tt.name, err, tt.class, tt.say)
		}
	}
}

func TestWriteSendsWhatTheStoreUnderstands(t *testing.T) {
	const asIs, signed = "m v=5u,w=18446744073709551615u 1\n", "m v=5i,w=-1i 1\n"
	tests := []struct {
		version string
		refuses bool
		want    string
	}{
		{"1.8.10", true, signed},
		{"v2.7.1", false, asIs},
		{"3.1.0", false, asIs},
		{"", false, asIs},
		{"", true, signed},
		{"unknown", true, signed}, // InfluxDB 1.8 as `go install` builds it
	}
	for _, tt := range tests {
		var body, target, auth string
		pings := 0
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/base/ping" {
				pings++
				w.Header().Set("X-Influxdb-Version", tt.version)
				w.WriteHeader(http.StatusNoContent)
				return
			}
			b, _ := io.ReadAll(r.Body)
			if tt.refuses && strings.Contains(string(b), "u") {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"code":"invalid","message":"partial write: unable to parse 'm v=5u 1': invalid number dropped=0"}`)
				return
			}
			body, target, auth = string(b), r.Method+" "+r.URL.String(), r.Header.Get("Authorization")
			w.WriteHeader(http.StatusNoContent)
		}))
		w := open(t, srv.URL+"/base")
		for range 3 {
			if err := w.Write(t.Context(), []byte(asIs)); err != nil {
				t.Fatal(err)
			}
		}
		if body != tt.want {
			t.Errorf("version %q: body %q, want %q", tt.version, body, tt.want)
		}
		if want := "POST /base/api/v2/write?bucket=db%2Frp&org=o&precision=ms"; target != want || auth != "Token "+token {
			t.Errorf("version %q: %s, want %s with the token", tt.version, target, want)
		}
		if pings != 1 {
			t.Errorf("version %q: asked %d times, want once", tt.version, pings)
		}
		srv.Close()
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	conf := sink.Influx{URL: "http://h", Token: "very-secret"}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb, conf, conf.Token)
	}
	j, err := json.Marshal(conf.Token)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(j)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "conf", conf, "token", conf.Token)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "token", conf.Token)
	for _, bad := range []string{"very-secret", fmt.Sprintf("%x", "very-secret")} {
		if strings.Contains(out.String(), bad) {
			t.Errorf("printed %q, want [redacted] only", out.String())
		}
	}
}
