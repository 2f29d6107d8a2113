// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

// AlarmMail is to whom an alarm is mailed.
type AlarmMail struct {
	Server   string // HOST:PORT
	From     string // address, without a name
	To       []string
	User     string // empty: the server wants none
	Password vouch.Secret
}

// maxSMTP bounds what is read of a server, certificates included, in bytes.
const maxSMTP = 256 << 10

// send hands the message to the server (RFC 5321). STARTTLS is insisted on (RFC 3207),
// unless the server is this very machine.
func (a *AlarmMail) send(ctx context.Context, dial dialer, roots *x509.CertPool, m AlarmMessage) error {
	if err := a.submit(ctx, dial, roots, m); err != nil {
		return fmt.Errorf("mail by %s: %w", a.Server, err)
	}
	return nil
}

func (a *AlarmMail) submit(ctx context.Context, dial dialer, roots *x509.CertPool, m AlarmMessage) error {
	host, _, err := net.SplitHostPort(a.Server)
	if err != nil {
		return err
	}
	conn, err := dial(ctx, "tcp", a.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	c, err := smtp.NewClient(bounded{conn, io.LimitReader(conn, maxSMTP)}, host)
	if err != nil {
		return err
	}
	own, _ := conn.LocalAddr().(*net.TCPAddr)
	remote, _ := conn.RemoteAddr().(*net.TCPAddr)
	if own == nil || remote == nil {
		return errors.New("no TCP connection")
	}
	if err := c.Hello(literal(own.IP)); err != nil {
		return err
	}
	if offered, _ := c.Extension("STARTTLS"); offered {
		if err := c.StartTLS(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: roots}); err != nil {
			return err
		}
	} else if !remote.IP.IsLoopback() {
		return errors.New("the server offers no STARTTLS, and nothing is sent in the clear to another machine")
	}
	if a.User != "" {
		if err := c.Auth(smtp.PlainAuth("", a.User, string(a.Password), host)); err != nil {
			var answer *textproto.Error
			if errors.As(err, &answer) { // its text is the server's, which has just seen the password
				return fmt.Errorf("the server refuses user and password (%d)", answer.Code)
			}
			return err
		}
	}
	if err := c.Mail(a.From); err != nil {
		return err
	}
	for _, to := range a.To {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, a.message(m)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // it is taken already
	return nil
}

// message is the mail (RFC 5322). RFC 3834 asks programs to say that they are some.
func (a *AlarmMail) message(m AlarmMessage) string {
	subject := map[string]string{
		AlarmRaised: "does not reach its collector", AlarmRepeated: "still does not reach its collector",
		AlarmCleared: "reaches its collector again", AlarmTest: "a test of the alarm",
	}[m.Event]
	_, domain, _ := strings.Cut(a.From, "@")
	lines := []string{
		"From: " + a.From,
		"To: " + strings.Join(a.To, ", "),
		"Subject: vouch-agent " + string(m.Agent) + ": " + subject,
		"Date: " + m.At.Format(time.RFC1123Z),
		"Message-ID: <" + m.ID + "@" + domain + ">",
		"Auto-Submitted: auto-generated",
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8",
		"Content-Transfer-Encoding: 8bit",
		"",
		strings.Join(strings.Fields(m.Text), " "), // one line, whatever a server's reason holds
		"",
		"agent      " + string(m.Agent),
		"collector  " + m.Collector,
		"event      " + m.Event,
		"message    " + m.ID,
		"",
	}
	return strings.Join(lines, "\r\n")
}

// literal writes an address as RFC 5321 section 4.1.3 wants it where no name is known.
func literal(ip net.IP) string {
	if v4 := ip.To4(); v4 != nil {
		return "[" + v4.String() + "]"
	}
	return "[IPv6:" + ip.String() + "]"
}

// bounded is a connection of which no more than a bound is read.
type bounded struct {
	net.Conn
	limited io.Reader
}

func (b bounded) Read(p []byte) (int, error) { return b.limited.Read(p) }
