// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"strings"
	"time"
)

// Help says what commands there are.
const Help = `WHO is one device (address or name), several (a network as 127.1.0.0/24, a pattern as 'cisco*'), a share (10%), or all.
With "for 30s" a command holds so long, else until another one or "heal". Words with spaces stand in double quotes.

  dead WHO                      answers nobody over SNMP (ping is answered by this machine's kernel, where the address is loopback)
  loss WHO 20%                  leaves a share of the requests unanswered
  delay WHO 200ms [50ms]        answers later; the second time is the jitter, earlier or later by up to that much
  reboot WHO [for 45s]          uptime and counters begin at zero, snmpEngineBoots rises; silent for so long
  swap WHO [for 45s]            another box: other engine id, serial numbers and hardware addresses, snmpEngineBoots 1
  interface WHO NAME down|up    by ifName, ifDescr, ifAlias or ifIndex
  set WHO 'OID|TYPE|VALUE'      another value for an object, written as in a recording: 1.3.6.1.2.1.1.5.0|4|edge
                                (a counter or an uptime goes on from there: 1.3.6.1.2.1.1.3.0|67|4294967000 wraps within 3 s)
  wrong WHO HOW                 answers wrongly: truncated, garbage, id, community, version, address, endless, decreasing,
                                too-big [BINDINGS], error NUMBER, bad-column OID
  heal WHO                      ends all that commands did, reboots and swaps apart
`

// maxCommand bounds a command in bytes.
const maxCommand = 4096

// command is one command, read.
type command struct {
	verb, who string
	args      []string
	hold      time.Duration // 0: until further notice
}

// parseCommand reads VERB WHO [ARGUMENT...] [for DURATION].
func parseCommand(line string) (c command, err error) {
	if len(line) > maxCommand {
		return c, fmt.Errorf("a command has at most %d bytes", maxCommand)
	}
	words, err := split(line)
	if err != nil {
		return c, err
	}
	if n := len(words); n >= 2 && words[n-2] == "for" {
		c.hold, err = time.ParseDuration(words[n-1])
		if err != nil || c.hold <= 0 {
			return c, fmt.Errorf("for %q: write a duration, as 30s or 5m", words[n-1])
		}
		words = words[:n-2]
	}
	if len(words) < 2 {
		return c, fmt.Errorf("%q: write what and to whom, as: dead 127.1.0.7 for 30s", line)
	}
	c.verb, c.who, c.args = words[0], words[1], words[2:]
	return c, nil
}

// split separates words; quotes, single or double, keep spaces.
func split(line string) (words []string, err error) {
	var word strings.Builder
	var quote rune
	begun := false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, begun = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote %c is not closed", quote)
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}

// Effect is what one command did.
type Effect struct {
	Command string     `json:"command"`
	Devices int        `json:"devices"`          // how many it is about
	Names   []string   `json:"names"`            // of the first ten of them
	Effect  string     `json:"effect"`           // one sentence without a full stop
	Until   *time.Time `json:"until,omitempty"`  // absent: until further notice
	Failed  string     `json:"failed,omitempty"` // why some of them are left as they were
}

// String returns one line.
func (e Effect) String() string {
	who := strings.Join(e.Names, ", ")
	if e.Devices > len(e.Names) {
		who = fmt.Sprintf("%d devices", e.Devices)
	}
	s := who + ": " + e.Effect
	if e.Until != nil {
		s += " until " + e.Until.Format("15:04:05")
	}
	if e.Failed != "" {
		s += "; " + e.Failed
	}
	return s
}

// Do carries one command out (see [Help]) and says what it did. An error says what is
// wrong with the command; nothing was done then.
func (l *Lab) Do(line string) (Effect, error) { return l.do(line, time.Now()) }

func (l *Lab) do(line string, now time.Time) (Effect, error) {
	c, err := parseCommand(line)
	if err != nil {
		return Effect{}, err
	}
	act, said, err := c.act()
	if err != nil {
		return Effect{}, err
	}
	devices, err := l.find(c.who)
	if err != nil {
		return Effect{}, err
	}
	e := Effect{Command: line, Effect: said}
	var until time.Time
	if c.hold > 0 && c.verb != "heal" {
		until = now.Add(c.hold)
		e.Until = &until
	}
	var why error
	left := 0
	for _, d := range devices {
		if err := act(d, now, until); err != nil {
			left++
			why = err
			continue
		}
		e.Devices++
		if len(e.Names) < 10 {
			e.Names = append(e.Names, d.name)
		}
	}
	switch {
	case e.Devices == 0:
		return Effect{}, why
	case left > 0:
		e.Failed = fmt.Sprintf("%d others are left as they were: %v", left, why)
	}
	return e, nil
}
