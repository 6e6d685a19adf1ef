import type { CallShape, ClientCase, EndMatch, StatusName } from '../../case.js';
import type { Bytes } from '../../wire/bytes.js';
import type { StatusSpec } from '../../wire/envelope.js';
import { DATA, NO_DATA, REMOTE_CLOSED, REMOTE_OPEN, REQUEST, RESPONSE, type FrameSpec } from '../../wire/frame.js';

/* Short ways to write the frames of client cases, whose calls go to demo.v1.Test/Method unless they say otherwise. */

const names = { service: 'demo.v1.Test', method: 'Method' };

/** What the client must send for a unary call with this payload, to the byte. */
export function unaryRequest(id: number, payload: Bytes): FrameSpec {
  return { id, type: REQUEST, flags: 0, data: { request: { ...names, payload } } };
}

/** What the client must send for a server-streaming call with this payload, to the byte. */
export function serverStreamRequest(id: number, payload: Bytes): FrameSpec {
  return { id, type: REQUEST, flags: REMOTE_CLOSED, data: { request: { ...names, payload } } };
}

/** What the client must send to open a client-streaming or bidi call, to the byte. */
export function streamRequest(id: number): FrameSpec {
  return { id, type: REQUEST, flags: REMOTE_OPEN | NO_DATA, data: { request: { ...names } } };
}

/** A message of a stream, either way. */
export function data(id: number, payload?: Bytes, flags = 0): FrameSpec {
  return { id, type: DATA, flags, ...(payload === undefined ? {} : { data: payload }) };
}

/** The close of one side, either way. */
export function close(id: number): FrameSpec {
  return { id, type: DATA, flags: REMOTE_CLOSED | NO_DATA };
}

/** A response with status OK; without a payload unless one is given. */
export function answer(id: number, payload?: Bytes): FrameSpec {
  return { id, type: RESPONSE, data: { response: payload === undefined ? {} : { payload } } };
}

/** A response with an error. */
export function failure(id: number, status: StatusSpec): FrameSpec {
  return { id, type: RESPONSE, data: { response: { status } } };
}

/** A short text as a message. */
export function text(of: string): Bytes {
  return { text: of };
}

/** A call is begun, and its Request seen. */
export function begun(shape: CallShape, call = 'a', id = 1): ClientCase['steps'] {
  const one = shape === 'unary' || shape === 'server-streaming';
  const sees =
    shape === 'unary'
      ? unaryRequest(id, text('ask'))
      : shape === 'server-streaming'
        ? serverStreamRequest(id, text('ask'))
        : streamRequest(id);
  return [{ call, shape, ...(one ? { request: text('ask') } : {}) }, { sees: [sees] }];
}

/** An error with this code and a message that matches. */
export function failed(code: StatusName, pattern: string): EndMatch {
  return { error: { code, message: { pattern } } };
}
