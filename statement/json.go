// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"bytes"
	"encoding/json"
)

// JSON returns the statement as canonical JSON: fields in the order of their
// definition, two spaces of indentation, one newline at the end. The same statement
// always gives the same bytes.
func (s Statement) JSON() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		panic("statement: encode: " + err.Error()) // every field encodes
	}
	return b.Bytes()
}
