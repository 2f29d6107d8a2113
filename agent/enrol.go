// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/durable"
	"github.com/vouch-sla/vouch/internal/enrol"
)

// enrolTimeout bounds one request for a certificate, connecting included.
const enrolTimeout = 30 * time.Second

// newDir is where in the state directory the keys of an agent lie that takes new ones,
// until they are enrolled.
const newDir = "new"

// EnrolOptions say who enrols, and where.
type EnrolOptions struct {
	Join     enrol.Join
	StateDir string // made where it is missing
	// NewKey makes a new signing key take the place of the one that is there. What the
	// old one sealed and the collector has not acknowledged is lost with it.
	NewKey bool
	// Dial makes connections to the collector; nil means TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Enrolled is an agent that may speak from now on.
type Enrolled struct {
	Key      string // public signing key, "name+hash+base64"
	Location vouch.LocationID
	Until    time.Time // of its first certificate
}

// Enrol makes the keys that are missing, has them enrolled with a join string, and keeps
// the certificate. The agent must not run. Interrupted at any moment, it can be done again
// with the same join string.
func Enrol(ctx context.Context, o EnrolOptions) (out Enrolled, err error) {
	if o.Dial == nil {
		o.Dial = dialTCP()
	}
	if err := os.MkdirAll(o.StateDir, 0o700); err != nil {
		return out, fmt.Errorf("make the data directory: %w", err)
	}
	unlock, err := durable.Lock(o.StateDir)
	if err != nil {
		return out, fmt.Errorf("the agent seems to run; stop it first: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	dir := o.StateDir
	if o.NewKey {
		// An attempt that was interrupted left them: the join string is bound to that key.
		dir = filepath.Join(o.StateDir, newDir)
	}
	signing, err := openKey(dir, o.Join.Agent)
	if err != nil {
		return out, err
	}
	i := &identity{agent: o.Join.Agent, dir: dir, pin: o.Join.Pin, signing: signing}
	if i.tlsKey, err = openTLSKey(dir, o.Join.Agent); err != nil {
		return out, err
	}
	ctx, cancel := context.WithTimeout(ctx, enrolTimeout)
	defer cancel()
	a, err := i.ask(ctx, &url.URL{Scheme: "https", Host: o.Join.Address}, o.Dial, o.Join.Secret)
	if err != nil {
		return out, fmt.Errorf("enrol at %s: %w", o.Join.Address, err)
	}
	if o.NewKey {
		if err := adopt(dir, o.StateDir); err != nil {
			return out, fmt.Errorf("put the new keys in place: %w; enrol again with the same join string", err)
		}
	}
	return Enrolled{Key: signing.public, Location: a.Location, Until: i.until()}, nil
}

// adopt puts new keys in the place of the old. What the old key sealed goes: nobody takes
// it any more. The signing key comes last, so that who is interrupted finds the old state
// or the new directory.
func adopt(from, to string) error {
	for _, old := range []string{"spool", headsName, sealKeyFile, assignmentFile} {
		if err := os.RemoveAll(filepath.Join(to, old)); err != nil {
			return err
		}
	}
	for _, name := range []string{headsName, tlsKeyFile, certificateFile, keyFile} {
		err := os.Rename(filepath.Join(from, name), filepath.Join(to, name))
		if err != nil && (!errors.Is(err, fs.ErrNotExist) || name == keyFile) {
			return err
		}
	}
	if err := durable.SyncDir(to); err != nil {
		return err
	}
	return os.RemoveAll(from)
}

// ask asks the collector for a certificate, with a secret or to renew, and keeps it.
func (i *identity) ask(ctx context.Context, base *url.URL, dial dialer, secret vouch.Secret) (a enrol.Answer, err error) {
	body, err := i.request(secret)
	if err != nil {
		return a, err
	}
	c := newClient(base, i.config(), dial, nil)
	defer c.close()
	_, _, err = c.do(ctx, http.MethodPost, enrol.Path, "", http.Header{"Content-Type": {enrol.TypeRequest}}, body, func(resp *http.Response) error {
		raw, err := io.ReadAll(io.LimitReader(resp.Body, enrol.MaxAnswer+1))
		if err == nil {
			a, err = i.take(raw)
		}
		return err
	})
	return a, err
}
