// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch/evidence"
)

// maxRequest bounds a request, in bytes: 63 hashes and a checkpoint with some
// signatures take less than 8,000.
const maxRequest = 32 << 10

// Handler answers POST /add-checkpoint as C2SP tlog-witness says.
func (w *Witness) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", func(rw http.ResponseWriter, r *http.Request) {
		select {
		case w.slots <- struct{}{}:
			defer func() { <-w.slots }()
		default:
			rw.Header().Set("Retry-After", "1")
			http.Error(rw, "too many requests at once", http.StatusServiceUnavailable)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxRequest))
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			http.Error(rw, fmt.Sprintf("a request has at most %d bytes", maxRequest), http.StatusRequestEntityTooLarge)
			return
		case err != nil:
			return // the client has gone
		}
		w.answer(rw, body)
	})
	return mux
}

// refusal is why a checkpoint is not cosigned.
type refusal struct {
	status int
	why    string
	size   int64 // of the ledger as the witness knows it, where the old size is wrong; else -1
}

func (r refusal) Error() string { return r.why }

func refuse(status int, format string, args ...any) error {
	return refusal{status, fmt.Sprintf(format, args...), -1}
}

func (w *Witness) answer(rw http.ResponseWriter, body []byte) {
	line, err := w.cosign(body)
	var no refusal
	switch {
	case err == nil:
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = rw.Write(line) // the client may have gone; it asks again
	case errors.As(err, &no) && no.size >= 0:
		rw.Header().Set("Content-Type", "text/x.tlog.size")
		rw.WriteHeader(no.status)
		fmt.Fprintf(rw, "%d\n", no.size)
	case errors.As(err, &no):
		http.Error(rw, no.why, no.status)
	default:
		w.log.Error("could not cosign", "err", err)
		http.Error(rw, "the witness cannot store what it would sign", http.StatusInternalServerError)
	}
}

// cosign checks a request and returns the line of the cosignature.
func (w *Witness) cosign(body []byte) ([]byte, error) {
	g, err := evidence.ParseGrowth(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	first, _, _ := bytes.Cut(g.Checkpoint, []byte("\n"))
	origin := string(first)
	keys, known := w.logs[origin]
	if !known {
		return nil, refuse(http.StatusNotFound, "this witness does not watch a ledger of that origin")
	}
	c, err := evidence.OpenCheckpoint(g.Checkpoint, origin, keys)
	switch {
	case errors.Is(err, evidence.ErrUnknownKey), errors.Is(err, evidence.ErrSignature):
		return nil, refuse(http.StatusForbidden, "%v", err)
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "%v", err)
	case g.Old > c.Size:
		return nil, refuse(http.StatusBadRequest, "the old size %d is above the size %d of the checkpoint", g.Old, c.Size)
	}
	if g.Checkpoint, err = withoutOthers(g.Checkpoint, keys); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.follows(g, c); err != nil {
		return nil, err
	}
	return w.sign(g, c)
}

// withoutOthers returns a checkpoint with the signatures of those keys alone.
func withoutOthers(checkpoint []byte, keys note.Verifiers) ([]byte, error) {
	n, err := note.Open(checkpoint, keys)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs})
}

// follows checks that a checkpoint grew out of the one that was cosigned last. w.mu is
// held.
func (w *Witness) follows(g evidence.Growth, c evidence.Checkpoint) error {
	last, ok := w.last[c.Origin]
	if !ok {
		last.Origin = c.Origin
	}
	switch {
	case g.Old > last.Size:
		// Only this witness tells that size. A client may also have it wrong.
		w.say(c.Origin, "a client says that more leaves were cosigned than this witness remembers; if its directory was set back, begin in an empty one with another name",
			"remembered", last.Size, "said", g.Old)
		return refusal{http.StatusConflict, "the old size is another", last.Size}
	case g.Old < last.Size:
		return refusal{http.StatusConflict, "the old size is another", last.Size}
	case ok && c.Size == last.Size && c.Root != last.Root:
		w.say(c.Origin, "the ledger was written anew: it signed two checkpoints of one size", "cosigned", last.note, "refused", string(g.Checkpoint))
		return refuse(http.StatusConflict, "the ledger had another root at %d leaves", c.Size)
	}
	if err := c.Extends(last.Checkpoint, g.Hashes); err != nil {
		w.say(c.Origin, "the ledger is not shown to have grown out of what was cosigned", "cosigned", last.note, "refused", string(g.Checkpoint))
		return refuse(http.StatusUnprocessableEntity, "%v", err)
	}
	return nil
}

// say logs what is wrong with a ledger, once until something else is. w.mu is held.
func (w *Witness) say(origin, what string, args ...any) {
	if w.said[origin] != what {
		w.said[origin] = what
		w.log.Error(what, append([]any{"ledger", origin}, args...)...)
	}
}

// sign cosigns a checkpoint, and stores it before the cosignature leaves. w.mu is held.
func (w *Witness) sign(g evidence.Growth, c evidence.Checkpoint) ([]byte, error) {
	now := w.now()
	if at := w.last[c.Origin].at; now.Unix() < at.Unix() {
		w.say(c.Origin, "the clock of this machine is behind the time that was signed last; set it right", "now", now.UTC(), "signed", at)
		return nil, refuse(http.StatusServiceUnavailable, "the clock of the witness is behind what it signed last")
	}
	text := c.Text()
	signed, err := note.Sign(&note.Note{Text: string(text)}, w.key.At(now))
	if err != nil {
		return nil, fmt.Errorf("cosign the checkpoint of %s: %v", c.Origin, err)
	}
	line := signed[len(text)+1:]
	if err := w.learn(cosigned{c, now, string(g.Checkpoint) + string(line)}); err != nil {
		return nil, err
	}
	if w.said[c.Origin] != "" {
		w.log.Info("the ledger is cosigned again", "ledger", c.Origin, "leaves", c.Size)
		w.said[c.Origin] = ""
	}
	return line, nil
}
