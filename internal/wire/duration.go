// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"time"
)

// duration is a time.Duration that JSON spells as Go does: "10s", "250ms", "1m0s".
type duration time.Duration

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return fmt.Errorf("%.40q is not a duration like 10s or 250ms", b)
	}
	*d = duration(v)
	return nil
}
