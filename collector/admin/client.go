// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
)

// maxAnswer bounds what the client reads of an answer.
const maxAnswer = 256 << 20

// Client asks a running collector over its socket.
type Client struct {
	path string
	http *http.Client
}

// Dial returns a client of the collector whose data directory is dir. It connects
// when it is first asked something.
func Dial(dir string) *Client {
	path := filepath.Join(dir, SocketName)
	var d net.Dialer
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return d.DialContext(ctx, "unix", path)
		},
	}}}
}

// Refused is the answer to something that the collector would not do: a sentence
// for the person who asked.
type Refused struct {
	Status  int
	Message string
}

func (r *Refused) Error() string { return r.Message }

// Get asks for path with a query and decodes the JSON answer into out.
func (c *Client) Get(ctx context.Context, path string, query url.Values, out any) error {
	body, err := c.do(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	return decode(body, out)
}

// Bytes asks for path with a query and returns the answer as it came.
func (c *Client) Bytes(ctx context.Context, path string, query url.Values) ([]byte, error) {
	return c.do(ctx, http.MethodGet, path, query, nil)
}

// Stream asks for path with a query and copies the answer to w, of whatever size.
func (c *Client) Stream(ctx context.Context, path string, query url.Values, w io.Writer) (int64, error) {
	resp, err := c.send(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	n, err := io.Copy(w, resp.Body)
	if err != nil {
		return n, fmt.Errorf("read the collector's answer: %w; its log says what went wrong", err)
	}
	return n, nil
}

// Post sends in as JSON and decodes the answer into out.
func (c *Client) Post(ctx context.Context, path string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode the request: %v", err)
	}
	body, err := c.do(ctx, http.MethodPost, path, nil, raw)
	if err != nil {
		return err
	}
	return decode(body, out)
}

// Delete asks for the end of one thing: a maintenance, a token.
func (c *Client) Delete(ctx context.Context, path string, query url.Values, out any) error {
	body, err := c.do(ctx, http.MethodDelete, path, query, nil)
	if err != nil {
		return err
	}
	return decode(body, out)
}

func decode(body []byte, out any) error {
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("read the collector's answer: %v; are both of the same version?", err)
	}
	return nil
}

func (c *Client) do(ctx context.Context, method, path string, query url.Values, in []byte) ([]byte, error) {
	resp, err := c.send(ctx, method, path, query, in)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the collector's answer: %w", err)
	}
	return body, nil
}

// send returns an answer that is no refusal; the caller closes its body.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, in []byte) (*http.Response, error) {
	u := url.URL{Scheme: "http", Host: "collector", Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(in))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("read the collector's answer: %w", err)
	}
	return nil, &Refused{Status: resp.StatusCode, Message: strings.TrimSpace(string(body))}
}

// explain turns a failed connection into what the user can do about it.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no collector is running on %s; start it with `vouch collector`, or name its data directory with --data", c.path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the socket %s may not be used by this account: permission denied; run the command as the account that the collector runs as", c.path)
	}
	return fmt.Errorf("ask the collector: %w", err)
}
