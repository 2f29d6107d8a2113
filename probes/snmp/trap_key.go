// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"hash"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// This file is the cryptography of the user-based security model, for what devices send
// by themselves: keys are made from passwords once, not once for each engine as in
// gosnmp's cache, which anybody who sends traps could fill.

// keyring keeps what passwords become before they are bound to an engine.
type keyring struct{ masters map[secretFor][]byte }

// secretFor is a password and the protocol that makes a key of it.
type secretFor struct {
	protocol probes.AuthProtocol
	password vouch.Secret
}

// maxMasters is more passwords than credentials for traps hold.
const maxMasters = 64

// digest returns the hash of an authentication protocol, and how many bytes of the HMAC
// go into a message (RFC 3414 section 6.3, RFC 7860 section 4.2.1).
func digest(p probes.AuthProtocol) (newHash func() hash.Hash, size int) {
	switch p {
	case probes.AuthMD5:
		return md5.New, 12
	case probes.AuthSHA:
		return sha1.New, 12
	case probes.AuthSHA224:
		return sha256.New224, 16
	case probes.AuthSHA256:
		return sha256.New, 24
	case probes.AuthSHA384:
		return sha512.New384, 32
	}
	return sha512.New, 48
}

// master returns the key of a password (RFC 3414 appendix A.2), which takes milliseconds
// the first time.
func (k *keyring) master(p probes.AuthProtocol, password vouch.Secret) []byte {
	of := secretFor{p, password}
	if key := k.masters[of]; key != nil {
		return key
	}
	if k.masters == nil || len(k.masters) >= maxMasters {
		k.masters = map[secretFor][]byte{}
	}
	key := stretch(p, []byte(password))
	k.masters[of] = key
	return key
}

// stretch hashes a megabyte of repetitions of the password.
func stretch(p probes.AuthProtocol, password []byte) []byte {
	newHash, _ := digest(p)
	h := newHash()
	var block [64]byte
	at := 0
	for range 1 << 20 / len(block) {
		for i := range block {
			block[i] = password[at]
			if at++; at == len(password) {
				at = 0
			}
		}
		h.Write(block[:])
	}
	return h.Sum(nil)
}

// localize binds a key to an engine (RFC 3414 section 2.6).
func localize(p probes.AuthProtocol, master, engine []byte) []byte {
	newHash, _ := digest(p)
	h := newHash()
	h.Write(master)
	h.Write(engine)
	h.Write(master)
	return h.Sum(nil)
}

// authKey returns the user's key for authentication at the engine.
func (k *keyring) authKey(u *probes.Credential, engine []byte) []byte {
	return localize(u.Auth, k.master(u.Auth, u.AuthPassword), engine)
}

// privKey returns the user's key for privacy at the engine. Where the digest is shorter
// than the key, it is lengthened in one of two ways (draft-blumenthal-aes-usm-04 section
// 3.1.2.1, draft-reeder-snmpv3-usm-3desede-00 section 2.1); once is enough for all.
func (k *keyring) privKey(u *probes.Credential, engine []byte) []byte {
	key := localize(u.Auth, k.master(u.Auth, u.PrivPassword), engine)
	size := 16 // DES: the key and the first part of its initialization vectors
	switch u.Priv {
	case probes.PrivAES192, probes.PrivAES192C:
		size = 24
	case probes.PrivAES256, probes.PrivAES256C:
		size = 32
	}
	if len(key) < size {
		switch u.Priv {
		case probes.PrivAES192C, probes.PrivAES256C:
			key = append(key, localize(u.Auth, stretch(u.Auth, key), engine)...)
		default:
			newHash, _ := digest(u.Auth)
			h := newHash()
			h.Write(key)
			key = h.Sum(key)
		}
	}
	return key[:size]
}

// authentic reports whether mac, which is a part of the datagram, is that of the whole.
func authentic(p probes.AuthProtocol, key, datagram, mac []byte) bool {
	_, size := digest(p)
	if len(mac) != size {
		return false
	}
	var got [48]byte
	copy(got[:], mac)
	clear(mac) // it was made with zeroes in its own place
	want := sum(p, key, datagram)
	copy(mac, got[:])
	return subtle.ConstantTimeCompare(got[:size], want) == 1
}

// sum returns the HMAC of a message as it goes into it.
func sum(p probes.AuthProtocol, key, message []byte) []byte {
	newHash, size := digest(p)
	h := hmac.New(newHash, key)
	h.Write(message)
	return h.Sum(nil)[:size]
}

// decrypt returns the plain text, in a slice of its own; ok is false where the lengths
// cannot be. Whether the key was right, only what comes out of it shows.
func decrypt(p probes.PrivProtocol, key []byte, boots, at uint32, salt, text []byte) (plain []byte, ok bool) {
	if len(salt) != 8 || len(text) == 0 {
		return nil, false
	}
	plain = make([]byte, len(text))
	if p == probes.PrivDES {
		if len(text)%des.BlockSize != 0 {
			return nil, false
		}
		block, iv := desBlock(key, salt)
		cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, text)
		return plain, true
	}
	cfb(key, aesVector(boots, at, salt), plain, text, text)
	return plain, true
}

// encrypt returns the cipher text.
func encrypt(p probes.PrivProtocol, key []byte, boots, at uint32, salt, plain []byte) []byte {
	if p == probes.PrivDES {
		plain = append([]byte(nil), plain...)
		for len(plain)%des.BlockSize != 0 {
			plain = append(plain, 0)
		}
		text := make([]byte, len(plain))
		block, iv := desBlock(key, salt)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(text, plain)
		return text
	}
	text := make([]byte, len(plain))
	cfb(key, aesVector(boots, at, salt), text, plain, text)
	return text
}

// desBlock returns the cipher and the initialization vector (RFC 3414 section 8.1.1.1).
func desBlock(key, salt []byte) (cipher.Block, []byte) {
	block, err := des.NewCipher(key[:8])
	if err != nil {
		panic("snmp: " + err.Error())
	}
	iv := make([]byte, des.BlockSize)
	subtle.XORBytes(iv, key[8:16], salt)
	return block, iv
}

// aesVector returns the initialization vector (RFC 3826 section 3.1.2.1).
func aesVector(boots, at uint32, salt []byte) []byte {
	iv := binary.BigEndian.AppendUint32(make([]byte, 0, aes.BlockSize), boots)
	return append(binary.BigEndian.AppendUint32(iv, at), salt...)
}

// cfb is the cipher feedback mode over whole blocks (RFC 3826 section 3.1.3), which the
// standard library gives up. text is the cipher text: src, or dst as it comes to be.
func cfb(key, iv, dst, src, text []byte) {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("snmp: " + err.Error())
	}
	stream := make([]byte, aes.BlockSize)
	for from := 0; from < len(src); from += aes.BlockSize {
		block.Encrypt(stream, iv)
		to := min(from+aes.BlockSize, len(src))
		subtle.XORBytes(dst[from:to], src[from:to], stream)
		iv = text[from:to] // shorter than a block only after the last
	}
}
