// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vouch-sla/vouch/internal/lab"
)

func TestInterfaceCommand(t *testing.T) {
	l := trio(t)
	d := l.Devices()[0]
	now := d.Started().Add(time.Minute)
	for _, by := range []string{"1", quote(value(t, d, now, "1.3.6.1.2.1.31.1.1.1.1.1")), quote(value(t, d, now, "1.3.6.1.2.1.2.2.1.2.1"))} {
		if _, err := l.DoAt("interface router "+by+" down", now); err != nil {
			t.Fatal(err)
		}
		if got, changed := value(t, d, now, operStatus+"1"), value(t, d, now, lastChange+"1"); got != 2 || changed != value(t, d, now, sysUpTime) {
			t.Errorf("interface %s down: ifOperStatus %v, ifLastChange %v; want 2 and the uptime", by, got, changed)
		}
		if _, err := l.DoAt("interface router "+by+" up", now); err != nil {
			t.Fatal(err)
		}
		if got := value(t, d, now, operStatus+"1"); got != 1 {
			t.Errorf("interface %s up: ifOperStatus %v, want 1", by, got)
		}
	}
	// Not every device of the lab has it: those that have not are left as they were.
	name := value(t, l.Devices()[1], now, "1.3.6.1.2.1.31.1.1.1.1.1")
	if e, err := l.DoAt("interface all "+quote(name)+" down", now); err != nil || e.Devices == 0 {
		t.Errorf("Do = %+v, %v; want the devices that have it", e, err)
	}
}

// What a command did to an interface for a time is undone by the lab, unless somebody
// was there before.
func TestInterfaceForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := lab.Play(lab.Router(), lab.Options{})
		do := func(line string) {
			t.Helper()
			if _, err := d.Lab().Do(line); err != nil {
				t.Fatal(err)
			}
		}
		want := func(when string, status any) {
			t.Helper()
			synctest.Wait()
			if got := value(t, d, time.Now(), operStatus+"1"); got != status {
				t.Errorf("%s: ifOperStatus is %v, want %v", when, got, status)
			}
		}
		do("interface device 1 down for 10s")
		time.Sleep(9 * time.Second)
		want("after 9 s", 2)
		time.Sleep(time.Second)
		want("after 10 s", 1)
		if got := value(t, d, time.Now(), lastChange+"1"); got != value(t, d, time.Now(), sysUpTime) {
			t.Errorf("ifLastChange is %v, want the uptime of now", got)
		}
		do("interface device 1 down for 10s")
		time.Sleep(5 * time.Second)
		do("interface device 1 down")
		time.Sleep(time.Hour)
		want("an hour after it was taken down for good", 2)
		do("interface device 1 up for 10s")
		time.Sleep(time.Minute)
		want("after being up for 10 s", 2)
		do("heal all")
		want("after heal", 1)
	})
}

func quote(v any) string { return fmt.Sprintf("%q", v) }
