// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"testing"
)

// Who places a hold while something is erased is answered when that has ended.
func TestEraserHalts(t *testing.T) {
	var e eraser
	e.halt("acme") // nobody runs
	held := false
	run, ok := e.begin(t.Context(), "acme", func() bool { return held })
	if !ok {
		t.Fatal("begin without a hold = false")
	}
	e.halt("other")
	if run.Err() != nil {
		t.Error("a hold of another customer ended the run")
	}
	held = true
	ended := false
	go func() {
		<-run.Done() // as the store does: it breaks off between two transactions
		ended = true
		e.end()
	}()
	e.halt("acme")
	if !ended || run.Err() != context.Canceled {
		t.Errorf("halt returned before the run had ended, or it goes on: %v, %v", ended, run.Err())
	}
	if _, ok := e.begin(t.Context(), "acme", func() bool { return held }); ok {
		t.Error("begin under a hold = true")
	}
	if _, ok := e.begin(t.Context(), "other", func() bool { return false }); !ok {
		t.Error("begin for another customer = false")
	}
	e.end()
}
