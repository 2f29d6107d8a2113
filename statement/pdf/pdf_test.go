// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package pdf_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/statement"
	"github.com/vouch-sla/vouch/statement/pdf"
)

var languages = []statement.Language{statement.English, statement.Dutch}

// load reads a statement that the tests of package statement hold.
func load(t testing.TB, name string) statement.Statement {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", name, "statement.json"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := statement.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func render(t testing.TB, s statement.Statement, l statement.Language) []byte {
	t.Helper()
	b, err := pdf.Render(s, l)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tool runs a program of poppler-utils on a PDF and returns what it prints.
func tool(t testing.TB, doc []byte, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed: scripts/test-deps installs poppler-utils", name)
	}
	file := filepath.Join(t.TempDir(), "statement.pdf")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "FILE" {
			args[i] = file
		}
	}
	var out, wrong bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &wrong
	if err := cmd.Run(); err != nil || wrong.Len() > 0 {
		t.Fatalf("%s: %v: %s", name, err, &wrong)
	}
	return out.String()
}

// TestSaysWhatTheTextSays reads the file back with another program: every figure, time,
// name and hash of the plain text stands in it, in the same language.
func TestSaysWhatTheTextSays(t *testing.T) {
	token := regexp.MustCompile(`[0-9A-Za-z][0-9A-Za-z.,:/+=-]*`)
	figure := regexp.MustCompile(`[0-9]`)
	for _, name := range []string{"week", "running", "holiday"} {
		s := load(t, name)
		for _, l := range languages {
			text := strings.ReplaceAll(tool(t, render(t, s, l), "pdftotext", "-layout", "FILE", "-"), "\u00a0", " ")
			shown := map[string]bool{}
			for _, w := range token.FindAllString(text, -1) {
				shown[strings.TrimRight(w, ".,:")] = true
			}
			n := 0
			for _, w := range token.FindAllString(strings.ReplaceAll(string(s.Text(l)), "\u00a0", " "), -1) {
				w = strings.TrimRight(w, ".,:")
				if !figure.MatchString(w) {
					continue
				}
				n++
				if !shown[w] {
					t.Errorf("%s in %s: the text says %q, the PDF does not", name, l, w)
				}
			}
			if n < 5 {
				t.Errorf("%s in %s: the text holds %d figures: the test looks in the wrong place", name, l, n)
			}
		}
	}
}

// The seconds of every subject, as the JSON has them, stand in the file.
func TestFiguresOfTheJSON(t *testing.T) {
	s := load(t, "week")
	text := tool(t, render(t, s, statement.English), "pdftotext", "-layout", "FILE", "-")
	hms := func(n int64) string { return fmt.Sprintf("%d:%02d:%02d", n/3600, n/60%60, n%60) }
	for _, d := range s.Devices {
		want := []string{d.Name, d.Headline.String(), d.Coverage.String(), hms(d.Agreed), hms(d.Excluded), hms(d.Up), hms(d.Down), hms(d.Unknown)}
		row := regexp.MustCompile(`(?m)^ *` + strings.Join(quoted(want), ` +`) + `$`)
		if !row.MatchString(text) {
			t.Errorf("no line of the PDF reads %q", want)
		}
	}
}

func quoted(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, regexp.QuoteMeta(s))
	}
	return out
}

// Every page says its number, how many there are, the checkpoint and the manifest.
func TestFootOfEveryPage(t *testing.T) {
	s := load(t, "week")
	for l, word := range map[statement.Language]string{statement.English: "page %d of %d", statement.Dutch: "pagina %d van %d"} {
		text := tool(t, render(t, s, l), "pdftotext", "-layout", "FILE", "-")
		pages := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
		if len(pages) < 2 {
			t.Fatalf("the statement in %s has %d pages, want several", l, len(pages))
		}
		for i, p := range pages {
			for _, want := range []string{fmt.Sprintf(word, i+1, len(pages)), s.Checkpoint.Origin, s.Checkpoint.Root, s.Manifest, s.Number} {
				if !strings.Contains(p, want) {
					t.Errorf("page %d of %d in %s does not say %q", i+1, len(pages), l, want)
				}
			}
		}
	}
}

func TestAttachmentIsTheStatement(t *testing.T) {
	s := load(t, "week")
	file := filepath.Join(t.TempDir(), "out.json")
	tool(t, render(t, s, statement.Dutch), "pdfdetach", "-save", "1", "-o", file, "FILE")
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, s.JSON()) {
		t.Error("what is attached is not the JSON of the statement, byte for byte")
	}
}

func TestSameStatementSameBytes(t *testing.T) {
	for _, name := range []string{"week", "running", "holiday"} {
		s := load(t, name)
		for _, l := range languages {
			if !bytes.Equal(render(t, s, l), render(t, s, l)) {
				t.Errorf("%s in %s: two renderings differ", name, l)
			}
		}
		if bytes.Equal(render(t, s, statement.English), render(t, s, statement.Dutch)) {
			t.Errorf("%s: English and Dutch are the same", name)
		}
	}
	s := load(t, "week")
	info := tool(t, render(t, s, statement.English), "pdfinfo", "-rawdates", "FILE")
	want := "D:" + s.Issued.At.Time().UTC().Format("20060102150405")
	if strings.Count(info, want) != 2 || !strings.Contains(info, "A4") {
		t.Errorf("pdfinfo says\n%s\nwant both dates to be %s, on A4", info, want)
	}
}

// A large customer, long names and words that no font of the file has.
func TestLarge(t *testing.T) {
	s := load(t, "week")
	s.CustomerName = "Łódź & Søn ‘Ångström’ € (test) \\ " + strings.Repeat("x", 200)
	one := s.Devices[0]
	for i := range 300 {
		d := one
		d.ID = fmt.Sprintf("a-device-with-a-long-name-%03d-%s", i, strings.Repeat("n", 120))
		d.Name = d.ID
		s.Devices = append(s.Devices, d)
	}
	for i := range s.Outages {
		for k := range 200 {
			s.Outages[i].Devices = append(s.Outages[i].Devices, vouch.DeviceID(fmt.Sprintf("d%03d-%s", k, strings.Repeat("n", 100))))
		}
	}
	for i := range s.Exclusions {
		s.Exclusions[i].Reason = strings.Repeat("word ", 1000)
	}
	doc := render(t, s, statement.Dutch)
	text := tool(t, doc, "pdftotext", "-layout", "FILE", "-")
	for _, want := range []string{"?ód? & Søn ‘Ångström’ € (test) \\", "de JSON van deze verklaring heeft alles", "pagina 2 van"} {
		if !strings.Contains(text, want) {
			t.Errorf("the PDF does not say %q", want)
		}
	}
	if len(doc) > 2<<20 {
		t.Errorf("the PDF has %d bytes, want at most 2 MiB", len(doc))
	}
}
