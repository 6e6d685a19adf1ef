// Package body makes and checks the bodies of the interoperability tests, so that they never travel beside the protocol.
package body

import "encoding/binary"

const period = 251

// One period more than any start needs, so that a body is a few copies instead of a loop over its bytes.
var pattern = func() []byte {
	p := make([]byte, 64*period)
	for i := range p {
		p[i] = byte(i % period)
	}
	return p
}()

// Pattern gives the body of size bytes that belongs to seq: byte i is (seq + i) % 251.
func Pattern(seq uint64, size int) []byte {
	made := make([]byte, size)
	start := int(seq % period)
	for at := 0; at < size; {
		n := copy(made[at:], pattern[start:])
		at += n
		start = (start + n) % period
	}
	return made
}

// IsPattern says whether b is the body that belongs to seq.
func IsPattern(seq uint64, b []byte) bool {
	expected := seq % period
	for _, value := range b {
		if uint64(value) != expected {
			return false
		}
		if expected++; expected == period {
			expected = 0
		}
	}
	return true
}

// Sum adds up messages: how many, the bytes of their bodies, and FNV-1a (32 bit) over seq (8 bytes, little endian) and body.
type Sum struct {
	Count      uint64
	TotalBytes uint64
	checksum   uint32
}

// Add takes one more message into account.
func (s *Sum) Add(seq uint64, b []byte) {
	hash := s.Checksum()
	var head [8]byte
	binary.LittleEndian.PutUint64(head[:], seq)
	for _, value := range head {
		hash = (hash ^ uint32(value)) * 16777619
	}
	for _, value := range b {
		hash = (hash ^ uint32(value)) * 16777619
	}
	s.checksum = hash
	s.Count++
	s.TotalBytes += uint64(len(b))
}

// Checksum is FNV-1a's offset basis as long as nothing was added.
func (s *Sum) Checksum() uint32 {
	if s.Count == 0 {
		return 2166136261
	}
	return s.checksum
}
