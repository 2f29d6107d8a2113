// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"path/filepath"
	"time"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/configs"
)

// certificate looks at the certificate of an agent that is enrolled. One that expired is
// no problem: the running agent renews it by its signing key.
func (d *doctor) certificate(config configs.Agent) {
	until, enrolled, err := agent.Certificate(config.Data, config.ID)
	switch {
	case err != nil:
		d.problem("certificate", "chmod 600 "+filepath.Join(config.Data, "tls.key")+"; be root or the account of the agent; or enrol again", "%v", err)
	case !enrolled:
		d.ok("certificate", "none: the agent is not enrolled, its key stands in the collector's installed base")
	case until.IsZero():
		d.ok("certificate", "there is none that can be read; the running agent gets another")
	case d.now().After(until):
		d.ok("certificate", "it expired at %s; the running agent renews it by its signing key", until.Format(time.RFC3339))
	default:
		d.ok("certificate", "good until %s, renewed by itself", until.Format(time.RFC3339))
	}
}
