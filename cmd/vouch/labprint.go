// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/internal/lab/control"
)

// labPrinter says what a lab serves and what commands did, from any goroutine.
type labPrinter struct {
	w    io.Writer
	json bool
	mu   sync.Mutex // guards w
}

// labStart is the first line of --json.
type labStart struct {
	Listen  string           `json:"listen"`
	Control string           `json:"control,omitempty"`
	Files   []string         `json:"files,omitempty"`
	Devices []control.Device `json:"devices"`
}

// mostRows bounds the table that a lab prints when it starts.
const mostRows = 40

func (p *labPrinter) start(l *lab.Lab, ln net.Listener, c lab.Config, files []string, typed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	devices := control.Devices(l)
	s := labStart{Listen: devices[0].Address, Files: files, Devices: devices}
	if ln != nil {
		s.Control = ln.Addr().String()
	}
	if p.json {
		p.line(s)
		return
	}
	_ = labTable(p.w, devices[:min(mostRows, len(devices))], false)
	if len(devices) > mostRows {
		fmt.Fprintf(p.w, "and %d more, the last of them %s at %s (vouch lab list shows all)\n", len(devices)-mostRows, devices[len(devices)-1].Name, devices[len(devices)-1].Address)
	}
	versions := "SNMP v1 and v2c"
	if c.User != nil {
		versions += ", and v3 as " + c.User.Name
	}
	fmt.Fprintf(p.w, "\n%s, %s, %s.\n", counted(len(devices), "device"), versions, reach(c))
	if typed {
		fmt.Fprintln(p.w, "Type a command, as: dead "+devices[0].Name+" for 30s; or help, or quit.")
	}
	if ln == nil {
		return
	}
	more := ""
	if s.Control != control.Default {
		more = "--control " + s.Control + " "
	}
	fmt.Fprintf(p.w, "From another terminal: vouch lab do %sdead %s for 30s (vouch lab --help lists the commands)\n", more, devices[0].Name)
	if len(files) > 0 {
		fmt.Fprint(p.w, labNext(files))
	}
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// reach says who can ask the devices.
func reach(c lab.Config) string {
	if c.Listen.Addr().IsLoopback() {
		return "for programs of this machine"
	}
	return "for EVERYBODY who reaches this machine: --listen says so"
}

// labTable prints devices, a line each.
func labTable(w io.Writer, devices []control.Device, asked bool) error {
	t := table(w)
	head := "NAME\tADDRESS\tCOMMUNITY\tOBJECTS\tSAYS IT IS"
	if asked {
		head = "NAME\tADDRESS\tCOMMUNITY\tASKED\tANSWERED\tCOMMANDED\tSAYS IT IS"
	}
	fmt.Fprintln(t, head)
	for _, d := range devices {
		says := oneLineOf(d.Says, 60)
		if asked {
			doing := strings.Join(d.Doing, ", ")
			fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%s\t%s\n", d.Name, d.Address, d.Community, d.Asked, d.Answered, cmp.Or(doing, "-"), says)
		} else {
			fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", d.Name, d.Address, d.Community, d.Objects, says)
		}
	}
	return t.Flush()
}

// oneLineOf makes a text of a device fit for a terminal: what cannot be printed becomes
// a space, and it has at most so many characters.
func oneLineOf(s string, most int) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most-3]) + "..."
	}
	return s
}

// effect prints what a command did.
func (p *labPrinter) effect(e lab.Effect) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.json {
		p.line(e)
		return
	}
	fmt.Fprintln(p.w, time.Now().Format("15:04:05"), e)
}

// say prints something else to a person.
func (p *labPrinter) say(s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.w, s)
}

func (p *labPrinter) line(v any) {
	e := json.NewEncoder(p.w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // who reads no more gets no more
}
