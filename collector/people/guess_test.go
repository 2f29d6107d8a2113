// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package people_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/people"
)

// TestBruteForce plays a day of guessing in virtual time: few guesses are looked at, the
// owner gets in within five minutes of the last, and an unknown name fares the same.
func TestBruteForce(t *testing.T) {
	o := newOffice(t)
	o.person("ada")
	hashes := 0
	o.OnHash(func(people.Cost) { hashes++ })
	looked := map[string]int{}
	begun := o.clock
	for n := 0; o.clock.Sub(begun) < 24*time.Hour; n++ {
		for _, login := range []string{"ada", "nobody"} {
			from := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}) // another address each time
			_, _, err := o.SignIn(t.Context(), login, fmt.Sprint("guess number ", n), from)
			var held people.HeldBack
			switch {
			case errors.Is(err, people.ErrWrong):
				looked[login]++
			case !errors.As(err, &held) || held <= 0:
				t.Fatalf("guess %d at %s = %v, want it wrong or held back", n, login, err)
			}
		}
		o.clock = o.clock.Add(10 * time.Second)
	}
	if looked["ada"] != looked["nobody"] || looked["ada"] > 310 || looked["ada"] < 5 {
		t.Errorf("guesses looked at in a day: %v, want the same for both, at most 310", looked)
	}
	if hashes != looked["ada"]+looked["nobody"] {
		t.Errorf("%d hashes for %v guesses, want one each", hashes, looked)
	}
	o.clock = o.clock.Add(5 * time.Minute)
	o.mustSignIn("ada")
	if _, err := o.signIn("ada", "a guess"); !errors.Is(err, people.ErrWrong) {
		t.Errorf("a typing error after a success = %v, want it looked at", err)
	}
}

// TestSprayed: one address that tries many names is held back, others are not.
func TestSprayed(t *testing.T) {
	o := newOffice(t)
	o.person("ada")
	six := func(host byte) netip.Addr {
		return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: host})
	}
	looked := 0
	for n := range 100 {
		_, _, err := o.SignIn(t.Context(), fmt.Sprint("name", n), "a guess", six(byte(n)))
		if errors.Is(err, people.ErrWrong) {
			looked++
		}
	}
	if looked != 20 {
		t.Errorf("%d guesses from one network were looked at, want 20", looked)
	}
	o.mustSignIn("ada")
}

// TestSameWork: whether an account exists, has a password or is disabled shows neither
// in the answer nor in the work done for it.
func TestSameWork(t *testing.T) {
	o := newOffice(t)
	o.person("known")
	o.person("disabled")
	if _, err := o.Disable(t.Context(), "disabled", "uid:0"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Invite(t.Context(), people.NewAccount{Login: "invited", Role: "noc"}, "uid:0"); err != nil {
		t.Fatal(err)
	}
	var work []people.Cost
	o.OnHash(func(c people.Cost) { work = append(work, c) })
	for _, login := range []string{"known", "disabled", "invited", "unknown", "", strings.Repeat("x", 10000), "known\x00", "' OR 1=1"} {
		o.clock = o.clock.Add(2 * time.Hour) // nobody is held back
		for _, password := range []string{"wrong password", "", strings.Repeat("x", 10000)} {
			work = nil
			secret, err := o.signIn(login, password)
			if secret != "" || err == nil || err.Error() != people.ErrWrong.Error() {
				t.Errorf("SignIn(%.20q, %.20q) = %q, %v, want %v", login, password, secret, err, people.ErrWrong)
			}
			if !slices.Equal(work, []people.Cost{people.Cheap}) {
				t.Errorf("SignIn(%.20q, %.20q) hashed at %v, want once at %v", login, password, work, people.Cheap)
			}
		}
	}
}

// TestCrowd: however many sign in at once, few passwords are hashed at a time, and who
// comes when too many wait is told so.
func TestCrowd(t *testing.T) {
	o := newOffice(t)
	var mu sync.Mutex
	now, most := 0, 0
	release := make(chan struct{})
	o.OnHash(func(people.Cost) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		<-release
		mu.Lock()
		now--
		mu.Unlock()
	})
	const crowd = 4 * people.Queued
	errs := make(chan error, crowd)
	for i := range crowd {
		go func() {
			_, _, err := o.SignIn(context.Background(), fmt.Sprint("name", i), "a guess", netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
			errs <- err
		}()
	}
	for range crowd - people.Queued { // nobody else gets an answer before the first hash is done
		want(t, "SignIn in a crowd", <-errs, people.ErrBusy)
	}
	close(release)
	for range people.Queued {
		want(t, "SignIn of who waited", <-errs, people.ErrWrong)
	}
	if most > people.Hashing {
		t.Errorf("%d passwords were hashed at once, want at most %d", most, people.Hashing)
	}
}

// TestThrottleBounded: however many names are tried, room is bounded.
func TestThrottleBounded(t *testing.T) {
	th := people.NewThrottle()
	at := time.Date(2026, 6, 9, 8, 0, 0, 0, time.UTC)
	for n := range people.MaxMarks + 100 {
		th.Begin(fmt.Sprint(n), at.Add(time.Duration(n)))
	}
	if th.Len() != people.MaxMarks {
		t.Errorf("%d marks are kept, want %d", th.Len(), people.MaxMarks)
	}
	th.Begin("later", at.Add(2*time.Hour))
	if th.Len() != 1 {
		t.Errorf("%d marks are kept after two quiet hours, want 1", th.Len())
	}
}

// TestStored: a password is stored salted at a cost that it names, and nothing but that
// form is read.
func TestStored(t *testing.T) {
	o := newOffice(t)
	o.person("ada")
	o.person("bob")
	list, err := o.store.ListAccounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, b := list[0].Password, list[1].Password
	if c, err := people.Decode(a); err != nil || c != people.Cheap || a == b || strings.Contains(a, good) {
		t.Errorf("stored %q and %q: %v, %v, want two salted hashes at %v", a, b, c, err, people.Cheap)
	}
	for _, bad := range []string{
		"", "x", strings.Replace(a, "argon2id", "argon2i", 1), strings.Replace(a, "v=19", "v=16", 1), strings.Replace(a, "m=8", "m=99999999", 1),
		strings.Replace(a, "p=1", "p=0", 1), strings.Replace(a, "t=1", "t=0", 1), a + "$", a[:len(a)-4], strings.Replace(a, "m=8", "m=x", 1),
	} {
		if c, err := people.Decode(bad); err == nil {
			t.Errorf("Decode(%q) = %v, want an error", bad, c)
		}
	}
}

// TestDefaultCost signs in once at the real cost.
func TestDefaultCost(t *testing.T) {
	o := newOffice(t)
	o.Desk = people.New(o.store, people.Options{Now: func() time.Time { return o.clock }})
	var work []people.Cost
	o.OnHash(func(c people.Cost) { work = append(work, c) })
	o.person("ada")
	o.mustSignIn("ada")
	wanted := people.Cost{MemoryKiB: 65536, Passes: 3, Lanes: 4}
	if !slices.Equal(work, []people.Cost{wanted, wanted}) {
		t.Errorf("hashed at %v, want twice at %v", work, wanted)
	}
}
