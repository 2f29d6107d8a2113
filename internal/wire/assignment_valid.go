// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
)

// valid reports what an agent could not work with. It is one rule for both sides.
func (a *Assignment) valid() error {
	for what, id := range map[string]string{"agent": string(a.Agent), "location": string(a.Location)} {
		if err := vouch.ValidID(id); err != nil {
			return fmt.Errorf("%s: %v", what, err)
		}
	}
	if a.Sealing < time.Second/10 || a.Heartbeat < time.Second/10 {
		return fmt.Errorf("sealing every %v, heartbeat every %v: both need at least 100ms", a.Sealing, a.Heartbeat)
	}
	for _, c := range a.Customers {
		if err := vouch.ValidID(string(c)); err != nil {
			return fmt.Errorf("customer: %v", err)
		}
	}
	profiles := make(map[string]bool)
	for _, p := range a.Profiles {
		if p.Name == "" || profiles[p.Name] {
			return fmt.Errorf("profile %.63q has no name or stands twice", p.Name)
		}
		profiles[p.Name] = true
	}
	references := make(map[string]bool)
	for _, r := range a.References {
		if r.Name == "" || references[r.Name] {
			return fmt.Errorf("reference %.63q has no name or stands twice", r.Name)
		}
		references[r.Name] = true
		for _, c := range r.Customers {
			if !slices.Contains(a.Customers, c) {
				return fmt.Errorf("reference %.63q: its customer %.63q is not among the customers of the assignment", r.Name, c)
			}
		}
	}
	if err := validSecrets(a.Secrets); err != nil {
		return err
	}
	type key struct {
		customer vouch.CustomerID
		device   vouch.DeviceID
	}
	devices := make(map[key]bool, len(a.Devices))
	for i := range a.Devices {
		d := &a.Devices[i]
		k := key{d.Customer, d.ID}
		if devices[k] {
			return fmt.Errorf("device %s of %s stands twice", d.ID, d.Customer)
		}
		devices[k] = true
		if err := d.valid(a.Customers, profiles); err != nil {
			return fmt.Errorf("device %.63q of %.63q: %v", d.ID, d.Customer, err)
		}
	}
	return nil
}

func (d *Device) valid(customers []vouch.CustomerID, profiles map[string]bool) error {
	if err := vouch.ValidID(string(d.ID)); err != nil {
		return err
	}
	if !slices.Contains(customers, d.Customer) {
		return errors.New("its customer is not among the customers of the assignment")
	}
	if d.Turn < 0 || d.Turn > maxTurn {
		return fmt.Errorf("turn %d, allowed is 0 to %d", d.Turn, maxTurn)
	}
	for _, p := range d.Profiles {
		if !profiles[p] {
			return fmt.Errorf("profile %.63q is not in the assignment", p)
		}
	}
	seen := make(map[vouch.CheckName]bool, len(d.Checks))
	for _, c := range d.Checks {
		if err := vouch.ValidID(string(c.Name)); err != nil {
			return fmt.Errorf("check: %v", err)
		}
		switch {
		case seen[c.Name]:
			return fmt.Errorf("check %s stands twice", c.Name)
		case c.Interval <= 0 || c.Timeout <= 0 || c.Timeout >= c.Interval:
			return fmt.Errorf("check %s: interval %v and timeout %v: the timeout must be positive and below the interval", c.Name, c.Interval, c.Timeout)
		case c.Profile != "" && !profiles[c.Profile]:
			return fmt.Errorf("check %s: profile %.63q is not in the assignment", c.Name, c.Profile)
		}
		if err := c.SIP.Valid(); err != nil {
			return fmt.Errorf("check %s: %v", c.Name, err)
		}
		if err := validValues(c.Values); err != nil {
			return fmt.Errorf("check %s: %v", c.Name, err)
		}
		if err := cmp.Or(vouch.ValidUnit(c.Unit), validInterfaces(c.Interfaces)); err != nil {
			return fmt.Errorf("check %s: %v", c.Name, err)
		}
		seen[c.Name] = true
	}
	return nil
}

func validInterfaces(patterns []string) error {
	if len(patterns) > vouch.MaxInterfaces {
		return fmt.Errorf("it names %d interfaces, at most %d are allowed", len(patterns), vouch.MaxInterfaces)
	}
	for _, p := range patterns {
		if _, err := vouch.ParseInterface(p); err != nil {
			return err
		}
	}
	return nil
}

// Bounds of sealed secrets: a fleet has a handful, each well under one block of 4 KiB.
const (
	maxSecrets = 1024
	maxSealed  = 16 << 10
)

// validSecrets reports why sealed secrets cannot be told apart, or are too many.
func validSecrets(list []SealedSecret) error {
	if len(list) > maxSecrets {
		return fmt.Errorf("it holds %d secrets, at most %d are allowed", len(list), maxSecrets)
	}
	for i, s := range list {
		if err := vouch.ValidID(s.Name); err != nil {
			return fmt.Errorf("secret: %v", err)
		}
		if len(s.Sealed) == 0 || len(s.Sealed) > maxSealed {
			return fmt.Errorf("secret %s has %d bytes sealed, 1 to %d are allowed", s.Name, len(s.Sealed), maxSealed)
		}
		if i > 0 && s.Name <= list[i-1].Name {
			return fmt.Errorf("secret %s stands after %s: secrets are sorted and none stands twice", s.Name, list[i-1].Name)
		}
	}
	return nil
}

// validValues reports why the values that a check names cannot be looked up.
func validValues(names []string) error {
	if len(names) > vouch.MaxValues {
		return fmt.Errorf("it names %d values, at most %d are allowed", len(names), vouch.MaxValues)
	}
	for i, name := range names {
		if _, err := vouch.ParseValueRef(name); err != nil {
			return err
		}
		if i > 0 && name <= names[i-1] {
			return fmt.Errorf("value %q stands after %q: values are sorted and none stands twice", name, names[i-1])
		}
	}
	return nil
}
