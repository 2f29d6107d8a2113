// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// A cosignature (C2SP tlog-cosignature, cosignature/v1) is what somebody else says of
// a checkpoint: as of that time it was the largest that he had seen of this ledger,
// and it grew out of every one that he had cosigned before.

// algCosignature is the type byte of a cosigner's key (C2SP signed-note).
const algCosignature = 4

// cosignatureSize is the size of a cosignature in bytes: Unix seconds, big-endian, and
// an Ed25519 signature.
const cosignatureSize = 8 + ed25519.SignatureSize

// GenerateCosignerKey makes a cosigner's key pair with randomness from r: skey is
// secret, vkey is "name+hash+base64". They look like those of [GenerateKey] and have
// another type, so that neither is taken for the other.
func GenerateCosignerKey(r io.Reader, name string) (skey, vkey string, err error) {
	if err := validKeyName(name); err != nil {
		return "", "", err
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(r, seed); err != nil {
		return "", "", fmt.Errorf("generate a key for %s: %v", name, err)
	}
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	id := KeyID(name, cosignerHash(name, public))
	encode := func(key []byte) string {
		return id + "+" + base64.StdEncoding.EncodeToString(append([]byte{algCosignature}, key...))
	}
	return "PRIVATE+KEY+" + encode(seed), encode(public), nil
}

// cosignerHash is the key hash of C2SP tlog-cosignature.
func cosignerHash(name string, public ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), append([]byte{algCosignature}, public...)...))
	return binary.BigEndian.Uint32(sum[:4])
}

// cosignerKey reads NAME+HASH+BASE64 and returns the name, the hash as it is written
// and the 32 bytes of the key.
func cosignerKey(s string) (name string, hash uint32, key []byte, err error) {
	part := strings.SplitN(s, "+", 3)
	if len(part) != 3 || len(s) > MaxNote {
		return "", 0, nil, errors.New("it is not of the form name+hash+base64")
	}
	if err := validKeyName(part[0]); err != nil {
		return "", 0, nil, err
	}
	h, err := strconv.ParseUint(part[1], 16, 32)
	if err != nil || len(part[1]) != 8 {
		return "", 0, nil, errors.New("its hash is not eight hexadecimal digits")
	}
	key, err = base64.StdEncoding.Strict().DecodeString(part[2])
	switch {
	case err != nil || len(key) != 1+ed25519.PublicKeySize:
		return "", 0, nil, errors.New("its base64 is not that of 33 bytes")
	case key[0] != algCosignature:
		return "", 0, nil, fmt.Errorf("it is a key of type %02x, a cosigner's is %02x", key[0], algCosignature)
	}
	return part[0], uint32(h), key[1:], nil
}

// Cosigner is the secret key of who cosigns checkpoints.
type Cosigner struct {
	name string
	hash uint32
	key  ed25519.PrivateKey
}

// NewCosigner reads a cosigner's secret key. Its errors never show the key.
func NewCosigner(skey string) (Cosigner, error) {
	rest, private := strings.CutPrefix(strings.TrimSpace(skey), "PRIVATE+KEY+")
	name, hash, seed, err := cosignerKey(rest)
	if err != nil || !private {
		return Cosigner{}, errors.New("read a cosigner's key: it is not of the form PRIVATE+KEY+name+hash+base64, or damaged")
	}
	key := ed25519.NewKeyFromSeed(seed)
	if hash != cosignerHash(name, key.Public().(ed25519.PublicKey)) {
		return Cosigner{}, errors.New("read a cosigner's key: its hash is wrong, so that it or its name is damaged")
	}
	return Cosigner{name, hash, key}, nil
}

// Name returns the name of the key.
func (c Cosigner) Name() string { return c.name }

// String never shows the key.
func (c Cosigner) String() string { return KeyID(c.name, c.hash) + " [redacted]" }

// GoString never shows the key.
func (c Cosigner) GoString() string { return c.String() }

// At returns what signs a checkpoint as of that time, cut off to whole seconds.
func (c Cosigner) At(t time.Time) note.Signer { return cosigning{c, t.Unix()} }

type cosigning struct {
	c  Cosigner
	at int64
}

