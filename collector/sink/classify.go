// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	ihttp "github.com/influxdata/influxdb-client-go/v2/api/http"

	"github.com/vouch-sla/vouch/internal/retry"
)

// maxSentence bounds what is kept of a store's own words, in bytes.
const maxSentence = 400

// classify turns an error of the client into an [*Error].
func (w *InfluxWriter) classify(err error) *Error {
	var answer *ihttp.Error
	if !errors.As(err, &answer) || answer.StatusCode == 0 {
		return w.unanswered(err)
	}
	e := &Error{After: retry.After(answer.Header, time.Now())}
	words := w.redact(strings.TrimSpace(answer.Message))
	e.Class = classOf(answer.StatusCode, words)
	e.Sentence = strings.TrimSpace(fmt.Sprintf("%s answers %d %s", w.name(), answer.StatusCode, http.StatusText(answer.StatusCode)))
	if words != "" {
		e.Sentence += ": " + words
	}
	if cure := w.cure(answer); cure != "" {
		e.Sentence += " (" + cure + ")"
	}
	return e
}

// unanswered is for a request that got no answer at all.
func (w *InfluxWriter) unanswered(err error) *Error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the address is named by us, without the query
	}
	var answer *ihttp.Error
	if errors.As(err, &answer) && answer.Err != nil {
		err = answer.Err
		if errors.As(err, &u) {
			err = u.Err
		}
	}
	if errors.Is(err, errWebPage) {
		return &Error{Class: Configuration, Sentence: w.name() + " answers with a web page: check that the url is that of the InfluxDB API"}
	}
	return &Error{Class: Temporary, Sentence: w.redact("write to " + w.name() + ": " + err.Error())}
}

// classOf sorts the status codes of the write API. InfluxDB 1.8 answers 500 for an
// unknown retention policy, which looks temporary and is treated so: creating the
// policy mends it.
func classOf(status int, words string) Class {
	switch {
	case status == http.StatusBadRequest && strings.Contains(words, "partial write"):
		return Partial
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return Refused
	case status == http.StatusRequestEntityTooLarge:
		return TooLarge
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return Temporary
	}
	return Configuration // 401, 403, 404, redirects, and what nobody foresaw: nothing is given up
}

// cure says what an operator can do.
func (w *InfluxWriter) cure(a *ihttp.Error) string {
	switch {
	case a.StatusCode == http.StatusUnauthorized:
		return "check the token"
	case a.StatusCode == http.StatusForbidden:
		return fmt.Sprintf("the token may not write to bucket %q", w.conf.Bucket)
	case a.StatusCode == http.StatusNotFound:
		return fmt.Sprintf("check that bucket %q of organisation %q exists, and the url", w.conf.Bucket, w.conf.Org)
	case a.StatusCode >= 300 && a.StatusCode < 400:
		return fmt.Sprintf("redirects are not followed: set the url to where %q leads", w.redact(a.Header.Get("Location")))
	case a.StatusCode == http.StatusInternalServerError && strings.Contains(a.Message, "retention policy not found"):
		return "create the retention policy; until then samples wait"
	}
	return ""
}

// name is the address for people: scheme and host alone.
func (w *InfluxWriter) name() string {
	u, err := url.Parse(w.conf.URL)
	if err != nil {
		return "the time-series store"
	}
	return u.Scheme + "://" + u.Host
}

// redact bounds a text from outside to one short line without secrets.
func (w *InfluxWriter) redact(s string) string {
	secrets := []string{string(w.conf.Token)}
	if _, password, ok := strings.Cut(string(w.conf.Token), ":"); ok {
		secrets = append(secrets, password)
	}
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[redacted]")
		}
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > maxSentence {
		s = strings.ToValidUTF8(s[:maxSentence], "") + "..."
	}
	return s
}
