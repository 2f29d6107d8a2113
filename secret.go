// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch

import "fmt"

// Secret is a password, a community or a token. However it is printed, formatted,
// logged or encoded, it shows as [redacted]; only a conversion to string gives it away.
type Secret string

const redacted = "[redacted]"

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (Secret) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns "[redacted]"; encoding/json and log/slog use it, too.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
