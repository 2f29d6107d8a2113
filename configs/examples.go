// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"embed"
	"io/fs"
	"path"
)

// Two variables: the agent's program holds what it refers to, and that is profiles alone.
var (
	//go:embed collector.yaml agent.yaml base.yaml contract.yaml contracts
	examples embed.FS
	//go:embed profiles
	profileFiles embed.FS
)

// Example is one file of a first configuration.
type Example struct {
	Name string // slash-separated path below the directory of the configuration
	Body []byte
	Mode fs.FileMode
}

// Examples returns the files of a first configuration: commented, valid together,
// and on a machine of its own harmless, for its addresses are those of documentation
// (RFC 5737). The last one holds a secret.
func Examples() []Example {
	var out []Example
	for _, name := range []string{"collector.yaml", "base.yaml", "contract.yaml", "agent.yaml"} {
		body, err := examples.ReadFile(name)
		if err != nil {
			panic("configs: " + err.Error())
		}
		out = append(out, Example{name, body, 0o644})
	}
	// Its content is no secret: net-snmp's own examples use it. Its mode is the lesson.
	return append(out, Example{"secrets/snmp-community", []byte("public\n"), 0o600})
}

// Templates returns the contract templates: one for each provider whose published terms
// they follow, with the clause behind each setting, to be copied and filled in.
func Templates() []Example {
	entries, err := examples.ReadDir("contracts")
	if err != nil {
		panic("configs: " + err.Error())
	}
	var out []Example
	for _, e := range entries {
		name := path.Join("contracts", e.Name())
		body, err := examples.ReadFile(name)
		if err != nil {
			panic("configs: " + err.Error())
		}
		out = append(out, Example{name, body, 0o644})
	}
	return out
}
