// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

// Headers of a message.
const (
	HeaderIntent    = "Vouch-Intent"    // key of the intent, the same at every repeat: the idempotency key
	HeaderTimestamp = "Vouch-Timestamp" // Unix seconds of this attempt
	HeaderSignature = "Vouch-Signature" // "v1=" and the signature in lower-case hexadecimal
)

// MaxSkew is how old, or how far in the future, a message may be for [Verify]. Every
// attempt is signed anew, so only the clocks of both sides matter.
const MaxSkew = 5 * time.Minute

// Reasons for which [Verify] refuses a message. A receiver answers 401 to either.
var (
	ErrSignature = errors.New("the signature does not match")
	ErrStale     = errors.New("the time stamp is too far from now")
)

// Signature returns HMAC-SHA256(secret, timestamp + "." + body), the timestamp in
// decimal Unix seconds, as the header carries it.
func Signature(secret vouch.Secret, timestamp int64, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(strconv.AppendInt(nil, timestamp, 10))
	mac.Write([]byte("."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Sign sets the three headers of a message.
func Sign(h http.Header, secret vouch.Secret, intent string, body []byte, now time.Time) {
	h.Set(HeaderIntent, intent)
	h.Set(HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(HeaderSignature, Signature(secret, now.Unix(), body))
}

// Verify is for receivers. It reports whether a message was signed with the secret
// and is no more than [MaxSkew] away from now. body is the whole body as received,
// before any parsing. The signature header may hold several signatures, separated by
// commas, of which one must match; versions other than v1 are passed over.
//
// Then look at [HeaderIntent]: a key that was seen before is a repeat of a message
// whose answer was lost, and wants a 2xx answer and nothing else.
func Verify(secret vouch.Secret, h http.Header, body []byte, now time.Time) error {
	stamp := h.Get(HeaderTimestamp)
	t, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || strconv.FormatInt(t, 10) != stamp {
		return fmt.Errorf("header %s is %.40q, want Unix seconds: %w", HeaderTimestamp, stamp, ErrSignature)
	}
	want := []byte(Signature(secret, t, body))
	match := false
	for part := range strings.SplitSeq(h.Get(HeaderSignature), ",") {
		match = hmac.Equal([]byte(strings.TrimSpace(part)), want) || match
	}
	switch {
	case !match:
		return ErrSignature
	case now.Sub(time.Unix(t, 0)).Abs() > MaxSkew:
		return fmt.Errorf("time stamp %d: %w", t, ErrStale)
	}
	return nil
}
