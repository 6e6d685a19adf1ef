//! The three streaming shapes, one call each.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ttrpc::proto::Codec;
use ttrpc::r#async::{Client, ClientStream, ClientStreamReceiver, ClientStreamSender};
use ttrpc::Error;

use crate::load::{opening, Load};
use crate::messages::{body, check};
use crate::proto::{DownloadRequest, Echo, UploadReply};

fn text(error: Error) -> String {
    error.to_string()
}

pub async fn download(load: &Load, client: &Client, first: u32) -> Result<Vec<Duration>, String> {
    let asked = DownloadRequest {
        count: load.calls as u32,
        bytes: load.bytes as u32,
        first,
        ..Default::default()
    };
    let mut request = opening("Download");
    request.payload = asked.encode().map_err(|error| error.to_string())?;
    let stream = client.new_stream(request, false, true).await.map_err(text)?;
    let mut messages = ClientStreamReceiver::<Echo>::new(stream, client.clone());
    let (expected, mut received) = (body(load.bytes), 0);
    while let Some(message) = messages.recv().await.map_err(text)? {
        check(&message, first + received, &expected)?;
        received += 1;
    }
    if received != asked.count {
        return Err(format!("{received} messages came, expected {}", asked.count));
    }
    Ok(Vec::new())
}

pub async fn upload(load: &Load, client: &Client, first: u32) -> Result<Vec<Duration>, String> {
    let stream = client.new_stream(opening("Upload"), true, false).await.map_err(text)?;
    let mut messages = ClientStreamSender::<Echo, UploadReply>::new(stream);
    let mut message = Echo { body: body(load.bytes), ..Default::default() };
    let mut sum = 0_u32;
    for index in 0..load.calls as u32 {
        message.value = first + index;
        sum = sum.wrapping_add(message.value);
        messages.send(&message).await.map_err(text)?;
    }
    let reply = messages.close_and_recv().await.map_err(text)?;
    let bytes = (load.calls * load.bytes) as u32;
    if (reply.count as usize, reply.sum, reply.bytes) != (load.calls, sum, bytes) {
        return Err(format!("the response is {reply}, expected count {}, sum {sum}, bytes {bytes}", load.calls));
    }
    Ok(Vec::new())
}

/// `in_flight` messages are out, and each answer lets the next one go.
pub async fn chat(load: &Load, client: &Client, first: u32) -> Result<Vec<Duration>, String> {
    let stream = client.new_stream(opening("Chat"), true, true).await.map_err(text)?;
    let mut stream = ClientStream::<Echo, Echo>::new(stream);
    let expected = body(load.bytes);
    let mut message = Echo { body: expected.clone(), ..Default::default() };
    let mut starts = VecDeque::with_capacity(load.in_flight);
    let mut latencies = Vec::with_capacity(load.calls);
    let mut sent = 0;
    for received in 0..load.calls {
        while sent < load.calls && starts.len() < load.in_flight {
            message.value = first + sent as u32;
            sent += 1;
            starts.push_back(Instant::now());
            stream.send(&message).await.map_err(text)?;
        }
        check(&stream.recv().await.map_err(text)?, first + received as u32, &expected)?;
        latencies.push(starts.pop_front().map_or(Duration::ZERO, |start| start.elapsed()));
    }
    stream.close_send().await.map_err(text)?;
    match stream.recv().await {
        Err(Error::Eof) => Ok(latencies),
        other => Err(format!("behind the last message came {other:?}, expected the end")),
    }
}
