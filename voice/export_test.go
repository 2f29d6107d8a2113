// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package voice

import "time"

// TooLong is Idd.
func TooLong(d time.Duration) float64 { return tooLong(float64(d) / float64(time.Millisecond)) }
