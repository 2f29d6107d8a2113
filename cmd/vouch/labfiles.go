// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import "encoding/json"

// quoteYAML quotes a text for YAML, of which JSON is a part.
func quoteYAML(s string) (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

// The files that `vouch lab --base` writes, as templates.
const (
	labBase = `# The devices of ` + "`vouch lab`" + `, as an installed base. A device is a position: put your own
# customers and sites here, and what hardware will stand there once it exists.

provider:
  name: Your name

credentials: [lab]

# Two places that measure, both on this machine: two witnesses make a verdict.
locations:
  - id: here-a
    name: First location of the lab
    custody: provider
    via: [line-a]
    gateway: {kind: tcp, address: 127.0.0.1, port: 7480}   # the collector's pages stand for the way out
  - id: here-b
    name: Second location of the lab
    custody: provider
    via: [line-b]
    gateway: {kind: tcp, address: 127.0.0.1, port: 7480}

agents:
  - {id: lab-a, location: here-a}
  - {id: lab-b, location: here-b}

customers:
  - id: customer
    name: Customer
    contract: lab
    sites:
      - id: site
        name: Site
        devices:
{{- range .Positions}}
          - id: {{.ID}}   # {{.About}}
            class: {{.Class}}
            address: {{.Address}}
            profile: {{.Profile}}
            credential: lab
            checks: [snmp]
            snmp: {port: {{$.Port}}{{if $.User}}, version: 3{{end}}}
            lease: {from: {{$.Since}}}
{{- if .Serial}}
            units: [{serial: {{quote .Serial}}, from: {{$.Since}}}]
{{- end}}
{{- end}}
    services: []
`
	labContract = `# What was agreed, in the small: what takes minutes in a real contract takes seconds
# here. Put your own terms in its place, see contract.yaml of ` + "`vouch init`" + `; "vouch contract
# explain" says what they mean in plain words.

id: lab

versions:
  - number: 1
    in_force: {{.Since}}
    timezone: Europe/Amsterdam

    windows:
      availability:
        hours:
          - {days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], from: 00:00, to: 24:00}

    quorum: {rule: two_sided, q: 2}
    voters: [here-a, here-b]

    # On loopback the kernel answers ICMP whatever the device does: only SNMP tells.
    measure:
      snmp: {interval: {{.Interval}}, timeout: 3s}
    reachable_by: [snmp]
    references:
      - {name: pages, kind: tcp, address: 127.0.0.1, port: 7480}
{{- if .Control}}
      - {name: lab, kind: tcp, address: {{.Control.Addr}}, port: {{.Control.Port}}}
{{- end}}
    self_check_required: true

    incident:
      confirm: {{.Confirm}}
      clear: {{.Confirm}}
    live:
      carry_forward: {{.Carry}}
      lag: {{.Lag}}

    exclusions:
      maintenance: {announced: before}

    targets:
      - {percent: 99.5}
`
	labCollector = `# A collector for ` + "`vouch lab`" + `; ` + "`vouch init`" + ` writes a commented file of this kind.

data: data
origin: lab.vouch.example
listen: "127.0.0.1:7443"
web:
  listen: 127.0.0.1:7480
base: {{.Base}}
contracts:
  - contract.yaml
agents:
  address: 127.0.0.1:7443
  seal: 10s
  heartbeat: 5s
`
	labAgent = `# One of the two agents; "vouch-agent enrol" fills in the pin.

id: {{.Agent}}
data: data-{{.Agent}}

collector:
  url: https://127.0.0.1:7443
  pin: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
{{if .Loopback}}
# An address of its own, so that "vouch lab" could tell the two apart.
source: {{.Source}}
{{end}}
credentials:
  lab:
{{- with .User}}
    version: 3
    user: {{.Name}}
{{- if .Auth}}
    auth: {protocol: {{.Auth}}, password: file:secrets/lab-auth}
{{- end}}
{{- if .Privacy}}
    privacy: {protocol: {{.Privacy}}, password: file:secrets/lab-privacy}
{{- end}}
{{- else}}
    version: 2c
    community: file:secrets/lab-community
{{- end}}

metrics:
  listen: 127.0.0.1:{{.Metrics}}
`
)
