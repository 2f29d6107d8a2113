// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Cost is what one check of a password takes. Its zero value is the default: the second
// choice of RFC 9106 section 4, made for machines that do other things as well: 64 MiB,
// 3 passes, 4 lanes.
type Cost struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

func (c Cost) orDefault() Cost {
	if c == (Cost{}) {
		return Cost{MemoryKiB: 64 << 10, Passes: 3, Lanes: 4}
	}
	return c
}

// Bounds of the work with passwords. Two at once take 128 MiB at the default cost,
// however many knock; who comes when too many wait is asked to come again.
const (
	hashing = 2  // hashes that are computed at once
	queued  = 16 // callers that wait or compute
)

// Lengths of a password. There is no rule about what it is made of (NIST SP 800-63B
// section 5.1.1.2).
const (
	minPassword = 12  // characters
	maxPassword = 256 // bytes
)

// Lengths of what argon2id takes and gives (RFC 9106 section 4), in bytes.
const (
	saltLength = 16
	keyLength  = 32
)

// passwords hashes passwords, a bounded number at a time.
type passwords struct {
	cost   Cost
	slots  chan struct{}
	line   chan struct{}
	derive func(password, salt []byte, c Cost) []byte
}

func newPasswords(c Cost) *passwords {
	return &passwords{
		cost: c.orDefault(), slots: make(chan struct{}, hashing), line: make(chan struct{}, queued),
		derive: func(password, salt []byte, c Cost) []byte {
			return argon2.IDKey(password, salt, c.Passes, c.MemoryKiB, c.Lanes, keyLength)
		},
	}
}

// compute waits for its turn. ErrBusy says that too many wait.
func (p *passwords) compute(ctx context.Context, password string, salt []byte, c Cost) ([]byte, error) {
	select {
	case p.line <- struct{}{}:
		defer func() { <-p.line }()
	default:
		return nil, ErrBusy
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return p.derive([]byte(password), salt, c), nil
}

// hash returns a password as it is stored: "$argon2id$v=19$m=65536,t=3,p=4$SALT$KEY",
// both in base64 without padding.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	rand.Read(salt)
	key, err := p.compute(ctx, password, salt, p.cost)
	if err != nil {
		return "", err
	}
	return encode(p.cost, salt, key), nil
}

func encode(c Cost, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.MemoryKiB, c.Passes, c.Lanes, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// matches reports whether a password is the stored one. It works as long for a stored
// one that is empty, which none matches: nobody learns from the time whether an account
// exists, or has a password.
func (p *passwords) matches(ctx context.Context, password, stored string) (bool, error) {
	c, salt, want := p.cost, make([]byte, saltLength), make([]byte, keyLength)
	if stored != "" {
		var err error
		if c, salt, want, err = decode(stored); err != nil {
			return false, err
		}
	}
	if len(password) > maxPassword {
		password = password[:maxPassword] + "+" // is nobody's: it is too long
	}
	key, err := p.compute(ctx, password, salt, c)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, want) == 1 && stored != "", nil
}

// Bounds of the parameters of a stored password.
const (
	maxMemoryKiB = 1 << 20
	maxPasses    = 64
)

func decode(stored string) (c Cost, salt, key []byte, err error) {
	part := strings.Split(stored, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errStored
	}
	if n, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &c.MemoryKiB, &c.Passes, &c.Lanes); n != 3 || err != nil {
		return c, nil, nil, errStored
	}
	if c.MemoryKiB > maxMemoryKiB || c.Passes < 1 || c.Passes > maxPasses || c.Lanes < 1 {
		return c, nil, nil, errStored
	}
	b64 := base64.RawStdEncoding.Strict()
	salt, err1 := b64.DecodeString(part[4])
	key, err2 := b64.DecodeString(part[5])
	if err1 != nil || err2 != nil || len(salt) != saltLength || len(key) != keyLength {
		return c, nil, nil, errStored
	}
	return c, salt, key, nil
}

var errStored = errors.New("a stored password cannot be read: make a new one with `vouch people reset`")

// checkPassword says why nobody may take this password.
func checkPassword(login, password string) error {
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return Mistake{fmt.Sprintf("the password is too short: at least %d characters, for example four words", minPassword),
			fmt.Sprintf("het wachtwoord is te kort: minstens %d tekens, bijvoorbeeld vier woorden", minPassword)}
	case len(password) > maxPassword:
		return Mistake{fmt.Sprintf("the password is too long: at most %d bytes", maxPassword), fmt.Sprintf("het wachtwoord is te lang: hoogstens %d bytes", maxPassword)}
	case !utf8.ValidString(password):
		return Mistake{"the password is not text", "het wachtwoord is geen tekst"}
	case login != "" && strings.Contains(strings.ToLower(password), login) && len(password) < len(login)+minPassword:
		return Mistake{"the password is little more than the login name", "het wachtwoord is weinig meer dan de inlognaam"}
	}
	return nil
}
