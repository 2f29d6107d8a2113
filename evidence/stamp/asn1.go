// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package stamp

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Object identifiers, dotted.
const (
	oidSHA256 = "2.16.840.1.101.3.4.2.1"
	oidSHA384 = "2.16.840.1.101.3.4.2.2"
	oidSHA512 = "2.16.840.1.101.3.4.2.3"

	oidSignedData    = "1.2.840.113549.1.7.2"       // RFC 5652 section 5.1
	oidTSTInfo       = "1.2.840.113549.1.9.16.1.4"  // RFC 3161 section 2.4.2
	oidContentType   = "1.2.840.113549.1.9.3"       // RFC 5652 section 11.1
	oidMessageDigest = "1.2.840.113549.1.9.4"       // RFC 5652 section 11.2
	oidSigningCert   = "1.2.840.113549.1.9.16.2.12" // RFC 2634 section 5.4
	oidSigningCertV2 = "1.2.840.113549.1.9.16.2.47" // RFC 5035 section 3

	oidRSA         = "1.2.840.113549.1.1.1"  // RFC 8017; the digest says which hash
	oidRSAPSS      = "1.2.840.113549.1.1.10" // RFC 8017
	oidRSASHA256   = "1.2.840.113549.1.1.11"
	oidRSASHA384   = "1.2.840.113549.1.1.12"
	oidRSASHA512   = "1.2.840.113549.1.1.13"
	oidECDSASHA256 = "1.2.840.10045.4.3.2" // RFC 5758
	oidECDSASHA384 = "1.2.840.10045.4.3.3"
	oidECDSASHA512 = "1.2.840.10045.4.3.4"
	oidEd25519     = "1.3.101.112" // RFC 8410

	oidExtKeyUsage = "2.5.29.37" // RFC 5280 section 4.2.1.12
)

// RFC 3161 section 2.4.1.
type timeStampReq struct {
	Version        int
	MessageImprint messageImprint
	ReqPolicy      asn1.ObjectIdentifier `asn1:"optional"`
	Nonce          *big.Int              `asn1:"optional"`
	CertReq        bool                  `asn1:"optional"`
}

type messageImprint struct {
	HashAlgorithm pkix.AlgorithmIdentifier
	HashedMessage []byte
}

// RFC 3161 section 2.4.2.
type timeStampResp struct {
	Status pkiStatusInfo
	Token  asn1.RawValue `asn1:"optional"`
}

type pkiStatusInfo struct {
	Status       int
	StatusString []asn1.RawValue `asn1:"optional"` // UTF8String each, shown to people
	FailInfo     asn1.BitString  `asn1:"optional"`
}

// RFC 3161 section 2.4.2.
type tstInfo struct {
	Version        int
	Policy         asn1.ObjectIdentifier
	MessageImprint messageImprint
	SerialNumber   *big.Int
	GenTime        asn1.RawValue
	Accuracy       accuracy         `asn1:"optional"`
	Ordering       bool             `asn1:"optional"`
	Nonce          *big.Int         `asn1:"optional"`
	TSA            asn1.RawValue    `asn1:"tag:0,optional"`
	Extensions     []pkix.Extension `asn1:"tag:1,optional"`
}

type accuracy struct {
	Seconds int64 `asn1:"optional"`
	Millis  int64 `asn1:"tag:0,optional"`
	Micros  int64 `asn1:"tag:1,optional"`
}

// RFC 5652 section 3.
type contentInfo struct {
	ContentType asn1.ObjectIdentifier
	Content     asn1.RawValue `asn1:"explicit,tag:0"`
}

// RFC 5652 section 5.1.
type signedData struct {
	Version          int
	DigestAlgorithms asn1.RawValue
	EncapContentInfo struct {
		ContentType asn1.ObjectIdentifier
		Content     []byte `asn1:"explicit,tag:0"`
	}
	Certificates asn1.RawValue `asn1:"tag:0,optional"`
	CRLs         asn1.RawValue `asn1:"tag:1,optional"`
	SignerInfos  []signerInfo  `asn1:"set"`
}

// RFC 5652 section 5.3.
type signerInfo struct {
	Version            int
	SID                asn1.RawValue // issuerAndSerialNumber, or [0] subjectKeyIdentifier
	DigestAlgorithm    pkix.AlgorithmIdentifier
	SignedAttrs        asn1.RawValue `asn1:"tag:0"` // optional in RFC 5652, demanded for this content type
	SignatureAlgorithm pkix.AlgorithmIdentifier
	Signature          []byte
	UnsignedAttrs      asn1.RawValue `asn1:"tag:1,optional"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// RFC 2634 section 5.4 and RFC 5035 section 3. Policies after the certificates are not
// looked at.
type signingCertificate struct {
	Certs    []essCertID
	Policies asn1.RawValue `asn1:"optional"`
}

type essCertID struct {
	Hash         []byte
	IssuerSerial essIssuerSerial `asn1:"optional"`
}

type signingCertificateV2 struct {
	Certs    []essCertIDv2
	Policies asn1.RawValue `asn1:"optional"`
}

type essCertIDv2 struct {
	HashAlgorithm pkix.AlgorithmIdentifier `asn1:"optional"` // absent for SHA-256
	Hash          []byte
	IssuerSerial  essIssuerSerial `asn1:"optional"`
}

type essIssuerSerial struct {
	Issuer asn1.RawValue // GeneralNames: one directoryName
	Serial *big.Int
}

// unmarshal reads one value and nothing after it.
func unmarshal(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err == nil && len(rest) > 0 {
		err = errors.New("something follows it")
	}
	return err
}

// genTime reads a GeneralizedTime in UTC (RFC 3161 section 2.4.2).
func genTime(v asn1.RawValue) (t time.Time, err error) {
	s := string(v.Bytes)
	if v.Class != asn1.ClassUniversal || v.Tag != asn1.TagGeneralizedTime || len(s) < 15 || s[len(s)-1] != 'Z' {
		return t, fmt.Errorf("time %.40q is no GeneralizedTime in UTC", s)
	}
	if err := unmarshal(v.FullBytes, &t); err != nil {
		return t, fmt.Errorf("time %.40q: %v", s, err)
	}
	if y := t.Year(); y < 1970 || y > 2261 {
		return t, fmt.Errorf("time in the year %d: allowed are 1970 to 2261", y)
	}
	return t.UTC(), nil
}

// duration returns the accuracy, or an error where a part is out of the range of RFC
// 3161 section 2.4.2, or where it is so coarse that the stamp says nothing.
func (a accuracy) duration() (time.Duration, error) {
	if a.Seconds < 0 || a.Seconds > 86400 || a.Millis < 0 || a.Millis > 999 || a.Micros < 0 || a.Micros > 999 {
		return 0, fmt.Errorf("accuracy of %d s, %d ms, %d us: allowed are 0 to 86400, 999 and 999", a.Seconds, a.Millis, a.Micros)
	}
	return time.Duration(a.Seconds)*time.Second + time.Duration(a.Millis)*time.Millisecond + time.Duration(a.Micros)*time.Microsecond, nil
}
