// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/vouch-sla/vouch"
)

// Credential is an SNMP credential on its way from the collector's operator to an agent.
// Its fields are those of probes.Credential; which of them fit together, the two ends
// check. It travels sealed, or over the collector's own socket.
type Credential struct {
	Version   string // 1, 2c or 3
	Community vouch.Secret

	User         string
	Level        string
	Auth         string
	AuthPassword vouch.Secret
	Priv         string
	PrivPassword vouch.Secret
	Context      string
}

// maxField bounds a field of a credential in bytes: the longest of SNMP have 255.
const maxField = 1024

// MaxCredential bounds an encoded credential in bytes, whatever its characters are
// spelled as: it fits what can be sealed.
const MaxCredential = 8 << 10

// credentialJSON spells secrets out, which Credential never does by itself.
type credentialJSON struct {
	Version      string `json:"version"`
	Community    string `json:"community,omitempty"`
	User         string `json:"user,omitempty"`
	Level        string `json:"level,omitempty"`
	Auth         string `json:"auth,omitempty"`
	AuthPassword string `json:"auth_password,omitempty"`
	Priv         string `json:"priv,omitempty"`
	PrivPassword string `json:"priv_password,omitempty"`
	Context      string `json:"context,omitempty"`
}

// EncodeCredential returns a credential with its secrets, as JSON.
func EncodeCredential(c Credential) ([]byte, error) {
	if err := c.valid(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(credentialJSON{
		c.Version, string(c.Community), c.User, c.Level, c.Auth, string(c.AuthPassword), c.Priv, string(c.PrivPassword), c.Context,
	}); err != nil {
		return nil, errors.New("credential cannot be encoded") // the cause may show it
	}
	if b.Len() > MaxCredential {
		return nil, fmt.Errorf("credential has %d bytes, at most %d are allowed", b.Len(), MaxCredential)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// DecodeCredential is the inverse of [EncodeCredential]. No error shows anything of the
// body.
func DecodeCredential(body []byte) (Credential, error) {
	if len(body) > MaxCredential {
		return Credential{}, fmt.Errorf("credential has %d bytes, at most %d are allowed", len(body), MaxCredential)
	}
	var j credentialJSON
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if d.Decode(&j) != nil {
		return Credential{}, errors.New("credential cannot be read: it is not the JSON of one, or of a newer version")
	}
	if _, err := d.Token(); err != io.EOF {
		return Credential{}, errors.New("credential cannot be read: something follows it")
	}
	c := Credential{
		j.Version, vouch.Secret(j.Community), j.User, j.Level, j.Auth, vouch.Secret(j.AuthPassword), j.Priv, vouch.Secret(j.PrivPassword), j.Context,
	}
	return c, c.valid()
}

func (c Credential) valid() error {
	for _, f := range []string{c.Version, string(c.Community), c.User, c.Level, c.Auth, string(c.AuthPassword), c.Priv, string(c.PrivPassword), c.Context} {
		if len(f) > maxField || strings.ContainsAny(f, "\r\n\x00") || strings.ToValidUTF8(f, "") != f {
			return fmt.Errorf("credential has a field of more than %d bytes, of more than one line or that is no text", maxField)
		}
	}
	switch {
	case c.Version != "1" && c.Version != "2c" && c.Version != "3":
		return errors.New("credential is for no version of SNMP that is known: allowed are 1, 2c and 3")
	case c.Version != "3" && c.Community == "":
		return fmt.Errorf("credential for SNMP version %s has no community", c.Version)
	case c.Version == "3" && c.User == "":
		return errors.New("credential for SNMP version 3 has no user")
	}
	return nil
}
