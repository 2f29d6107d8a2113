// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package stamp

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"unicode"
)

// Verify checks an answer of a time-stamp authority and returns what it vouches for:
// that the message existed at that time. Checked are the size, the status (granted),
// that it is one time stamp signed once, over the SHA-256 of the message, with the nonce
// unless that is 0, under the policy that is trusted; the signature, that the stamp
// itself names the certificate that signed it, that this may do nothing but stamp
// times, and that at the time of the stamp one of the trusted roots vouched for it. An
// error says which of these failed.
func Verify(response, message []byte, nonce uint64, trust Trust) (Stamp, error) {
	s, err := verify(response, message, nonce, trust)
	if err != nil {
		return Stamp{}, fmt.Errorf("time stamp: %w", err)
	}
	return s, nil
}

func verify(response, message []byte, nonce uint64, trust Trust) (Stamp, error) {
	if trust.Roots == nil {
		return Stamp{}, errors.New("no root is trusted") // an empty pool would be the system's
	}
	token, err := granted(response)
	if err != nil {
		return Stamp{}, err
	}
	t, err := parseToken(token)
	if err != nil {
		return Stamp{}, err
	}
	signer, err := t.verifySignature()
	if err != nil {
		return Stamp{}, err
	}
	s, err := t.stamp(message, nonce, trust)
	if err != nil {
		return Stamp{}, err
	}
	if err := mayStamp(signer); err != nil {
		return Stamp{}, err
	}
	if err := t.chain(signer, trust.Roots, s.Time); err != nil {
		return Stamp{}, err
	}
	s.Signer = printable(signer.Subject.String())
	return s, nil
}

// granted returns the token of an answer, or why there is none in the words of the
// authority.
func granted(response []byte) ([]byte, error) {
	if len(response) > MaxResponse {
		return nil, fmt.Errorf("answer of %d bytes: at most %d are allowed", len(response), MaxResponse)
	}
	var r timeStampResp
	if err := unmarshal(response, &r); err != nil {
		return nil, fmt.Errorf("the answer is no TimeStampResp in DER: %v", err)
	}
	// 1 is "granted with modifications": something else was stamped than was asked for.
	if r.Status.Status != 0 {
		return nil, fmt.Errorf("the authority refuses%s", r.Status.words())
	}
	if len(r.Token.FullBytes) == 0 {
		return nil, errors.New("the answer is granted and holds no token")
	}
	return r.Token.FullBytes, nil
}

// words says what an authority tells of a refusal.
func (s pkiStatusInfo) words() string {
	failure := [26]string{ // RFC 3161 section 2.4.2
		0: "unrecognised algorithm", 2: "bad request", 5: "bad data format", 14: "its time source is not available",
		15: "unaccepted policy", 16: "unaccepted extension", 17: "additional information not available", 25: "system failure",
	}
	out := fmt.Sprintf(": status %d", s.Status)
	for bit, what := range failure {
		if what != "" && s.FailInfo.At(bit) == 1 {
			out += ", " + what
		}
	}
	for _, t := range s.StatusString {
		out += ", " + printable(string(t.Bytes))
	}
	return out
}

// printable makes one line of at most 200 bytes of what somebody else says.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "")
	}
	return s
}

// stamp reads what was signed and compares it with what was asked for.
func (t token) stamp(message []byte, nonce uint64, trust Trust) (Stamp, error) {
	info := t.info
	switch sum := sha256.Sum256(message); {
	case info.Version != 1:
		return Stamp{}, fmt.Errorf("TSTInfo of version %d: known is 1", info.Version)
	case info.MessageImprint.HashAlgorithm.Algorithm.String() != oidSHA256 || !bytes.Equal(info.MessageImprint.HashedMessage, sum[:]):
		return Stamp{}, errors.New("it stamps something else than this message")
	case nonce != 0 && (info.Nonce == nil || info.Nonce.Cmp(new(big.Int).SetUint64(nonce)) != 0):
		return Stamp{}, errors.New("it does not repeat the nonce of the request: it is the answer to another one")
	case trust.Policy != nil && !info.Policy.Equal(trust.Policy):
		return Stamp{}, fmt.Errorf("%w: it is made under policy %.200s, wanted is %s", ErrUntrusted, info.Policy, trust.Policy)
	}
	for _, e := range info.Extensions {
		if e.Critical {
			return Stamp{}, fmt.Errorf("it has the critical extension %.200s, which is not known here", e.Id)
		}
	}
	at, err := genTime(info.GenTime)
	if err != nil {
		return Stamp{}, err
	}
	accuracy, err := info.Accuracy.duration()
	if err != nil {
		return Stamp{}, err
	}
	return Stamp{Time: at, Accuracy: accuracy, Policy: info.Policy.String(), Serial: info.SerialNumber.String()}, nil
}

// parseToken reads a token (RFC 3161 section 2.4.2): signed data with one signer whose
// content is a TSTInfo.
func parseToken(der []byte) (t token, err error) {
	var outer contentInfo
	if err := unmarshal(der, &outer); err != nil || outer.ContentType.String() != oidSignedData {
		return t, fmt.Errorf("the token is no signed data in DER (content type %.200s, %v)", outer.ContentType, err)
	}
	var data signedData
	if err := unmarshal(outer.Content.Bytes, &data); err != nil {
		return t, fmt.Errorf("the token's signed data cannot be read: %v", err)
	}
	if data.EncapContentInfo.ContentType.String() != oidTSTInfo {
		return t, fmt.Errorf("the token signs content of type %.200s, a time stamp is %s", data.EncapContentInfo.ContentType, oidTSTInfo)
	}
	if len(data.SignerInfos) != 1 {
		return t, fmt.Errorf("the token has %d signers: exactly one is allowed", len(data.SignerInfos))
	}
	t.content, t.signer = data.EncapContentInfo.Content, data.SignerInfos[0]
	if err := unmarshal(t.content, &t.info); err != nil {
		return t, fmt.Errorf("the token's TSTInfo cannot be read: %v", err)
	}
	if t.attributes, err = parseAttributes(t.signer.SignedAttrs); err != nil {
		return t, err
	}
	if t.certificates, err = parseCertificates(data.Certificates); err != nil {
		return t, err
	}
	return t, nil
}

// parseAttributes reads the signed attributes. Each has one value and none stands
// twice: what was checked is then what was signed.
func parseAttributes(set asn1.RawValue) (map[string][]byte, error) {
	out := map[string][]byte{}
	for rest := set.Bytes; len(rest) > 0; {
		var a attribute
		var err error
		if rest, err = asn1.Unmarshal(rest, &a); err != nil {
			return nil, fmt.Errorf("a signed attribute cannot be read: %v", err)
		}
		name := a.Type.String()
		if _, twice := out[name]; twice || len(a.Values) != 1 {
			return nil, fmt.Errorf("the signed attribute %.200s does not have exactly one value", name)
		}
		out[name] = a.Values[0].FullBytes
	}
	return out, nil
}
