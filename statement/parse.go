// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/vouch-sla/vouch/contract"
)

// MaxJSON is the size of the largest statement that [Parse] reads, in bytes. That of
// 1,000 devices with an outage a week each has about a tenth of it.
const MaxJSON = 64 << 20

// maxSeconds is more than any period has, and small enough for sums to stay exact.
const maxSeconds = 1 << 40

// Parse reads what [Statement.JSON] writes, and nothing else: unknown fields, another
// order or spelling, and figures that do not follow from the seconds beside them are
// errors, so that writing it again gives the same bytes. A statement that was read back
// says and shows the same in every form.
func Parse(data []byte) (Statement, error) {
	s, err := parse(data)
	if err != nil {
		return Statement{}, fmt.Errorf("statement: %w; take the file as it was issued, byte for byte", err)
	}
	return s, nil
}

func parse(data []byte) (Statement, error) {
	var s Statement
	switch {
	case len(data) > MaxJSON:
		return s, fmt.Errorf("%d bytes: at most %d are read", len(data), MaxJSON)
	case !bytes.HasPrefix(data, []byte("{\n  \"schema\": \""+Schema+"\",\n")):
		return s, fmt.Errorf("it does not begin with the schema %s in canonical JSON", Schema)
	case bytes.Count(data, []byte{'{'}) > 4096+len(data)/64: // each takes memory before it is known to be empty
		return s, errors.New("it has more objects than its size has room for")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, err
	}
	if err := s.check(); err != nil {
		return s, err
	}
	if again := s.JSON(); !bytes.Equal(again, data) {
		at := 0
		for at < min(len(again), len(data)) && again[at] == data[at] {
			at++
		}
		return s, fmt.Errorf("it is not canonical JSON from byte %d on", at)
	}
	return s, nil
}

// check reports what no statement says.
func (s Statement) check() error {
	if err := s.checkIssue(); err != nil {
		return err
	}
	if len(s.Offsets) == 0 || len(s.Offsets) > maxOffsets {
		return fmt.Errorf("offsets: %d, 1 to %d are needed", len(s.Offsets), maxOffsets)
	}
	if c := s.Checkpoint; c != nil && (c.Origin == "" || strings.ContainsAny(c.Origin, "\n") || c.Size < 0 || !base64Hash(c.Root)) {
		return fmt.Errorf("checkpoint: origin %.40q, size %d, root %.50q", c.Origin, c.Size, c.Root)
	}
	if s.Manifest != "" && !hexHash(s.Manifest) {
		return fmt.Errorf("manifest_sha256 %.70q: 64 digits 0-9a-f are needed", s.Manifest)
	}
	if err := s.Body.check(); err != nil {
		return err
	}
	for _, list := range [][]Subject{s.Services, s.Devices} {
		for _, x := range list {
			if err := x.Body.check(); err != nil {
				return fmt.Errorf("%.40q: %w", x.ID, err)
			}
		}
	}
	return nil
}

// checkIssue compares state, number, version, issue and the version before.
func (s Statement) checkIssue() error {
	switch s.State {
	case StateDraft:
		if s.Number != "" || s.Revision != 0 || s.Issued != nil || s.Replaces != nil {
			return errors.New("a draft has no number, version, issue or predecessor")
		}
		return nil
	case StateProvisional, StateIssued, StateFinal:
	default:
		return fmt.Errorf("state %.20q: allowed are draft, provisional, issued and final", s.State)
	}
	r := s.Replaces
	switch {
	case s.Number == "" || s.Revision < 1 || s.Issued == nil:
		return errors.New("an issued statement has a number, a version from 1 and an issue")
	case len(s.Issued.Reason) > MaxReason || r != nil && len(r.Reason) > MaxReason:
		return fmt.Errorf("a reason is longer than %d bytes", MaxReason)
	case s.Revision == 1 && r != nil || s.Revision > 1 && (r == nil || r.Version != s.Revision-1):
		return fmt.Errorf("version %d: every version but the first replaces the one before", s.Revision)
	case r != nil && !hexHash(r.SHA256):
		return fmt.Errorf("replaces: sha256 %.70q: 64 digits 0-9a-f are needed", r.SHA256)
	case r != nil && !r.Difference.bounded():
		return errors.New("replaces: the difference is longer than any period")
	}
	return nil
}

// check compares the figures with each other.
func (b Body) check() error {
	f := b.Figures
	for _, n := range []int64{f.Agreed, f.Excluded, f.Up, f.Down, f.Unknown, f.Eligible, f.Degraded, f.OutsideWindow, f.NotMeasured,
		f.Announced, f.ExcludedMaintenance, f.DownUnderMaintenance, b.Short.Down, int64(b.Short.Count)} {
		if n < 0 || n > maxSeconds {
			return fmt.Errorf("%d seconds: 0 to %d are possible", n, maxSeconds)
		}
	}
	if f.Up+f.Down+f.Unknown != f.Eligible || f.Eligible+f.Excluded != f.Agreed {
		return fmt.Errorf("agreed %d is not excluded %d + up %d + down %d + unknown %d", f.Agreed, f.Excluded, f.Up, f.Down, f.Unknown)
	}
	a, down, up, coverage := contract.Figures{Up: f.Up, Down: f.Down, Unknown: f.Unknown, Eligible: f.Eligible}.Ratios()
	switch {
	case f.Availability != a || f.IfUnknownDown != down || f.IfUnknownUp != up || f.Coverage != coverage:
		return fmt.Errorf("the percentages do not follow from up %d, down %d and unknown %d s", f.Up, f.Down, f.Unknown)
	case b.Headline != a && b.Headline != down && b.Headline != up:
		return fmt.Errorf("headline_pct %s is no percentage of these figures", b.Headline)
	}
	if b.Target != nil {
		if t, err := contract.ParseTarget(*b.Target); err != nil || t.String() != *b.Target {
			return fmt.Errorf("target_pct %.40q: a percentage without superfluous zeros is needed", *b.Target)
		}
	}
	return nil
}

func (c Change) bounded() bool {
	all := []Shift{c.Shift}
	for _, d := range c.Devices {
		all = append(all, d.Shift)
	}
	for _, s := range all {
		for _, n := range []int64{s.Agreed, s.Excluded, s.Up, s.Down, s.Unknown} {
			if n < -maxSeconds || n > maxSeconds {
				return false
			}
		}
	}
	return true
}

func base64Hash(s string) bool {
	b, err := base64.StdEncoding.DecodeString(s)
	return err == nil && len(b) == 32 && base64.StdEncoding.EncodeToString(b) == s
}

func hexHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