func (s cosigning) Name() string    { return s.c.name }
func (s cosigning) KeyHash() uint32 { return s.c.hash }
func (s cosigning) String() string  { return s.c.String() }

func (s cosigning) Sign(text []byte) ([]byte, error) {
	if err := validTime(time.Unix(s.at, 0)); err != nil {
		return nil, err
	}
	sig := binary.BigEndian.AppendUint64(nil, uint64(s.at))
	return append(sig, ed25519.Sign(s.c.key, cosigned(text, s.at))...), nil
}

// cosigned is the message that a cosignature signs.
func cosigned(text []byte, at int64) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", at), text...)
}

// NewCosignerVerifier reads a cosigner's public key, "name+hash+base64".
func NewCosignerVerifier(vkey string) (note.Verifier, error) {
	name, hash, key, err := cosignerKey(strings.TrimSpace(vkey))
	if err == nil && hash != cosignerHash(name, key) {
		err = errors.New("its hash is wrong, so that it or its name is damaged")
	}
	if err != nil {
		return nil, fmt.Errorf("read the cosigner's public key %.120q: %v", vkey, err)
	}
	return cosignerVerifier{name, hash, key}, nil
}

type cosignerVerifier struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (v cosignerVerifier) Name() string    { return v.name }
func (v cosignerVerifier) KeyHash() uint32 { return v.hash }

func (v cosignerVerifier) Verify(text, sig []byte) bool {
	if len(sig) != cosignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	if at > maxCosignedAt {
		return false
	}
	return ed25519.Verify(v.key, cosigned(text, int64(at)), sig[8:])
}

// maxCosignedAt is the last second of the year 2261, as for every time here.
const maxCosignedAt = 9214646399

// OpenCosigned verifies that the holder of a cosigner's key cosigned a checkpoint of
// the ledger with that origin, and returns the checkpoint, and when he says that he
// did, in whole seconds. Where he did so more than once in one note, the first counts.
// Whether the ledger's own key signed it is not looked at: see [OpenCheckpoint].
func OpenCosigned(raw []byte, origin string, cosigner note.Verifier) (Checkpoint, time.Time, error) {
	fail := func(err error) (Checkpoint, time.Time, error) {
		return Checkpoint{}, time.Time{}, fmt.Errorf("cosigned checkpoint: %w", err)
	}
	if len(raw) > MaxNote {
		return fail(fmt.Errorf("%d bytes, at most %d are allowed", len(raw), MaxNote))
	}
	n, err := note.Open(raw, note.VerifierList(cosigner))
	if err != nil {
		return fail(openError(err))
	}
	sig, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil || len(sig) != 4+cosignatureSize {
		return fail(fmt.Errorf("the signature of key %s is no cosignature", KeyID(cosigner.Name(), cosigner.KeyHash())))
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return fail(err)
	}
	if c.Origin != origin {
		return fail(fmt.Errorf("it is of ledger %q, want %q", c.Origin, origin))
	}
	return c, time.Unix(int64(binary.BigEndian.Uint64(sig[4:])), 0).UTC(), nil
}

// AddCosignature appends to a checkpoint the cosignature that lines hold, which are
// what a cosigner answered (C2SP tlog-witness). Lines of other keys are left out. The
// checkpoint comes back unchanged but for one line, spelled in one way.
func AddCosignature(raw, lines []byte, cosigner note.Verifier) ([]byte, error) {
	if len(raw)+len(lines) > MaxNote {
		return nil, fmt.Errorf("cosigned checkpoint of %d bytes: at most %d are allowed", len(raw)+len(lines), MaxNote)
	}
	n, err := note.Open(append(raw[:len(raw):len(raw)], lines...), note.VerifierList(cosigner))
	if err != nil {
		return nil, fmt.Errorf("cosigned checkpoint: %w", openError(err))
	}
	sig, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil || len(raw) < len(n.Text) || string(raw[:len(n.Text)]) != n.Text {
		return nil, errors.New("cosigned checkpoint: what was answered is no signature line")
	}
	return fmt.Appendf(raw[:len(raw):len(raw)], "\u2014 %s %s\n", cosigner.Name(), base64.StdEncoding.EncodeToString(sig)), nil
}
