// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"time"
)

// PackLoop is what an open store runs by itself, here at the ticks of a test.
func (s *Store) PackLoop(ctx context.Context, tick <-chan time.Time) { s.packLoop(ctx, tick) }
