// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"errors"
	"fmt"
)

// ReadBatch parses a batch without verifying its signature. It is for who verified
// it before and kept the bytes: a collector that derives from its own ledger, long
// after the agent's key may have gone. Nobody else may use it. KeyHash is zero.
func ReadBatch(raw []byte) (Batch, error) {
	if len(raw) > MaxNote {
		return Batch{}, fmt.Errorf("batch of %d bytes: at most %d are allowed", len(raw), MaxNote)
	}
	// The text of a note ends where the last blank line begins.
	end := bytes.LastIndex(raw, []byte("\n\n"))
	if end < 0 {
		return Batch{}, errors.New("batch: no signature follows the text")
	}
	_, agent, _ := Peek(raw)
	b, err := parseBatch(raw, raw[:end+1], string(agent), 0)
	if err != nil {
		return Batch{}, fmt.Errorf("batch: %w", err)
	}
	return b, nil
}
