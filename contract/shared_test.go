// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/contract"
)

// TestSharedCases computes the worked cases that accompany the rules, where they
// stand beside the module.
func TestSharedCases(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "shared", "availability", "cases.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the worked cases do not stand beside this module; our own in testdata are computed all the same")
	}
	if err != nil {
		t.Fatal(err)
	}
	checkAnswers(t, b)
}

// TestCases computes our own worked cases.
func TestCases(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob(testdata/*.json) = %v, %v, want some files", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		checkAnswers(t, b)
	}
}

// checkAnswers compares the answer to each example with what stands under expected.
func checkAnswers(t *testing.T, file []byte) {
	t.Helper()
	examples, list, err := contract.DecodeExamples(bytes.NewReader(file), contract.SchemaCase, time.LoadLocation)
	if err != nil || !list {
		t.Fatalf("DecodeExamples(list) = %v, %v", list, err)
	}
	var wanted []struct {
		ID, Title string
		Expected  any
	}
	if err := json.Unmarshal(file, &wanted); err != nil {
		t.Fatal(err)
	}
	for i, e := range examples {
		t.Run(wanted[i].ID, func(t *testing.T) {
			got := generic(t, e.Answer())
			if !reflect.DeepEqual(got, wanted[i].Expected) {
				g, _ := json.MarshalIndent(got, "", "  ")
				w, _ := json.MarshalIndent(wanted[i].Expected, "", "  ")
				t.Errorf("Answer(%s: %s) = %s, want %s", wanted[i].ID, wanted[i].Title, g, w)
			}
			if e.Case != nil {
				checkAccount(t, e.Case.Account())
			}
		})
	}
}

// generic returns v as encoding/json reads it back.
func generic(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// checkAccount checks what must hold of any account.
func checkAccount(t testing.TB, a contract.Account) {
	t.Helper()
	if sum := a.Excluded + a.Up + a.Down + a.Unknown; sum != a.Agreed {
		t.Errorf("excluded + up + down + unknown = %d, want agreed = %d", sum, a.Agreed)
	}
	if a.Eligible != a.Agreed-a.Excluded {
		t.Errorf("eligible = %d, want agreed - excluded = %d", a.Eligible, a.Agreed-a.Excluded)
	}
	at := a.Period.From
	sums := map[contract.Class]int64{}
	for _, p := range a.Parts {
		if p.From != at || p.Empty() {
			t.Fatalf("part %v begins at %d, want %d", p.Span, p.From, at)
		}
		at = p.To
		sums[p.Class] += p.Len()
	}
	if at != a.Period.To {
		t.Errorf("parts end at %d, want %d", at, a.Period.To)
	}
	want := map[contract.Class]int64{contract.ClassUp: a.Up, contract.ClassDown: a.Down, contract.ClassUnknown: a.Unknown,
		contract.ClassExcluded: a.Excluded, contract.ClassOutside: a.OutsideWindow, contract.ClassNotMeasured: a.NotMeasured}
	for class, n := range want {
		if sums[class] != n {
			t.Errorf("parts that are %v = %d s, want the total %d s", class, sums[class], n)
		}
	}
	down := a.ShortSeconds
	for _, i := range a.Incidents {
		down += i.CountedDown
	}
	if down != a.Down {
		t.Errorf("incidents and short interruptions = %d s down, want %d s", down, a.Down)
	}
}
