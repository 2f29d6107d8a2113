// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"time"
)

// User is the SNMPv3 user whom devices answer, at the level that the passwords give.
type User struct {
	Name            string
	Auth            string // MD5, SHA, SHA224, SHA256, SHA384, SHA512; empty for none
	AuthPassword    string // at least 8 characters
	Privacy         string // DES, AES, AES192, AES256, AES192C, AES256C; empty for none
	PrivacyPassword string // at least 8 characters
}

// authProtocol is HMAC with a hash, cut off (RFC 3414 section 6, RFC 7860).
type authProtocol struct {
	hash func() hash.Hash
	size int // octets of the digest that are sent
}

func authOf(name string) (p authProtocol, ok bool) {
	p, ok = map[string]authProtocol{
		"MD5": {md5.New, 12}, "SHA": {sha1.New, 12}, "SHA224": {sha256.New224, 16},
		"SHA256": {sha256.New, 24}, "SHA384": {sha512.New384, 32}, "SHA512": {sha512.New, 48},
	}[name]
	return p, ok
}

// privacyOf returns the length of the key, and whether it is made longer as Cisco does.
func privacyOf(name string) (key int, cisco, ok bool) {
	switch name {
	case "DES", "AES":
		return 16, false, true
	case "AES192", "AES192C":
		return 24, name == "AES192C", true
	case "AES256", "AES256C":
		return 32, name == "AES256C", true
	}
	return 0, false, false
}

// usm is a user with keys that no engine has localised yet: making them of a password
// takes a while, and is done once for all devices.
type usm struct {
	User
	auth          authProtocol
	authKey       []byte
	privacyKey    []byte
	privacyLength int
	cisco         bool
	// What answers such messages. That it is called through here, and never by name,
	// keeps it out of programs that play no SNMPv3: every octet counts at the edge.
	answer func(a *agent, datagram, rest []byte, b *Behaviour, now time.Time) []byte
}

func newUSM(u User) (*usm, error) {
	k := &usm{User: u, answer: (*agent).answer3}
	if u.Name == "" || len(u.Name) > 32 {
		return nil, errors.New("SNMPv3 user: a name has 1 to 32 characters")
	}
	if u.Auth == "" {
		if u.Privacy != "" {
			return nil, fmt.Errorf("SNMPv3 user %s: there is no privacy without authentication", u.Name)
		}
		return k, nil
	}
	var ok bool
	if k.auth, ok = authOf(u.Auth); !ok {
		return nil, fmt.Errorf("SNMPv3 user %s: %q is none of MD5, SHA, SHA224, SHA256, SHA384, SHA512", u.Name, u.Auth)
	}
	if len(u.AuthPassword) < 8 || u.Privacy != "" && len(u.PrivacyPassword) < 8 {
		return nil, fmt.Errorf("SNMPv3 user %s: a password has at least 8 characters", u.Name)
	}
	k.authKey = k.stretch([]byte(u.AuthPassword))
	if u.Privacy == "" {
		return k, nil
	}
	if k.privacyLength, k.cisco, ok = privacyOf(u.Privacy); !ok {
		return nil, fmt.Errorf("SNMPv3 user %s: %q is none of DES, AES, AES192, AES256, AES192C, AES256C", u.Name, u.Privacy)
	}
	k.privacyKey = k.stretch([]byte(u.PrivacyPassword))
	return k, nil
}

// stretch makes a key of a password: the digest of a megabyte of it (RFC 3414
// section A.2).
func (k *usm) stretch(password []byte) []byte {
	h := k.auth.hash()
	buf := make([]byte, 64)
	for written := 0; written < 1<<20; written += len(buf) {
		for i := range buf {
			buf[i] = password[(written+i)%len(password)]
		}
		_, _ = h.Write(buf)
	}
	return h.Sum(nil)
}

// localize makes a key that holds for one engine (RFC 3414 section A.2).
func (k *usm) localize(key, engine []byte) []byte {
	h := k.auth.hash()
	for _, part := range [][]byte{key, engine, key} {
		_, _ = h.Write(part)
	}
	return h.Sum(nil)
}

// localPrivacy is localize for the key of privacy, made as long as needed: by hashing
// what there is (draft-blumenthal-aes-usm-04), or as Cisco does by taking it for a
// password (draft-reeder-snmpv3-usm-3desede-00).
func (k *usm) localPrivacy(engine []byte) []byte {
	key := k.localize(k.privacyKey, engine)
	for last := key; len(key) < k.privacyLength; {
		if k.cisco {
			last = k.localize(k.stretch(last), engine)
		} else {
			h := k.auth.hash()
			_, _ = h.Write(key)
			last = h.Sum(nil)
		}
		key = append(key, last...)
	}
	return key[:k.privacyLength]
}

// digest returns what authenticates a message whose digest is all zeroes.
func (k *usm) digest(key, message []byte) []byte {
	h := hmac.New(k.auth.hash, key)
	_, _ = h.Write(message)
	return h.Sum(nil)[:k.auth.size]
}

// crypt encrypts or decrypts text in place. For DES its length is a multiple of 8.
func (k *usm) crypt(key, salt, text []byte, boots, seconds uint32, encrypt bool) error {
	if k.Privacy == "DES" { // RFC 3414 section 8
		block, err := des.NewCipher(key[:8])
		if err != nil || len(text)%8 != 0 {
			return errors.Join(err, errBER)
		}
		var iv [8]byte
		for i := range iv {
			iv[i] = key[8+i] ^ salt[i]
		}
		if encrypt {
			cipher.NewCBCEncrypter(block, iv[:]).CryptBlocks(text, text)
		} else {
			cipher.NewCBCDecrypter(block, iv[:]).CryptBlocks(text, text)
		}
		return nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	var iv [16]byte // RFC 3826 section 3.1.2.1
	binary.BigEndian.PutUint32(iv[:], boots)
	binary.BigEndian.PutUint32(iv[4:], seconds)
	copy(iv[8:], salt)
	feedback(block, iv, text, encrypt)
	return nil
}

// feedback is the mode CFB with whole blocks (RFC 3826 section 3.1.3): cipher of the
// standard library has it no more but as deprecated.
func feedback(block cipher.Block, iv [16]byte, text []byte, encrypt bool) {
	var stream [16]byte
	for len(text) > 0 {
		block.Encrypt(stream[:], iv[:])
		n := min(len(text), 16)
		for i := range n {
			out := text[i] ^ stream[i]
			if iv[i] = text[i]; encrypt {
				iv[i] = out
			}
			text[i] = out
		}
		text = text[n:]
	}
}
