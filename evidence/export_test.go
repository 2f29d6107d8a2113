// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"iter"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"github.com/vouch-sla/vouch"
)

// DecodeSlowly is [DecodeLines] by the line-protocol package alone.
func DecodeSlowly(stream vouch.Stream, lines []byte) iter.Seq2[Line, error] {
	s := newScanner(stream, lines)
	s.d, s.names = lineprotocol.NewDecoderWithBytes(lines), map[string]string{}
	return s.all
}
