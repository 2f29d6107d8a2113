// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/statement"
)

//go:embed static
var staticFS embed.FS

// static serves the embedded files. A page asks for them with the hash of their
// contents, so that a browser may keep them for ever and still never shows old ones.
type static struct{ files map[string]staticFile }

type staticFile struct {
	body []byte
	hash string
	kind string
}

func newStatic() *static {
	s := &static{files: map[string]staticFile{}}
	for name, kind := range map[string]string{
		"style.css": "text/css; charset=utf-8",
		"vouch.js":  "text/javascript; charset=utf-8",
		"icon.svg":  "image/svg+xml",
	} {
		body, err := staticFS.ReadFile(path.Join("static", name))
		if err != nil {
			panic("web: an embedded file is missing: " + err.Error())
		}
		s.add(name, kind, body)
	}
	s.add(sheetCSS, "text/css; charset=utf-8", []byte(statement.SheetCSS()))
	return s
}

// sheetCSS is the name of the style that statements bring with them.
const sheetCSS = "sheet.css"

func (s *static) add(name, kind string, body []byte) {
	sum := sha256.Sum256(body)
	s.files[name] = staticFile{body, hex.EncodeToString(sum[:6]), kind}
}

// url is the address of a file for a page.
func (s *static) url(name string) string { return "/static/" + name + "?v=" + s.files[name].hash }

// ServeHTTP answers GET and HEAD below /static/.
func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := s.files[strings.TrimPrefix(r.URL.Path, "/static/")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", `"`+f.hash+`"`)
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == f.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}
