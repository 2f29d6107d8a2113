// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vouch-sla/vouch/internal/wire"
)

// client speaks to the collector over one connection: TLS 1.3, the collector known
// by the SHA-256 of its public key, the agent by its own.
type client struct {
	base *url.URL
	http *http.Client
	pack *packer
	// refused hears that the certificate is good no longer; nil for nobody.
	refused func()
}

// packer compresses for all clients, one after the other: a second compressor would
// cost 2 MB, and the largest body takes some milliseconds.
type packer struct {
	mu    sync.Mutex
	zip   *wire.Compressor
	unzip wire.Decompressor // needs no mu
}

func newPacker() (*packer, error) {
	z, err := wire.NewCompressor()
	return &packer{zip: z}, err
}

func (p *packer) compress(body []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.zip.Compress(body)
}

// mostRatio of what is packed: [wire.Decompressor] refuses what expands more.
const mostRatio = 400

// note returns the text of a note as it is sent and lies on disk: a zstd frame.
func (p *packer) note(raw []byte) []byte {
	if z := p.compress(raw); len(z) < len(raw) && len(z)*mostRatio > len(raw) {
		return z
	}
	return wire.Uncompressed(raw)
}

// unpack is the inverse of note.
func (p *packer) unpack(frame []byte) ([]byte, error) {
	return p.unzip.Read(bytes.NewReader(frame), wire.EncodingZstd)
}

// dialer is how a connection to the collector is made.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// unheard is how long what was sent may stay unconfirmed before the kernel gives a
// connection up (TCP_USER_TIMEOUT, RFC 5482): by itself it would try for a quarter of an
// hour, long after the route has changed or a box on the way has forgotten it. A slow
// link confirms within seconds whatever passes.
const unheard = 10 * time.Second

// dialTCP returns how connections are made where the operator says nothing else.
func dialTCP() dialer {
	return (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { // without it a dead connection costs a minute, no more
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unheard/time.Millisecond))
		})
	}}).DialContext
}

// parseCollector checks the address of the collector.
func parseCollector(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("address of the collector %q: it must be like https://collector.example:8443", s)
	}
	return u, nil
}

func newClient(base *url.URL, config *tls.Config, dial dialer, pack *packer) *client {
	return &client{base: base, pack: pack, http: &http.Client{
		Transport: &http.Transport{
			DialContext:            dial,
			TLSClientConfig:        config,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxIdleConns:           1,
			MaxConnsPerHost:        1,
			IdleConnTimeout:        2 * time.Minute,
			MaxResponseHeaderBytes: 32 << 10,
			DisableCompression:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// errPin is for who logs: whoever answers is not the collector that was pinned.
var errPin = errors.New("the server's key is not the pinned one")

// answerError is an answer that is not what was asked for.
type answerError struct {
	code    int
	problem string
	after   time.Duration // Retry-After; zero for none
}

func (e *answerError) Error() string {
	text := fmt.Sprintf("the collector answered %d %s", e.code, http.StatusText(e.code))
	if e.problem != "" {
		text += ": " + e.problem
	}
	return text
}

// do sends a request and hands a good answer to read: 200, or 304 where an ETag was
// sent. It returns when the request left and when the head of the answer came.
func (c *client) do(ctx context.Context, method, path, etag string, header http.Header, body []byte, read func(*http.Response) error) (sent, received time.Time, err error) {
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return sent, received, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	sent = time.Now()
	resp, err := c.http.Do(req)
	received = time.Now()
	if err != nil {
		return sent, received, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK, etag != "" && resp.StatusCode == http.StatusNotModified:
		err = read(resp)
	default:
		err = readProblem(resp)
		if resp.StatusCode == http.StatusUnauthorized && c.refused != nil {
			c.refused()
		}
	}
	// A little more is read, so that the connection can be used again.
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
	return sent, received, err
}

// maxRetryAfter bounds how long the collector can keep an agent away.
const maxRetryAfter = 5 * time.Minute

func readProblem(resp *http.Response) error {
	e := &answerError{code: resp.StatusCode}
	var p wire.Problem
	if wire.ReadJSON(resp.Body, 64<<10, &p) == nil {
		e.problem = strings.ToValidUTF8(p.Error[:min(len(p.Error), 300)], "")
	}
	after := resp.Header.Get("Retry-After")
	if n, err := strconv.ParseUint(after, 10, 31); err == nil {
		e.after = min(time.Duration(n)*time.Second, maxRetryAfter)
	} else if t, err := http.ParseTime(after); err == nil {
		e.after = min(max(0, time.Until(t)), maxRetryAfter)
	}
	return e
}

// maxPacking is how often a body may hold its compressed form. The collector refuses
// far less believable ones, so what packs better than this travels as it is.
const maxPacking = 200

// post sends notes, compressed, and reads the JSON answer into v.
func (c *client) post(ctx context.Context, path string, notes [][]byte, v any) (sent, received time.Time, err error) {
	body, err := wire.JoinNotes(notes)
	if err != nil {
		return sent, received, err
	}
	if packed := c.pack.compress(body); len(packed)*maxPacking > len(body) {
		return c.send(ctx, path, wire.EncodingZstd, packed, v)
	}
	return c.send(ctx, path, wire.EncodingNone, body, v)
}

// postPacked is post of notes that are compressed already.
func (c *client) postPacked(ctx context.Context, path string, notes []wire.Packed, v any) error {
	body, err := wire.JoinPacked(notes)
	if err != nil {
		return err
	}
	_, _, err = c.send(ctx, path, wire.EncodingZstd, body, v)
	return err
}

func (c *client) send(ctx context.Context, path, encoding string, body []byte, v any) (sent, received time.Time, err error) {
	header := http.Header{"Content-Type": {wire.TypeNotes}}
	if encoding != wire.EncodingNone {
		header.Set("Content-Encoding", encoding)
	}
	return c.do(ctx, http.MethodPost, path, "", header, body, func(resp *http.Response) error {
		return wire.ReadJSON(resp.Body, wire.MaxAnswer, v)
	})
}

// heads asks where the agent's chains stand at the collector.
func (c *client) heads(ctx context.Context) (wire.HeadsAnswer, error) {
	var a wire.HeadsAnswer
	_, _, err := c.do(ctx, http.MethodGet, wire.PathHeads, "", nil, nil, func(resp *http.Response) error {
		return wire.ReadJSON(resp.Body, wire.MaxAssignment, &a)
	})
	if err != nil {
		return a, fmt.Errorf("ask for heads: %w", err)
	}
	return a, nil
}

// assignment asks for the assignment unless it is the one with the ETag; then it waits
// for another one, as long as the collector lets it. It returns a nil body when nothing
// changed. The statement says which key secrets in it are to be sealed to.
func (c *client) assignment(ctx context.Context, etag, statement string) (body []byte, newTag string, err error) {
	header := http.Header{wire.HeaderSealKey: {statement}}
	if etag != "" {
		wire.SetWait(header, wire.MaxWait)
	}
	_, _, err = c.do(ctx, http.MethodGet, wire.PathAssignment, etag, header, nil, func(resp *http.Response) error {
		if resp.StatusCode == http.StatusNotModified {
			return nil
		}
		b, err := io.ReadAll(io.LimitReader(resp.Body, wire.MaxAssignment+1))
		switch {
		case err != nil:
			return err
		case len(b) > wire.MaxAssignment:
			return fmt.Errorf("%w: more than %d bytes", wire.ErrTooLarge, wire.MaxAssignment)
		}
		body, newTag = b, resp.Header.Get("ETag")
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("ask for the assignment: %w", err)
	}
	return body, newTag, nil
}
