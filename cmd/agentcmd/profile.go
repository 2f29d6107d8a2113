// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"fmt"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
)

// ownProfile reads a file with one profile.
func ownProfile(path string) (configs.Profile, error) {
	p, problems := configs.LoadProfile(configs.OS(), path)
	if err := problems.Err(); err != nil {
		return configs.Profile{}, exit.Misused("%v", err)
	}
	return p, nil
}

var _ = fmt.Sprint
