// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"
)

// redacted is all that a secret ever prints.
const redacted = "[redacted]"

// maxSecret bounds a secret in bytes. The longest in use are tokens of a few hundred.
const maxSecret = 4096

// Secret is a value that a file names but does not hold. It prints as [redacted] in
// every form; only [Secret.Reveal] gives it away. The zero value is no secret.
type Secret struct {
	// A pointer, because package fmt reads a string out of an unexported field of
	// somebody else's struct without asking the methods below.
	value *string
}

// Reveal returns the secret itself, or "" when there is none.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsSet reports whether there is a secret.
func (s Secret) IsSet() bool { return s.value != nil }

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }

// NewSecret makes a secret of a value that did not come from a file.
func NewSecret(value string) Secret { return Secret{value: &value} }

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// credentialsDirectory is the variable in which systemd names the directory of the
// credentials that it gave to a service (systemd.exec(5), LoadCredential=).
const credentialsDirectory = "CREDENTIALS_DIRECTORY"

// credentialName is what systemd allows as the name of a credential, without those that
// lead elsewhere.
var credentialName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$`)

// secret resolves a reference: file:PATH, env:NAME, cred:NAME, and exec:PROGRAM in an
// agent's file that allows it. What is no reference is taken for the secret itself and
// is not repeated in the problem.
func (v value) secret() Secret {
	ref, ok := v.rawText()
	if !ok {
		return Secret{}
	}
	kind, name, _ := strings.Cut(ref, ":")
	switch {
	case kind == "file" && name != "":
		return v.secretFile(name)
	case kind == "env" && envName.MatchString(name):
		return v.secretEnv(name)
	case kind == "cred" && credentialName.MatchString(name):
		return v.secretCredential(name)
	case kind == "cred":
		v.wrong("%s: the name after cred: is no name of a systemd credential (not shown), allowed are letters, digits, '.', '_' and '-'", v.key)
	case kind == "exec" && name != "":
		return v.secretProgram(name)
	case kind == "env":
		v.wrong("%s: the name after env: is no name of an environment variable (not shown), allowed are letters, digits and _", v.key)
	default:
		v.wrong("%s holds a secret itself (not shown), allowed is only a reference: file:PATH, env:NAME or cred:NAME", v.key)
	}
	return Secret{}
}

func (v value) secretFile(name string) Secret {
	path := beside(v.doc.name, name)
	secret, mode := v.secretAt(path)
	if secret.IsSet() && mode.Perm()&0o007 != 0 {
		v.warn("%s: secret file %s can be read or written by every user (mode %04o), make it 0600 or 0640", v.key, path, mode.Perm())
	}
	return secret
}

// secretCredential reads a credential that systemd gave to the service. Its directory is
// the service's alone, whatever the mode of the file.
func (v value) secretCredential(name string) Secret {
	dir, ok := v.doc.src.LookupEnv(credentialsDirectory)
	if !ok || dir == "" {
		v.wrong("%s: systemd gave this program no credentials, put LoadCredential=%s:PATH into its unit, or use file:PATH", v.key, name)
		return Secret{}
	}
	secret, _ := v.secretAt(filepath.Join(dir, name))
	return secret
}

// secretAt reads a file with one line.
func (v value) secretAt(path string) (Secret, fs.FileMode) {
	body, mode, err := readFile(v.doc.src, path, maxSecret)
	if err != nil {
		v.wrong("%s: secret file %s cannot be read: %s, make it a readable file with one line", v.key, path, cause(err))
		return Secret{}, mode
	}
	return v.line("secret file "+path, body), mode
}

// line takes the one line of what a reference leads to.
func (v value) line(from string, body []byte) Secret {
	secret := strings.TrimRight(string(body), "\r\n")
	switch {
	case secret == "":
		v.wrong("%s: %s is empty, put the secret on its first line", v.key, from)
		return Secret{}
	case strings.ContainsAny(secret, "\r\n\x00"):
		v.wrong("%s: %s has more than one line, allowed is one", v.key, from)
		return Secret{}
	}
	return NewSecret(secret)
}

// secretProgram takes the secret from what a program prints, where the file allows that.
// Its words are split at spaces: no shell sees them. A source that runs nothing takes the
// reference for good, as an empty secret.
func (v value) secretProgram(line string) Secret {
	words := strings.Fields(line)
	switch {
	case !v.doc.exec:
		v.wrong("%s: exec: is switched off here (not shown), allowed is it only in an agent's file with allow_exec: true", v.key)
		return Secret{}
	case len(words) == 0 || !filepath.IsAbs(words[0]):
		v.wrong("%s: exec: names no absolute path of a program (not shown), allowed is exec:/PATH WORD...", v.key)
		return Secret{}
	case v.doc.src.Run == nil:
		return NewSecret("")
	}
	body, err := v.doc.src.Run(words)
	if err != nil {
		v.wrong("%s: program %s gave no secret: %v", v.key, words[0], err)
		return Secret{}
	}
	if len(body) > maxSecret {
		v.wrong("%s: program %s printed more than %d bytes, allowed is one line", v.key, words[0], maxSecret)
		return Secret{}
	}
	return v.line("what program "+words[0]+" prints", body)
}

func (v value) secretEnv(name string) Secret {
	if secret, ok := v.doc.src.LookupEnv(name); ok && secret != "" {
		return NewSecret(secret)
	}
	v.wrong("%s: environment variable %s is not set or empty, set it for this program or use file:PATH", v.key, name)
	return Secret{}
}

var errTooLarge = errors.New("too large")

// readFile reads a whole file of at most limit bytes.
func readFile(src Source, path string, limit int64) ([]byte, fs.FileMode, error) {
	f, err := src.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if info.IsDir() {
		return nil, 0, errors.New("it is a directory")
	}
	body, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, 0, err
	}
	if int64(len(body)) > limit {
		return nil, 0, fmt.Errorf("%w: more than %d bytes", errTooLarge, limit)
	}
	return body, info.Mode(), nil
}

// cause strips operation and path from a file error: the message around it says them.
func cause(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
