//! What goes into requests and must come back.

use protobuf::MessageField;

use crate::proto::{Address, Customer, Echo, Item, Order, Priority};

pub const SERVICE: &str = "bench.v1.Bench";

/// Each byte is its own index modulo 256.
pub fn body(size: usize) -> Vec<u8> {
    (0..size).map(|index| index as u8).collect()
}

/// An error unless the response repeats the request.
pub fn check(answer: &Echo, value: u32, body: &[u8]) -> Result<(), String> {
    if answer.value == value && answer.body == body {
        return Ok(());
    }
    let (got, bytes) = (answer.value, answer.body.len());
    Err(format!("the response has value {got} and {bytes} bytes, expected {value} and the same {} bytes", body.len()))
}

/// A message as applications have them.
pub fn order(value: u32) -> Order {
    let item = |sku: &str, quantity, price_cents| Item { sku: sku.into(), quantity, price_cents, ..Default::default() };
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    Order {
        value,
        created_at_micros: 1_790_000_000_000_000 + i64::from(value),
        priority: Priority::PRIORITY_URGENT.into(),
        customer: MessageField::some(Customer {
            name: "Ada Lovelace".into(),
            email: "ada@example.org".into(),
            address: MessageField::some(Address {
                street: "12 St James's Square".into(),
                city: "London".into(),
                country: "GB".into(),
                ..Default::default()
            }),
            ..Default::default()
        }),
        items: vec![
            item("engine-wheel-7", 24, 1999),
            item("punch-card", 1000, 2),
            item("brass-rod-12", 12, 5_000_000_000),
        ],
        labels: [label("channel", "letter"), label("region", "europe"), label("batch", "1843-09")].into(),
        weights: vec![12, -5, 30_000, 7],
        gift: true,
        discount: 0.125,
        signature: body(32),
        ..Default::default()
    }
}
