// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/durable"
)

// maxHeads bounds the file of heads, in bytes.
const maxHeads = 16 << 20

// headsFile is the file in which the heads of the chains survive the process. It
// must be on disk before a batch that it names leaves: an agent that forgot a head
// would give a number to two batches.
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
}

// read returns the heads. A missing file is an error, as the key brings one along,
// and so is one of another key.
func (f headsFile) read() (map[chainKey]head, error) {
	raw, err := durable.ReadFile(f.path, maxHeads)
	if err != nil {
		return nil, err
	}
	var j headsJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return nil, fmt.Errorf("read heads %s: %v", f.path, err)
	}
	if j.Version != 1 || j.Key != f.key {
		return nil, fmt.Errorf("read heads %s: they are of version %d and key %s, want version 1 and key %s", f.path, j.Version, j.Key, f.key)
	}
	heads := map[chainKey]head{}
	for _, h := range j.Heads {
		if h.Epoch == 0 || h.Seq == 0 || h.Hash.IsZero() || h.Begins == "" {
			return nil, fmt.Errorf("read heads %s: the head of %s, %s is incomplete", f.path, h.Customer, h.Stream)
		}
		heads[chainKey{h.Customer, h.Stream}] = h.head
	}
	return heads, nil
}

// write replaces the file. When it returns nil the heads survive a power cut.
func (f headsFile) write(heads map[chainKey]head) error {
	j := headsJSON{Version: 1, Key: f.key, Heads: make([]headJSON, 0, len(heads))}
	for k, h := range heads {
		j.Heads = append(j.Heads, headJSON{k.Customer, k.Stream, h})
	}
	slices.SortFunc(j.Heads, func(a, b headJSON) int {
		if c := strings.Compare(string(a.Customer), string(b.Customer)); c != 0 {
			return c
		}
		return strings.Compare(string(a.Stream), string(b.Stream))
	})
	raw, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("encode heads: %v", err)
	}
	return durable.WriteFile(f.path, append(raw, '\n'), 0o600)
}

// load reads the heads of the last run.
func (s *spool) load() {
	heads, err := s.heads.read()
	if err != nil {
		s.headLost = true
		s.log.Warn("heads of the chains are lost: every chain begins a new epoch", "err", err)
		return
	}
	s.idle = heads
}

// save writes the heads down where they have moved, and lets go what they name. It
// returns false when they could not be written; nothing leaves then.
func (s *spool) save() bool {
	s.saving.Lock()
	defer s.saving.Unlock()
	s.mu.Lock()
	if !s.unsaved {
		s.mu.Unlock()
		return true
	}
	moves := s.moves
	heads := make(map[chainKey]head, len(s.chains)+len(s.idle))
	for k, h := range s.idle {
		heads[k] = h
	}
	for k, c := range s.chains {
		if c.head.Seq > 0 {
			heads[k] = c.head
		}
	}
	s.mu.Unlock()

	err := s.heads.write(heads)

	s.mu.Lock()
	defer s.mu.Unlock()
	if failing := err != nil; failing != s.failing {
		s.failing = failing
		if failing {
			s.log.Error("heads cannot be written: nothing is uploaded until they can", "err", err)
		} else {
			s.log.Info("heads are written again")
		}
	}
	if err != nil {
		return false
	}
	s.unsaved = s.moves != moves
	for k, h := range heads {
		if c := s.chains[k]; c != nil {
			c.saved = h
			for i := range c.queue {
				l := &c.queue[i].link
				if l.Epoch < h.Epoch || l.Epoch == h.Epoch && l.Seq <= h.Seq {
					c.queue[i].durable = true
				}
			}
		}
	}
	poke(s.ready)
	return true
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
