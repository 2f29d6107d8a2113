// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/durable"
)

// cosigned is the checkpoint of a ledger that was cosigned last.
type cosigned struct {
	evidence.Checkpoint
	at   time.Time
	note string
}

// maxMemory bounds the file, in bytes: some ten thousand ledgers.
const maxMemory = 16 << 20

// memoryFile is the file: the last cosigned checkpoint of each ledger by its origin.
// Each carries the witness's own cosignature, so that a changed or foreign file shows.
type memoryFile struct {
	Cosigned map[string]string `json:"cosigned"`
}

func readMemory(path string) (map[string]string, error) {
	raw, err := durable.ReadFile(path, maxMemory)
	if err != nil {
		return nil, fmt.Errorf("read the witness's memory: %w", err)
	}
	var f memoryFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("the witness's memory %s is damaged: %v; begin in an empty directory with another name", path, err)
	}
	return f.Cosigned, nil
}

// remember takes over what the file tells.
func (w *Witness) remember(notes map[string]string) error {
	w.last = map[string]cosigned{}
	for origin, n := range notes {
		c, at, err := evidence.OpenCosigned([]byte(n), origin, w.own)
		if err != nil {
			return fmt.Errorf("the witness's memory %s is damaged, or another witness's: ledger %q: %w; begin in an empty directory with another name", w.path, origin, err)
		}
		w.last[origin] = cosigned{c, at, n}
	}
	return nil
}

// store makes the memory lasting.
func (w *Witness) store(last map[string]cosigned) error {
	f := memoryFile{Cosigned: map[string]string{}}
	for origin, c := range last {
		f.Cosigned[origin] = c.note
	}
	raw, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode the witness's memory: %v", err)
	}
	if err := durable.WriteFile(w.path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("store the witness's memory: %w", err)
	}
	return nil
}

// learn stores that a checkpoint was cosigned. w.mu is held.
func (w *Witness) learn(c cosigned) error {
	next := maps.Clone(w.last)
	next[c.Origin] = c
	if err := w.store(next); err != nil {
		return err
	}
	w.last = next
	return nil
}
