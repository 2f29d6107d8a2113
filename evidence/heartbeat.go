// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
)

const heartbeatFormat = "vouch/heartbeat v1"

// HeartbeatHeader is what a heartbeat says beside its lines.
type HeartbeatHeader struct {
	Identity
	Boot  string
	At    time.Time
	Clock Clock
	Heads []Head // at most one a stream, availability first
	Count int    // lines; [SealHeartbeat] counts them
}

// Head says where the chain of a stream stands: what the last sealed item was.
type Head struct {
	Stream  vouch.Stream
	Epoch   uint64
	Seq     uint64
	Hash    Hash
	Through time.Time
}

// Heartbeat is an agent's word on the present, for one customer: the latest line of
// every check that is assigned and of every reference. It never enters the ledger;
// figures follow the batches, and a batch that contradicts it is alarmed.
type Heartbeat struct {
	HeartbeatHeader
	Lines   []byte // check and reference lines, as in the availability stream
	Raw     []byte
	Hash    Hash
	KeyHash uint32
}

// SealHeartbeat signs a heartbeat. The name of the key must be the agent.
func SealHeartbeat(h HeartbeatHeader, lines []byte, signer note.Signer) (Heartbeat, error) {
	n, err := countLines(lines)
	if err != nil {
		return Heartbeat{}, fmt.Errorf("seal heartbeat: %v", err)
	}
	h.Count = n
	text := h.append(make([]byte, 0, 1024+len(lines)))
	text = append(text, '\n')
	text = append(text, lines...)
	raw, err := sign(text, signer)
	if err != nil {
		return Heartbeat{}, fmt.Errorf("seal heartbeat: %v", err)
	}
	b, err := parseHeartbeat(raw, raw[:len(text)], signer.Name(), signer.KeyHash())
	if err != nil {
		return Heartbeat{}, fmt.Errorf("seal heartbeat: %v", err)
	}
	if len(b.Heads) != len(h.Heads) { // the clock's source held a line of its own
		return Heartbeat{}, fmt.Errorf("seal heartbeat: clock source %q holds a newline", h.Clock.Source)
	}
	return b, nil
}

// OpenHeartbeat bounds, verifies and then parses a heartbeat. Its lines are
// counted, not yet read: [CheckHeartbeat] does that. The heartbeat keeps raw.
func OpenHeartbeat(raw []byte, verifiers note.Verifiers) (Heartbeat, error) {
	text, sig, err := open(raw, verifiers)
	if err != nil {
		return Heartbeat{}, fmt.Errorf("heartbeat: %w", err)
	}
	h, err := parseHeartbeat(raw, text, sig.Name, sig.Hash)
	if err != nil {
		return Heartbeat{}, fmt.Errorf("heartbeat of key %s: %w", KeyID(sig.Name, sig.Hash), err)
	}
	return h, nil
}

func (h HeartbeatHeader) append(dst []byte) []byte {
	dst = append(dst, heartbeatFormat+"\n"...)
	dst = h.Identity.append(dst)
	dst = appendField(dst, "boot", h.Boot)
	dst = appendTimeField(dst, "at", h.At)
	dst = appendClockField(dst, h.Clock)
	for _, d := range h.Heads {
		dst = fmt.Appendf(dst, "head: %s %d %d %s ", d.Stream, d.Epoch, d.Seq, d.Hash)
		dst = AppendTime(dst, d.Through)
		dst = append(dst, '\n')
	}
	return appendUintField(dst, "lines", uint64(h.Count))
}

func parseHeartbeat(raw, text []byte, key string, keyHash uint32) (Heartbeat, error) {
	r := &headerReader{rest: text}
	r.first(heartbeatFormat)
	h := HeartbeatHeader{Identity: r.identity(), Boot: r.id("boot"), At: r.time("at"), Clock: r.clock()}
	for r.has("head") {
		d := r.head()
		if n := len(h.Heads); r.err == nil && n > 0 && h.Heads[n-1].Stream >= d.Stream {
			r.fail("head", fmt.Errorf("stream %s stands twice or out of order", d.Stream))
		}
		h.Heads = append(h.Heads, d)
	}
	h.Count = int(r.uint("lines", 0))
	header := text[:len(text)-len(r.rest)]
	r.blank()
	if err := r.finish(h.Agent, key, h.append(nil), header); err != nil {
		return Heartbeat{}, err
	}
	if err := checkCount(r.rest, h.Count); err != nil {
		return Heartbeat{}, err
	}
	return Heartbeat{HeartbeatHeader: h, Lines: r.rest, Raw: raw, Hash: Sum(raw), KeyHash: keyHash}, nil
}

func (r *headerReader) head() Head {
	s := r.text("head")
	if r.err != nil {
		return Head{}
	}
	d, err := parseHead(s)
	if err != nil {
		r.fail("head", err)
	}
	return d
}

func parseHead(s string) (d Head, err error) {
	part := strings.Split(s, " ")
	if len(part) != 5 {
		return d, fmt.Errorf("%.60q is not stream, epoch, number, hash and through", s)
	}
	d.Stream = vouch.Stream(part[0])
	if err = validStream(d.Stream); err != nil {
		return d, err
	}
	if d.Epoch, err = parseUint(part[1], 1); err != nil {
		return d, fmt.Errorf("epoch %v", err)
	}
	if d.Seq, err = parseUint(part[2], 1); err != nil {
		return d, fmt.Errorf("number %v", err)
	}
	if d.Hash, err = ParseHash(part[3]); err != nil {
		return d, err
	}
	d.Through, err = ParseTime(part[4])
	return d, err
}

// Peek says what a note claims to be before anything is verified: its kind ("batch",
// "gap", "heartbeat", "record"; empty for anything else), and the agent and customer
// that it names. It is for choosing keys, limits and log attributes, never for trust.
func Peek(raw []byte) (kind string, agent vouch.AgentID, customer vouch.CustomerID) {
	head := raw[:min(len(raw), 512)]
	first, rest, _ := bytes.Cut(head, []byte("\n"))
	switch string(first) {
	case batchFormat, gapFormat, heartbeatFormat:
		r := &headerReader{rest: rest}
		id := r.identity()
		if r.err != nil {
			return "", "", ""
		}
		return strings.TrimSuffix(strings.TrimPrefix(string(first), "vouch/"), " v1"), id.Agent, id.Customer
	case recordFormat:
		r := &headerReader{rest: rest}
		c := r.id("customer")
		if r.err != nil {
			return "", "", ""
		}
		return "record", "", vouch.CustomerID(c)
	}
	return "", "", ""
}
