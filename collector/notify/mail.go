// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/vouch-sla/vouch/collector/store"
)

// maxSMTP bounds what is read of a mail server, certificates included, in bytes.
const maxSMTP = 256 << 10

// mailer sends mail, a connection for each.
type mailer struct{ ch Channel }

func (m *mailer) close() {}

// carry sends one mail. STARTTLS is insisted on (RFC 3207), and port 465 is TLS from the
// first byte (RFC 8314 section 3.3), unless the server is this very machine.
func (m *mailer) carry(ctx context.Context, i store.Intent) (receipt, error) {
	e, err := eventOf(i)
	if err != nil {
		return receipt{}, err
	}
	msg, err := m.message(i, e)
	if err != nil {
		return receipt{}, fmt.Errorf("mail by %s: %w", m.ch.Server, err)
	}
	got, err := m.submit(ctx, msg)
	if err != nil {
		// What the server said may repeat what it was sent.
		return got, fmt.Errorf("mail by %s: %s", m.ch.Server, clip(printable(err.Error(), m.ch)))
	}
	return got, nil
}

func (m *mailer) submit(ctx context.Context, msg *mail.Msg) (receipt, error) {
	host, port, err := net.SplitHostPort(m.ch.Server)
	if err != nil {
		return receipt{}, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return receipt{}, err
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if m.ch.TLS != nil {
		secure = m.ch.TLS.Clone()
	}
	secure.ServerName = host
	first, err := m.ch.dialer().DialContext(ctx, "tcp", m.ch.Server)
	if err != nil {
		return receipt{}, err
	}
	defer first.Close()
	stop := context.AfterFunc(ctx, func() { _ = first.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	policy := mail.TLSMandatory
	if remote, ok := first.RemoteAddr().(*net.TCPAddr); ok && remote.IP.IsLoopback() {
		policy = mail.TLSOpportunistic
	}
	var conn net.Conn = bounded{first, io.LimitReader(first, maxSMTP)}
	if n == 465 {
		conn, policy = tls.Client(conn, secure), mail.NoTLS
	}
	opts := []mail.Option{
		mail.WithPort(n), mail.WithTLSConfig(secure), mail.WithTLSPolicy(policy), mail.WithHELO(literal(first)), mail.WithTimeout(timeLeft(ctx)),
		mail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return conn, nil }),
	}
	if m.ch.User != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.ch.User), mail.WithPassword(string(m.ch.Secret)))
	}
	c, err := mail.NewClient(host, opts...)
	if err != nil {
		return receipt{}, err
	}
	if err := c.DialWithContext(ctx); err != nil {
		return receipt{}, refused(err)
	}
	err = c.Send(msg)
	if msg.IsDelivered() { // what fails after the server took it does not matter
		_ = c.Close()
		return receipt{answer: clip(printable(msg.ServerResponse(), m.ch))}, nil
	}
	// Once the text is under way, only an answer of the server tells what became of it.
	var failed *mail.SendError
	unclear := errors.As(err, &failed) && (failed.Reason == mail.ErrSMTPDataClose || failed.Reason == mail.ErrWriteContent) && failed.ErrorCode() == 0
	return receipt{unclear: unclear}, refused(err)
}

// refused keeps of an answer to user and password its code alone: its text is the
// server's, which has just seen the password.
func refused(err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) && (answer.Code == 535 || answer.Code == 534 || answer.Code == 530) {
		return fmt.Errorf("the server refuses user and password (%d)", answer.Code)
	}
	return err
}

func timeLeft(ctx context.Context) time.Duration {
	if d, ok := ctx.Deadline(); ok {
		return max(time.Until(d), time.Millisecond)
	}
	return 10 * time.Second
}

// literal writes our own address as RFC 5321 section 4.1.3 wants it where no name is known.
func literal(c net.Conn) string {
	a, ok := c.LocalAddr().(*net.TCPAddr)
	switch {
	case !ok:
		return "localhost"
	case a.IP.To4() != nil:
		return "[" + a.IP.String() + "]"
	}
	return "[IPv6:" + a.IP.String() + "]"
}

// bounded is a connection of which no more than a bound is read.
type bounded struct {
	net.Conn
	limited io.Reader
}

func (b bounded) Read(p []byte) (int, error) { return b.limited.Read(p) }

// message makes the mail (RFC 5322). Its Message-ID is made of the intent, so that a
// repeat can be told; all messages of an incident refer to one that is made of the
// incident, so that they are one thread.
func (m *mailer) message(i store.Intent, e Event) (*mail.Msg, error) {
	w := wordsOf(m.ch)
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(m.ch.From); err != nil {
		return nil, err
	}
	if err := msg.To(m.ch.To...); err != nil {
		return nil, err
	}
	subject := w.subject(e)
	msg.SetMessageIDWithValue(m.id(i.Key))
	if e.Transition != Test {
		thread := "<" + m.id("thread "+ticketKey(e, 255)) + ">"
		msg.SetGenHeader(mail.HeaderReferences, thread)
		msg.SetGenHeader(mail.HeaderInReplyTo, thread)
		if e.Transition != Opened {
			subject = "Re: " + subject
		}
	}
	msg.Subject(subject)
	msg.SetDateWithValue(e.At)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 section 5
	msg.SetGenHeader(HeaderIntent, i.Key)
	msg.SetBodyString(mail.TypeTextPlain, w.text(e))
	var page bytes.Buffer
	if err := mailPage.Execute(&page, struct {
		Lang, Title, Headline string
		Facts                 []fact
		URL                   string
	}{w.say("en", "nl"), subject, w.headline(e), w.facts(e), e.URL}); err != nil {
		return nil, err
	}
	msg.AddAlternativeString(mail.TypeTextHTML, page.String())
	return msg, nil
}

// id makes an identifier (RFC 5322 section 3.6.4) of a name, at the sender's domain.
func (m *mailer) id(name string) string {
	sum := sha256.Sum256([]byte(m.ch.Name + "\x00" + name))
	_, domain, _ := strings.Cut(m.ch.From, "@")
	return hex.EncodeToString(sum[:16]) + "@" + domain
}

// mailPage is the mail as HTML: no image, no script, nothing fetched.
var mailPage = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body style="font-family:sans-serif;font-size:15px;line-height:1.5">
<p style="font-size:17px"><strong>{{.Headline}}</strong></p>
<table style="border-collapse:collapse">
{{range .Facts}}{{if .Value}}<tr><th scope="row" style="text-align:left;vertical-align:top;padding:2px 16px 2px 0;font-weight:normal;color:#555">{{.Name}}</th><td style="padding:2px 0">{{if eq .Value $.URL}}<a href="{{.Value}}">{{.Value}}</a>{{else}}{{.Value}}{{end}}</td></tr>
{{end}}{{end}}</table>
</body></html>
`))
