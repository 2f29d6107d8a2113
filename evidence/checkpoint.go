// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint is the state of a ledger: C2SP tlog-checkpoint, without extension
// lines.
type Checkpoint struct {
	Origin string // names the ledger; the key that signs bears the same name
	Size   int64  // leaves
	Root   Hash   // RFC 6962 root
}

// Text returns the text that is signed.
func (c Checkpoint) Text() []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// SealCheckpoint signs a checkpoint.
func SealCheckpoint(c Checkpoint, signer note.Signer) ([]byte, error) {
	text := c.Text()
	if _, err := parseCheckpoint(string(text)); err != nil {
		return nil, fmt.Errorf("seal checkpoint: %v", err)
	}
	if signer != nil && signer.Name() != c.Origin {
		return nil, fmt.Errorf("seal checkpoint: the key is %q's, the ledger is %q", signer.Name(), c.Origin)
	}
	raw, err := sign(text, signer)
	if err != nil {
		return nil, fmt.Errorf("seal checkpoint: %v", err)
	}
	return raw, nil
}

// OpenCheckpoint verifies a checkpoint of the ledger with that origin. Signatures
// by further keys, such as those of witnesses, are allowed; one by a known key of
// the ledger's name is required.
func OpenCheckpoint(raw []byte, origin string, verifiers note.Verifiers) (Checkpoint, error) {
	if len(raw) > MaxNote {
		return Checkpoint{}, fmt.Errorf("checkpoint of %d bytes: at most %d are allowed", len(raw), MaxNote)
	}
	n, err := note.Open(raw, verifiers)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", openError(err))
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %v", err)
	}
	if c.Origin != origin {
		return Checkpoint{}, fmt.Errorf("checkpoint: it is of ledger %q, want %q", c.Origin, origin)
	}
	for _, s := range n.Sigs {
		if s.Name == origin {
			return c, nil
		}
	}
	return Checkpoint{}, fmt.Errorf("checkpoint: no key of ledger %q signed it", origin)
}

func parseCheckpoint(text string) (c Checkpoint, err error) {
	line := strings.Split(text, "\n")
	if len(line) != 4 || line[3] != "" {
		return c, fmt.Errorf("%d lines: want origin, size and root", len(line)-1)
	}
	c.Origin = line[0]
	if err := validKeyName(c.Origin); err != nil {
		return c, fmt.Errorf("origin: %v", err)
	}
	if c.Size, err = parseSize("", line[1]); err != nil {
		return c, fmt.Errorf("size %.40q is not a whole number", line[1])
	}
	c.Root, err = ParseHash(line[2])
	return c, err
}
