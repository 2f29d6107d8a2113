// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Command vouch-verify checks a bundle of evidence offline. It opens no connection and
// no database: what it knows is in the file and on its command line.
package main

import (
	"os"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/cmd/verifycmd"
)

// Set by the linker: see the Makefile.
var version, commit string

func main() {
	os.Exit(exit.Report(os.Stderr, "vouch-verify", verifycmd.Program(exit.Version("vouch-verify", version, commit)).Execute()))
}
