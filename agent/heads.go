// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/durable"
)

// maxHeads bounds the file of heads, in bytes.
const maxHeads = 16 << 20

// headsFile is where the heads of the chains survive the process. They, or the batch
// itself, must be on disk before a batch leaves: an agent that forgot a head would give
// a number to two batches. The path is that of a file of its own, which a new key
// brings along and versions without a spool wrote; from the first run on they lie in
// the spool, in files that are overwritten in place and can be written on a full disk.
type headsFile struct {
	path string
	key  string // the key whose chains they are, "name+hash"
}

// headsJSON is what stands in the file.
type headsJSON struct {
	Version int        `json:"version"`
	Key     string     `json:"key"`
	Heads   []headJSON `json:"heads"`
}

type headJSON struct {
	Customer vouch.CustomerID `json:"customer"`
	Stream   vouch.Stream     `json:"stream"`
	head
	Acked   cursor `json:"acked"`
	Why     string `json:"why,omitempty"`     // why items before the queue are lost
	Dropped uint64 `json:"dropped,omitempty"` // samples, not told yet
}

// read returns the heads in the file of their own. A missing one is an error, as the key
// brings it along, and so is one of another key.
func (f headsFile) read() ([]headJSON, error) {
	raw, err := durable.ReadFile(f.path, maxHeads)
	if err != nil {
		return nil, err
	}
	return f.decode(raw)
}

func (f headsFile) decode(raw []byte) ([]headJSON, error) {
	var j headsJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return nil, fmt.Errorf("read heads %s: %v", f.path, err)
	}
	if j.Version != 1 || j.Key != f.key {
		return nil, fmt.Errorf("read heads %s: they are of version %d and key %s, want version 1 and key %s", f.path, j.Version, j.Key, f.key)
	}
	for _, h := range j.Heads {
		if h.Epoch == 0 || h.Seq == 0 || h.Hash.IsZero() || h.Begins == "" {
			return nil, fmt.Errorf("read heads %s: the head of %s, %s is incomplete", f.path, h.Customer, h.Stream)
		}
	}
	return j.Heads, nil
}

// encode returns the heads as they are written, the same for the same heads.
func (f headsFile) encode(heads map[chainKey]headJSON) ([]byte, error) {
	j := headsJSON{Version: 1, Key: f.key, Heads: slices.AppendSeq(make([]headJSON, 0, len(heads)), maps.Values(heads))}
	sort.Slice(j.Heads, func(i, k int) bool {
		a, b := &j.Heads[i], &j.Heads[k]
		return a.Customer < b.Customer || a.Customer == b.Customer && a.Stream < b.Stream
	})
	raw, err := json.Marshal(j)
	if err != nil {
		return nil, fmt.Errorf("encode heads: %v", err)
	}
	return append(raw, '\n'), nil
}

// begin writes the file of a new key, which has no heads.
func (f headsFile) begin() error {
	raw, err := f.encode(nil)
	if err != nil {
		return err
	}
	return durable.WriteFile(f.path, raw, 0o600)
}

// standing returns where the chains of a customer stand on disk, for a heartbeat.
func (s *spool) standing(customer vouch.CustomerID) []evidence.Head {
	s.mu.Lock()
	defer s.mu.Unlock()
	var heads []evidence.Head
	for _, stream := range []vouch.Stream{vouch.Availability, vouch.Telemetry} {
		if c := s.chains[chainKey{customer, stream}]; c != nil && c.saved.Seq > 0 {
			h := c.saved
			heads = append(heads, evidence.Head{Stream: stream, Epoch: h.Epoch, Seq: h.Seq, Hash: h.Hash, Through: h.Through})
		}
	}
	return heads
}
