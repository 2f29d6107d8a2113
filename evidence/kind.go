// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import "fmt"

// RecordKind says what a record decides. A reader keeps, proves and prints kinds
// that it does not know, and rests no figure on them.
type RecordKind string

// The kinds of record.
const (
	KindContract             RecordKind = "contract"              // a version of the contract: its terms and the bytes of its zone
	KindInstallation         RecordKind = "installation"          // the customer's sites, devices, units and services
	KindLease                RecordKind = "lease"                 // a device is leased from, until
	KindUnit                 RecordKind = "unit"                  // a piece of hardware occupies a device from an instant on
	KindUnitSeen             RecordKind = "unit-seen"             // another unit than the one on record answers at a device, or the one on record again
	KindLocation             RecordKind = "location"              // a location, its custody and what it shares with others
	KindAssignment           RecordKind = "assignment"            // which checks an agent runs, replacing what was assigned before
	KindAdmitted             RecordKind = "admitted"              // a (location, device, check) may vote from now on
	KindMaintenanceAnnounced RecordKind = "maintenance-announced" // the announcement time is Recorded
	KindMaintenanceCancelled RecordKind = "maintenance-cancelled"
	KindExclusionClaimed     RecordKind = "exclusion-claimed"
	KindExclusionApproved    RecordKind = "exclusion-approved"
	KindExclusionRejected    RecordKind = "exclusion-rejected"
	KindIncidentEvent        RecordKind = "incident-event"
	KindKeyAdded             RecordKind = "key-added"
	KindKeyRotated           RecordKind = "key-rotated"
	KindKeyRevoked           RecordKind = "key-revoked"
	KindStatementIssued      RecordKind = "statement-issued"
	KindAcceptance           RecordKind = "acceptance"    // the other party accepts a record or a statement
	KindLegalHold            RecordKind = "legal-hold"    // nothing of the customer is erased from here on, or again it may be
	KindMute                 RecordKind = "mute"          // messages are silenced until an instant, or go out again; no figure rests on it
	KindDataErased           RecordKind = "data-erased"   // bodies erased under retention, hashes kept
	KindEquivocation         RecordKind = "equivocation"  // a fork: two batches under one number, both kept
	KindLostHere             RecordKind = "lost-here"     // the collector was restored from a back-up and lost what came after it
	KindAccountEvent         RecordKind = "account-event" // somebody was invited, signed in or out; in the provider's own ledger
	KindAnchored             RecordKind = "anchored"      // how far a customer's ledger had come: [Anchored]
	KindTimeStamp            RecordKind = "time-stamp"    // an authority's word on when the anchor ledger had come so far: [TimeStamped]
	KindCosigned             RecordKind = "cosigned"      // the same by somebody who watches that it only grows: [Cosigned]
)

// valid reports why k cannot be a kind: lower-case letters, digits and '-', a
// letter first, at most 63 bytes.
func (k RecordKind) valid() error {
	for i := range len(k) {
		c := k[i]
		if 'a' <= c && c <= 'z' || i > 0 && ('0' <= c && c <= '9' || c == '-') {
			continue
		}
		return fmt.Errorf("kind %.60q: allowed are lower-case letters, digits and '-', a letter first", string(k))
	}
	if k == "" || len(k) > 63 {
		return fmt.Errorf("kind is %d bytes long, allowed are 1 to 63", len(k))
	}
	return nil
}
