//! Makes and checks the bodies of the tests, so that they never travel beside the protocol.

use serde::Serialize;

const PERIOD: usize = 251;

/// One period.
const PATTERN: [u8; PERIOD] = {
    let mut pattern = [0; PERIOD];
    let mut at = 0;
    while at < PERIOD {
        pattern[at] = at as u8;
        at += 1;
    }
    pattern
};

/// The body of `size` bytes that belongs to `seq`: byte i is (seq + i) % 251.
pub fn pattern(seq: u64, size: usize) -> Vec<u8> {
    let mut made = Vec::with_capacity(size);
    let mut start = (seq % PERIOD as u64) as usize;
    while made.len() < size {
        let part = &PATTERN[start..];
        made.extend_from_slice(&part[..part.len().min(size - made.len())]);
        start = 0;
    }
    made
}

/// True when `body` is the one that belongs to `seq`.
pub fn is_pattern(seq: u64, body: &[u8]) -> bool {
    let start = (seq % PERIOD as u64) as usize;
    let (head, rest) = body.split_at(body.len().min(PERIOD - start));
    head == &PATTERN[start..start + head.len()] && rest.chunks(PERIOD).all(|part| part == &PATTERN[..part.len()])
}

/// Adds messages up: how many, the bytes of their bodies, and FNV-1a (32 bit) over seq (8 bytes, little endian) and body.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sum {
    pub count: u64,
    pub total_bytes: u64,
    pub checksum: u32,
}

impl Default for Sum {
    fn default() -> Self {
        Self { count: 0, total_bytes: 0, checksum: 2_166_136_261 }
    }
}

impl Sum {
    /// Takes one more message into account.
    pub fn add(&mut self, seq: u64, body: &[u8]) {
        let mut hash = self.checksum;
        for byte in seq.to_le_bytes().iter().chain(body) {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(16_777_619);
        }
        self.checksum = hash;
        self.count += 1;
        self.total_bytes += body.len() as u64;
    }
}
