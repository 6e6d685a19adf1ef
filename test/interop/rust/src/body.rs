//! Makes and checks the bodies of the interoperability tests, so that they never travel beside the protocol.

const PERIOD: u64 = 251;

/// The body of `size` bytes that belongs to `seq`: byte i is (seq + i) % 251.
pub fn pattern(seq: u64, size: usize) -> Vec<u8> {
    let start = (seq % PERIOD) as u8;
    let mut made = (start..PERIOD as u8).chain(0..start).collect::<Vec<u8>>().repeat(size / PERIOD as usize + 1);
    made.truncate(size);
    made
}

/// True when `body` is the one that belongs to `seq`.
pub fn is_pattern(seq: u64, body: &[u8]) -> bool {
    let mut expected = (seq % PERIOD) as u8;
    for &value in body {
        if value != expected {
            return false;
        }
        expected = if u64::from(expected) + 1 == PERIOD { 0 } else { expected + 1 };
    }
    true
}

/// Adds messages up: how many, the bytes of their bodies, and FNV-1a (32 bit) over each one's seq (8 bytes, little
/// endian) and body.
#[derive(Clone, Debug)]
pub struct Sum {
    pub count: u64,
    pub total_bytes: u64,
    pub checksum: u32,
}

impl Default for Sum {
    fn default() -> Self {
        Self { count: 0, total_bytes: 0, checksum: 0x811c_9dc5 }
    }
}

impl Sum {
    /// Takes one more message into account.
    pub fn add(&mut self, seq: u64, body: &[u8]) {
        for &byte in seq.to_le_bytes().iter().chain(body) {
            self.checksum = (self.checksum ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        self.count += 1;
        self.total_bytes += body.len() as u64;
    }
}
