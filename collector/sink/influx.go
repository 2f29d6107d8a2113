// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/retry"
)

// Limits of one exchange with InfluxDB.
const (
	dialTimeout     = 5 * time.Second
	exchangeTimeout = 60 * time.Second
	maxAnswer       = 64 << 10
)

// Unsigned says whether a store has unsigned integers.
type Unsigned uint8

const (
	UnsignedAsk Unsigned = iota // ask the server for its version: 1.x has none
	UnsignedYes
	UnsignedNo // fields are translated as [Signed] says
)

// Influx describes a store that speaks the write API of InfluxDB 2: InfluxDB 2.x,
// InfluxDB 1.8 (the token is "user:password", the bucket "database/retention-policy"),
// and others that are compatible.
type Influx struct {
	URL      string // http or https, without the path of the API
	Org      string
	Bucket   string
	Token    vouch.Secret
	TLS      *tls.Config // nil for the system's authorities
	Unsigned Unsigned
}

// Open prepares writing to the store. It does not connect: the store may be down.
func (c Influx) Open() (*InfluxWriter, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("influxdb: the url cannot be read: %v", errors.Unwrap(err)) // without the url, which may hold a password
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("influxdb: url: want one like https://influxdb.example.net:8086")
	case u.User != nil:
		return nil, errors.New("influxdb: url: a user and password do not belong there: use the token (\"user:password\" for InfluxDB 1.8)")
	case c.Bucket == "":
		return nil, errors.New("influxdb: the bucket is missing")
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	hc := &http.Client{
		Timeout: exchangeTimeout,
		Transport: guard{&http.Transport{
			DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout: dialTimeout,
			TLSClientConfig:     c.TLS,
			MaxIdleConnsPerHost: 2,
			IdleConnTimeout:     90 * time.Second,
			ForceAttemptHTTP2:   true,
		}},
		// A redirect is shown to the operator instead of carrying the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	opts := influxdb2.DefaultOptions().SetHTTPClient(hc).SetPrecision(time.Millisecond).SetApplicationName("vouch")
	client := influxdb2.NewClientWithOptions(u.String(), string(c.Token), opts)
	w := &InfluxWriter{conf: c, client: hc, ping: u.JoinPath("ping").String(), api: client.WriteAPIBlocking(c.Org, c.Bucket)}
	w.unsigned = c.Unsigned
	return w, nil
}

// InfluxWriter is a [Writer] to one bucket. It uses the blocking write API alone:
// the asynchronous one keeps retries in memory, drops them after a while, and says
// nothing of partial writes.
type InfluxWriter struct {
	conf   Influx
	client *http.Client
	ping   string
	api    api.WriteAPIBlocking

	mu       sync.Mutex // guards what follows
	unsigned Unsigned
	asked    bool // the server told its version, or nothing useful
}

// Write implements [Writer]. Every error is an [*Error].
func (w *InfluxWriter) Write(ctx context.Context, lines []byte) error {
	unsigned, err := w.hasUnsigned(ctx)
	if err != nil {
		return err
	}
	if unsigned == UnsignedNo {
		lines = Signed(lines)
	}
	err = w.post(ctx, lines)
	if unsigned == UnsignedAsk && noUnsigned(err) {
		if signed := Signed(lines); !bytes.Equal(signed, lines) {
			w.know(UnsignedNo)
			return w.post(ctx, signed)
		}
	}
	return err
}

func (w *InfluxWriter) post(ctx context.Context, lines []byte) error {
	if err := w.api.WriteRecord(ctx, string(lines)); err != nil {
		return w.classify(err)
	}
	return nil
}

// noUnsigned reports whether an answer is that of InfluxDB 1.x to "5u".
func noUnsigned(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Class == Refused || e.Class == Partial) && strings.Contains(e.Sentence, "invalid number")
}

// Close lets go of idle connections.
func (w *InfluxWriter) Close() { w.client.CloseIdleConnections() }

// hasUnsigned tells whether the store takes unsigned integers, or UnsignedAsk where
// only its answer to a write will tell. What is found out is kept: a field must not
// change its type while we run.
func (w *InfluxWriter) hasUnsigned(ctx context.Context) (Unsigned, error) {
	w.mu.Lock()
	known, asked := w.unsigned, w.asked
	w.mu.Unlock()
	if known != UnsignedAsk || asked {
		return known, nil
	}
	version, err := w.version(ctx)
	if err != nil {
		return UnsignedAsk, err
	}
	switch major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), "."); major {
	case "1", "0":
		known = UnsignedNo
	case "2", "3":
		known = UnsignedYes
	}
	w.know(known)
	return known, nil
}

func (w *InfluxWriter) know(u Unsigned) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unsigned, w.asked = u, true
}

// version asks the server for its version: "1.8.10", "v2.7.1". It may also be "", as
// a proxy may hide it, or "unknown", as of an InfluxDB 1.8 that somebody built.
func (w *InfluxWriter) version(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.ping, nil)
	if err != nil {
		return "", w.classify(err)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return "", w.classify(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode == http.StatusTooManyRequests {
		return "", &Error{Class: Temporary, After: retry.After(resp.Header, time.Now()), Sentence: w.name() + " answers " + resp.Status + " when asked for its version"}
	}
	return resp.Header.Get("X-Influxdb-Version"), nil
}

// guard bounds the answers that are read, and refuses web pages: a wrong address
// that answers everything with 200 would swallow all samples.
type guard struct{ base *http.Transport }

// RoundTrip implements [http.RoundTripper].
func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 300 && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		_ = resp.Body.Close()
		return nil, errWebPage
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	return resp, nil
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] through.
func (g guard) CloseIdleConnections() { g.base.CloseIdleConnections() }

var errWebPage = errors.New("answers with a web page")
