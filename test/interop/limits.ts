import type { Reason } from './case.js';
import type { PeerName } from './peer.js';

/**
 * What a foreign library cannot do, or does otherwise than ours, as far as the cases show it. The cases name these as
 * their reasons, and docs/peers.md has them as a table (test/docs/peers.spec.ts compares the two).
 */
export interface Limit extends Reason {
  peer: Exclude<PeerName, 'nest'>;
  /** On which side of a call. */
  as: 'client' | 'server';
  /** Where the library's sources say so, or an issue of theirs. */
  source: string;
}

function limit(peer: Limit['peer'], as: Limit['as'], reason: string, source: string): Limit {
  return { peer, as, reason, source };
}

/** All of them, by names for the cases. */
export const limits = {
  goStreamMetadata: limit(
    'go',
    'client',
    'sends metadata and timeouts with unary calls only, not with streams',
    'client.go, NewStream',
  ),
  goOneConnection: limit('go', 'client', 'has one connection and does not reconnect', 'client.go, NewClient'),
  goOversizedReply: limit(
    'go',
    'server',
    'closes the whole connection when its handler gives more than 4 MiB',
    'server.go, run: an error of ch.send returns',
  ),

  rustOneConnection: limit(
    'rust',
    'client',
    'has one connection and does not reconnect',
    'src/asynchronous/client.rs:55, Client::new',
  ),
  rustNoClose: limit(
    'rust',
    'client',
    'cannot be closed: its connection ends when the last call and the last clone of the client are dropped',
    'src/asynchronous/client.rs:33, Client',
  ),
  rustOwnTimeout: limit(
    'rust',
    'client',
    "enforces the timeout of a unary call itself, so it never waits for the server's response",
    'src/asynchronous/client.rs:97, Client::request',
  ),
  rustStreamTimeout: limit(
    'rust',
    'client',
    'sends the timeout of a stream and leaves it to the server to end the call',
    'src/asynchronous/client.rs:123, Client::new_stream',
  ),
  rustOversizedRequest: limit(
    'rust',
    'client',
    'refuses a Request that is too large with an error of its own, without a status',
    'src/proto.rs:326, Message::new_request',
  ),
  rustOversizedMessage: limit(
    'rust',
    'client',
    'refuses a message of a stream that is too large with INVALID_ARGUMENT',
    'src/proto.rs:30, check_oversize',
  ),
  rustUnknownService: limit(
    'rust',
    'server',
    'answers a call of a service that it does not have with INVALID_ARGUMENT',
    'src/asynchronous/server.rs:474, handle_request',
  ),
  rustUnknownMethod: limit(
    'rust',
    'server',
    'words the UNIMPLEMENTED of a method that it does not have in its own way',
    'src/asynchronous/server.rs:488, handle_request',
  ),
  rustStatusOk: limit(
    'rust',
    'server',
    'sends a status with each response, also with OK, so what a response can carry is two bytes less',
    'src/asynchronous/utils.rs:33, async_request_handler',
  ),
  rustOversizedReply: limit(
    'rust',
    'server',
    'answers INVALID_ARGUMENT when its handler gives more than 4 MiB',
    'src/asynchronous/server.rs:379 and src/proto.rs:30, check_oversize',
  ),
  rustStreamDeadline: limit(
    'rust',
    'server',
    'does not keep the deadline of a stream; a handler can read it and keep it itself',
    'src/asynchronous/server.rs:537, handle_stream',
  ),
  rustStreamGoesOn: limit(
    'rust',
    'server',
    "does not tell a stream's handler that the connection is gone: it goes on until it sends, one that waits for input stays for ever, and the socket with it",
    'src/asynchronous/server.rs:571, handle_stream; containerd/ttrpc-rust#202',
  ),
  rustNoLongerActive: limit(
    'rust',
    'server',
    'may answer INVALID_ARGUMENT "Stream is no longer active" to messages that arrive while a handler fails, before its status',
    'src/asynchronous/server.rs:439, handle_msg, and src/asynchronous/stream.rs:441',
  ),
} as const satisfies Record<string, Limit>;
