// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"context"
	"strings"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/probes"
)

// traps asks the running agent whether it hears traps: nobody else can open its port with
// its rights.
func (d *doctor) traps(ctx context.Context, config configs.Agent) {
	if config.Traps == nil {
		return
	}
	st, err := agent.ReadStatus(ctx, config.Data)
	switch {
	case err != nil:
		d.ok("traps", "to be heard on %s; whether they are, the agent says once it runs", strings.Join(config.Traps.Listen, ", "))
	case st.Traps == nil:
		d.problem("traps", "restart the agent", "traps stands in %s, and was not there when the agent started", config.File)
	case st.Traps.Problem != "":
		d.problem("traps", "see to that, then restart the agent", "%s", st.Traps.Problem)
	default:
		d.ok("traps", "%d taken since the start; vouch-agent status says what became of others", st.Traps.Counts[probes.TrapAccepted.String()].N)
	}
}
