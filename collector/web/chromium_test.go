// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// browser is a headless Chromium that is spoken to through a pipe (the DevTools
// protocol): only so can a width below its least window be set, and a console be read.
type browser struct {
	t       *testing.T
	to      io.Writer
	session string

	mu      sync.Mutex
	next    int
	waiting map[int]chan reply // by number of the command
	events  chan notice        // of the page; room for what one page can send
	done    chan struct{}      // closed when the pipe ends
}

type reply struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

type notice struct {
	Method string
	Params json.RawMessage
}

// startBrowser skips the test where there is no Chromium, and stops it at the end.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no chromium, chromium-browser or google-chrome in PATH: install the Debian package chromium to look at the pages")
	}
	fromUs, toBrowser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromBrowser, toUs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile, err := os.MkdirTemp("", "vouch-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-pipe", "--user-data-dir="+profile)
	cmd.ExtraFiles = []*os.File{fromUs, toUs}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	fromUs.Close()
	toUs.Close()
	b := &browser{t: t, to: toBrowser, waiting: map[int]chan reply{}, events: make(chan notice, 4096), done: make(chan struct{})}
	go b.read(fromBrowser)
	t.Cleanup(func() {
		b.call("", "Browser.close", nil, nil)
		toBrowser.Close()
		cmd.Wait() // its code says nothing after a close
		fromBrowser.Close()
		<-b.done
		// Its helpers outlive it by a moment and still write: t.TempDir would fail then.
		for end := time.Now().Add(10 * time.Second); os.RemoveAll(profile) != nil && time.Now().Before(end); {
			time.Sleep(50 * time.Millisecond)
		}
	})
	b.openPage()
	return b
}

// read hands answers to those who wait and keeps events, until the pipe ends.
func (b *browser) read(r io.Reader) {
	defer close(b.done)
	in := bufio.NewReaderSize(r, 1<<20)
	for {
		raw, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var m struct {
			ID int
			reply
			notice
		}
		if json.Unmarshal(raw[:len(raw)-1], &m) != nil {
			continue
		}
		if m.ID == 0 {
			select {
			case b.events <- m.notice:
			default: // nobody looked at 4096 of them
			}
			continue
		}
		b.mu.Lock()
		ch := b.waiting[m.ID]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		if ch != nil {
			ch <- m.reply
		}
	}
}

// call sends a command and waits for its answer.
func (b *browser) call(session, method string, params, result any) error {
	b.mu.Lock()
	b.next++
	id := b.next
	ch := make(chan reply, 1)
	b.waiting[id] = ch
	msg := map[string]any{"id": id, "method": method}
	if params != nil {
		msg["params"] = params
	}
	if session != "" {
		msg["sessionId"] = session
	}
	raw, err := json.Marshal(msg)
	if err == nil {
		_, err = b.to.Write(append(raw, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case r := <-ch:
		if r.Error != nil {
			return fmt.Errorf("%s: %s", method, r.Error.Message)
		}
		if result != nil {
			return json.Unmarshal(r.Result, result)
		}
		return nil
	case <-b.done:
		return errors.New(method + ": the browser has gone")
	case <-time.After(60 * time.Second):
		return errors.New(method + ": no answer within 60 s")
	}
}

// do is call for the page; any error ends the test.
func (b *browser) do(method string, params, result any) {
	b.t.Helper()
	if err := b.call(b.session, method, params, result); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) openPage() {
	b.t.Helper()
	var target struct{ TargetID string }
	b.do("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.do("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.do(domain+".enable", nil, nil)
	}
}

// visit loads an address at a width and in a colour scheme, and returns what the
// console said.
func (b *browser) visit(url string, width int, scheme string) []string {
	b.t.Helper()
	b.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	b.do("Emulation.setScrollbarsHidden", map[string]any{"hidden": true}, nil)
	b.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	for len(b.events) > 0 { // of the page before
		<-b.events
	}
	b.do("Page.navigate", map[string]any{"url": url}, nil)
	var said []string
	for {
		select {
		case e := <-b.events:
			switch e.Method {
			case "Page.loadEventFired":
				return said
			case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
				said = append(said, string(e.Params))
			}
		case <-time.After(30 * time.Second):
			b.t.Fatalf("%s did not load within 30 s", url)
		}
	}
}

// eval runs an expression in the page and decodes its value.
func (b *browser) eval(expression string, into any) {
	b.t.Helper()
	var out struct {
		Result struct {
			Value json.RawMessage
		}
		ExceptionDetails *struct{ Text string }
	}
	b.do("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &out)
	if out.ExceptionDetails != nil {
		b.t.Fatalf("eval %s: %s", expression, out.ExceptionDetails.Text)
	}
	if err := json.Unmarshal(out.Result.Value, into); err != nil {
		b.t.Fatalf("eval %s: %v", expression, err)
	}
}

// shoot writes a picture of the whole page.
func (b *browser) shoot(file string) {
	b.t.Helper()
	var shot struct{ Data []byte }
	b.do("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot)
	if err := os.WriteFile(file, shot.Data, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
