import type { Difference, Peer } from './case.js';

/**
 * Where a peer leaves the way of many cases for one reason. Such a case is run up to there: it must fail, and the way in
 * which it fails must be the one that is said here. What comes after is not compared.
 */
export interface Departure extends Difference {
  /** The cases, by name. */
  cases: string[];
  /** A regular expression over what the runner says where the peer departs. */
  shows: string;
}

/** The names `${before}${value}${behind}` for each value. */
function each(before: string, values: readonly (string | number)[], behind = ''): string[] {
  return values.map((value) => `${before}${value}${behind}`);
}

const WHILE_HANDLED = ' on a unary call that is being handled';
const PAYLOADS = ', with a payload and without';

const rust: Departure[] = [
  {
    cases: [
      'the id of a call that is over, again',
      'the id of a refused Request, again',
      'the id of a Request that did not parse, again',
      'the id of an oversized Request, again',
      'the id of an open stream, again',
      'the id of a running unary call, again',
      'an id below the last one that was never used',
      'the last id of the id space',
      'Requests with decreasing ids',
      'an id so far below the last one that nobody can tell whether it was used',
      'one id, a hundred times in one write',
      'a stream on the last id, and Requests below it',
    ],
    shows: 'cannot be re-used',
    reason: 'Rust does not look whether an id was used before.',
    row: "Rust's server does not check",
    decision: 'refused with INVALID_ARGUMENT; on the id of an open call that is its end',
  },
  {
    cases: [
      ...each('server-streaming with the Request flags ', [4, 5, 6, 7]),
      'ServerStream: a Request with each of the 256 flags',
    ],
    shows: 'still waiting until this comes',
    reason: 'Rust takes no-data at its word: a server-streaming handler that gets no request waits for ever.',
    row: "Request[1|4] makes Rust's server-streaming handler wait for ever",
    decision: 'a hint: the envelope says whether there is a payload',
  },
  {
    cases: [
      ...each('client-streaming with the Request flags ', [0, 1, 2]),
      ...each('bidi with the Request flags ', [0, 1, 2]),
      'ClientStream: a Request with each of the 256 flags',
      'Bidi: a Request with each of the 256 flags',
      'flags that nobody knows, on every frame',
    ],
    shows: 'expected (Data|Response OK).*got (Data none|Response OK)',
    reason: 'Rust takes a Request without no-data for one that carries a first message, also where it has no payload.',
    row: 'the Rust server takes a Request without no-data as carrying a first message',
    decision: 'an absent or empty payload is no message',
  },
  {
    cases: ['bidi: a payload in the Request is the first message, whatever its flags say'],
    shows: 'still waiting until this comes',
    reason: 'Rust drops the payload of a Request with no-data.',
    row: 'the Rust server takes a Request without no-data as carrying a first message',
    decision: 'a payload that is there is the first message',
  },
  {
    cases: [
      'server-streaming: a client that closes its side once more',
      ...each('server-streaming: Data with the flags ', [4, 5], ' and no bytes while its handler is at work'),
      'a message on a server-streaming call',
    ],
    shows: 'got Response INVALID_ARGUMENT "Stream is no longer active"',
    reason:
      'Rust knows no stream from the client on a server-streaming call: it refuses each frame, its handler goes on, and the call has two responses.',
    row: 'Data for an id that is not active',
    decision: 'a close says nothing new; a message is refused, and the refusal ends the call',
  },
  {
    cases: [
      'a payload together with remote-closed is the last message',
      'remote-closed and no-data with bytes all the same',
      ...each('client-streaming: Data with the flags ', [1, 3, 5, 7], PAYLOADS),
      ...each('bidi: Data with the flags ', [1, 3, 5, 7], PAYLOADS),
      'messages with each of the eight flags, without a Request',
      'bidi: messages after both sides have closed, with each of the eight flags',
    ],
    shows: 'data close message connot include data',
    reason: 'Rust refuses a closing frame that has bytes, without delivering them, and the stream stays open.',
    row: "Rust's refuses it without delivering and leaves the stream open",
    decision: 'remote-closed closes; the bytes are the last message unless no-data says that they are none',
  },
  {
    cases: ['remote-closed without no-data and without a payload is one more, empty message'],
    shows: 'got Response UNKNOWN "RemoteClosed"',
    reason: 'Rust gives its handler an error instead of the end.',
    row: 'in Rust the handler then gets an error instead of the end',
    decision: "one more, empty message, as Go's",
  },
  {
    cases: [
      'no-data without remote-closed is skipped',
      'no-data without remote-closed is skipped with the bytes that it carries all the same',
      ...each('client-streaming: Data with the flags ', [4, 6], PAYLOADS),
      ...each('bidi: Data with the flags ', [4, 6], PAYLOADS),
      'bidi: a Data frame with each of the 256 flags that does not close',
    ],
    shows: 'got (Data|Response OK)|unexpected (Data|Response OK)',
    reason: 'Rust delivers a message that the flag says is none.',
    row: "Go's client and Rust deliver an empty message",
    decision: "skipped, as Go's server does",
  },
  {
    cases: [
      'a stream that the server has ended: what its client still sends',
      'a stream that the server has ended: a last message with remote-closed',
    ],
    shows: 'unexpected Response INVALID_ARGUMENT',
    reason: 'Rust has forgotten the stream and refuses each frame.',
    row: 'Data for an id that is not active',
    decision: 'swallowed until remote-closed: the client could not know yet',
  },
  {
    cases: ['a message after remote-closed', 'bidi: a message after remote-closed, while its handler is at work'],
    shows: 'expected Response INVALID_ARGUMENT /\\^data handling error',
    reason: 'Rust refuses the frame in other words, or after the response; its handler goes on.',
    row: 'One id may get more than one Response',
    decision: 'the refusal ends the call: one call, one response',
  },
  {
    cases: [
      'a message on a unary call that is being handled',
      ...each('Data with the flags ', [0, 1, 2, 3, 4, 5, 6, 7], WHILE_HANDLED),
    ],
    shows: 'cancelled of Unary|got Response INVALID_ARGUMENT|unexpected Response',
    reason: 'Rust refuses the frame, and its handler goes on.',
    row: 'Data on a unary call is a protocol error in Go and an empty success in Rust',
    decision: 'the refusal ends the call, and its handler is cancelled',
  },
  {
    cases: [
      'a length of 2^32 - 1, of which nothing comes',
      'a Request of 2^32 - 1 bytes, of which few come',
      'a frame of an unknown type of 2^32 - 1 bytes, of which few come',
      'a Request on an even id of 2^32 - 1 bytes, of which few come',
    ],
    shows: 'still waiting until this comes',
    reason: 'Rust answers when it has read all of the bytes.',
    row: 'a frame over 4 MiB',
    decision: 'answered when the header is there; the bytes are dropped as they come',
  },
  {
    cases: ['a message one byte over 4 MiB ends its stream'],
    shows: 'cancelled of Bidi',
    reason: 'Rust refuses the frame, and the stream goes on.',
    row: 'a frame over 4 MiB (Rust: INVALID_ARGUMENT)',
    decision: 'the stream ends with the refusal, and its handler is cancelled',
  },
  {
    cases: [
      'a response that does not fit into a frame',
      'a response and a stream message that fill a frame to the last byte',
    ],
    shows: 'got Response INVALID_ARGUMENT "message length 41943\\d\\d exceed',
    reason: 'Rust sends a status with each response, also with OK, so that two bytes less fit.',
    row: 'Go omits it, Rust sends 0',
    decision: 'OK is left out, as Go does',
  },
  {
    cases: ['a stream whose handler takes nothing while another call waits'],
    shows: 'still waiting until this comes',
    reason: 'Rust keeps what its handler does not take, without a limit.',
    row: 'beyond 100 messages each frame waits in a task of its own, without limit and without order',
    decision: 'RESOURCE_EXHAUSTED after a second, and the handler is cancelled',
  },
  {
    cases: [
      ...each('a timeout of ', ['-1', '-1000000000', '-9223372036854775808'], ' ns'),
      'a server-streaming call with a timeout that is negative',
      'an envelope whose timeout stands twice',
    ],
    shows: 'expected Response DEADLINE_EXCEEDED .*got (Response OK|Data)',
    reason: 'Rust takes a negative timeout for none.',
    row: 'Negative means expired in Go and no deadline in Rust',
    decision: 'DEADLINE_EXCEEDED, without calling the handler',
  },
  {
    cases: ['a deadline that passes, of each shape', 'a stream whose deadline passes after some messages'],
    shows: 'still waiting until this comes',
    reason: "Rust does not keep the deadlines of streams; a stream's handler may.",
    row: "Rust's server does not enforce timeouts on streams",
    decision: 'kept for all shapes',
  },
  {
    cases: [
      'half-close with calls of each shape open',
      'half-close in the middle of a frame, with calls of each shape open',
      'the whole connection closed with calls of each shape open',
      'a connection that closes leaves the others alone',
      'an oversized message in front of another stream',
    ],
    shows: 'still waiting until the server closes|cancelled of (ServerStream|ClientStream|Bidi)',
    reason:
      'Rust tells only the handlers of unary calls that the connection is gone; it stays while another one waits.',
    row: 'Rust 0.9 stream handlers go on … one that waits for input never ends and leaks its connection',
    decision: 'all handlers are cancelled, and the connection is closed',
  },
  {
    cases: ['metadata: a key in capitals'],
    shows: '582d52657175',
    reason: 'Rust keeps the key as it came.',
    row: 'Metadata keys',
    decision: 'keys are lower-cased on arrival, so that the handler finds them',
  },
  {
    cases: ['an envelope with a length in ten bytes', 'an envelope with a tag in ten bytes'],
    shows: 'Incorrect varint',
    reason: 'Rust refuses lengths and tags of more than five bytes.',
    row: 'envelope that does not parse',
    decision: 'a varint of up to ten bytes is a varint',
  },
  {
    cases: ['an envelope with groups 65 deep', 'an envelope with a group that another one ends'],
    shows: 'got Response OK',
    reason: 'Rust follows groups deeper than ours, and takes the end of any group for that of the innermost.',
    row: 'envelope that does not parse',
    decision: 'refused: an envelope has no groups at all, and what nobody knows may not cost much',
  },
  {
    cases: ['an envelope whose service stands twice, the first one being no UTF-8'],
    shows: 'Invalid UTF-8',
    reason: 'Rust looks at every string, also at those that do not count.',
    row: 'Every string must be valid UTF-8',
    decision: 'only the last one counts, and only it is looked at',
  },
  {
    cases: ['an envelope whose metadata pair has a length that is too long'],
    shows: 'got Response OK',
    reason: 'Rust reads a pair up to the end of the envelope and does not mind that its length says more.',
    row: 'envelope that does not parse',
    decision: 'refused',
  },
  {
    cases: ['10,000 metadata pairs that are too large together', 'metadata of one byte over 256 KiB'],
    shows: 'got Response OK',
    reason: 'Rust has no limit for metadata but that of the frame.',
    row: 'metadata repeated KeyValue = 5',
    decision: 'RESOURCE_EXHAUSTED above maxMetadataBytes, 256 KiB by default',
  },
];

/** All departures, by peer. */
export const departures: Partial<Record<Peer, readonly Departure[]>> = { rust };

/** Where `peer` departs from a case; undefined where it keeps to it. */
export function departureOf(peer: Peer, name: string): Departure | undefined {
  return departures[peer]?.find(({ cases }) => cases.includes(name));
}
