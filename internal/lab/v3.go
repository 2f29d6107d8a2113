// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import "time"

type User struct{}
type engine struct{}

func (a *agent) answer3(msg []byte, b *Behaviour, now time.Time) []byte { return nil }
