import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ClientCall } from '../../../../src/protocol/client/client-call.js';
import { ClientConnection, clientLimits } from '../../../../src/protocol/client/client-connection.js';
import { TtrpcError } from '../../../../src/protocol/core/errors.js';
import { bytesCodec } from '../../../../src/protocol/wire/message-codec.js';
import {
  sendsRequestStream,
  sendsResponseStream,
  type MethodShape,
} from '../../../../src/protocol/core/method-shape.js';
import { methodRef } from '../../../../src/protocol/wire/method-ref.js';
import { encodeWritten, FrameCutter, type FrameSpec } from '../../../conformance/wire/frame.js';
import { memoryWire } from '../../../support/wire.js';
import { turn } from '../../../support/deferred.js';

/*
 * The client's state machine against a small model of it: what callers do and what a server sends, in any order. The model
 * says what must be sent and what callers must be told.
 */

const SHAPES: MethodShape[] = ['unary', 'server-streaming', 'client-streaming', 'bidi'];
const MAX_MESSAGE_BYTES = 64;

type Op =
  | { op: 'begin'; shape: MethodShape }
  | { op: 'send'; id: number }
  | { op: 'close'; id: number }
  | { op: 'cancel'; id: number }
  | { op: 'answer'; id: number; flags: number; payload: boolean }
  | { op: 'error'; id: number; code: number }
  | { op: 'malformed'; id: number }
  | { op: 'data'; id: number; flags: number; payload: boolean }
  | { op: 'oversized'; id: number; type: number }
  | { op: 'unknown type'; id: number; type: number };

const CANCELLED = 1;
const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;
const UNAVAILABLE = 14;

interface ModelCall {
  readonly shape: MethodShape;
  open: boolean;
  requestClosed: boolean;
  /** What its caller was told: `message of 2`, `end`, or the code of an error. */
  told: (string | number)[];
}

/** All that a client may do, in a few lines. */
class Model {
  readonly calls = new Map<number, ModelCall>();
  /** What was sent: `request`, `data` or `close`. */
  readonly sent: [id: number, what: string][] = [];

  do(op: Op): void {
    if (op.op === 'begin') {
      const id = 2 * this.calls.size + 1;
      this.calls.set(id, { shape: op.shape, open: true, requestClosed: !sendsRequestStream(op.shape), told: [] });
      this.sent.push([id, 'request']);
      return;
    }
    const call = this.calls.get(op.id);
    if (!call?.open) return;
    const streams = sendsResponseStream(call.shape);
    const size = 'payload' in op && op.payload ? 2 : 0;
    if (op.op === 'send' || op.op === 'close') {
      if (call.requestClosed) return;
      this.sent.push([op.id, op.op === 'send' ? 'data' : 'close']);
      call.requestClosed = op.op === 'close';
    } else if (op.op === 'cancel') this.end(call, CANCELLED);
    else if (op.op === 'error') this.end(call, op.code >= 1 && op.code <= 16 ? op.code : 2);
    else if (op.op === 'oversized') this.end(call, RESOURCE_EXHAUSTED);
    else if (op.op === 'malformed' || op.op === 'unknown type') this.end(call, INTERNAL);
    else if (op.op === 'answer') {
      if (!streams || size > 0) call.told.push(`message of ${size}`);
      this.end(call, 'end');
    } else if (!streams) this.end(call, INTERNAL);
    else {
      const closes = (op.flags & 1) !== 0;
      if (!closes || (op.flags & 4) === 0) call.told.push(`message of ${size}`);
      if (closes) this.end(call, 'end');
    }
  }

  lost(): void {
    for (const call of this.calls.values()) if (call.open) this.end(call, UNAVAILABLE);
  }

  private end(call: ModelCall, how: string | number): void {
    call.told.push(how);
    call.open = false;
  }
}

/** The client, driven in the same words. */
class Real {
  readonly calls = new Map<number, { call: ClientCall; told: (string | number)[] }>();
  readonly wire = memoryWire(false);
  readonly connection = new ClientConnection(this.wire.duplex, {
    ...clientLimits({ maxMessageBytes: MAX_MESSAGE_BYTES }),
    maxBufferedBytes: 1000,
  });
  private readonly cutter = new FrameCutter();
  private read = 0;

  do(op: Op): void {
    const send = (frame: FrameSpec): void => this.wire.send(encodeWritten(frame));
    const bytes = { hex: '0102' };
    if (op.op === 'begin') {
      this.begin(op.shape);
      return;
    }
    const { id } = op;
    const call = this.calls.get(id)?.call;
    if (op.op === 'send') call?.send(bytesCodec, Buffer.from('one'));
    else if (op.op === 'close') call?.closeSend();
    else if (op.op === 'cancel') call?.fail(new TtrpcError(CANCELLED, 'enough'));
    else if (op.op === 'answer')
      send({ id, type: 2, flags: op.flags, data: { response: op.payload ? { payload: bytes } : {} } });
    else if (op.op === 'error') send({ id, type: 2, data: { response: { status: { code: String(op.code) } } } });
    else if (op.op === 'malformed') send({ id, type: 2, data: { hex: '0aff' } });
    else if (op.op === 'data') send({ id, type: 3, flags: op.flags, ...(op.payload ? { data: bytes } : {}) });
    else if (op.op === 'oversized') send({ id, type: op.type, data: { fill: 0, length: MAX_MESSAGE_BYTES + 1 } });
    else send({ id, type: op.type });
  }

  /** What was sent since it was asked last. */
  sent(): [id: number, what: string][] {
    const fresh = Buffer.concat(this.wire.written.slice(this.read));
    this.read = this.wire.written.length;
    return this.cutter
      .push(fresh)
      .map(({ id, type, flags }) => [
        id,
        type === 1 ? 'request' : flags === 5 ? 'close' : type === 3 ? 'data' : `type ${type}`,
      ]);
  }

  private begin(shape: MethodShape): void {
    const told: (string | number)[] = [];
    const observer = {
      onMessage: (_: Uint8Array, start: number, end: number) => void told.push(`message of ${end - start}`),
      onEnd: () => void told.push('end'),
      onError: ({ code }: TtrpcError) => void told.push(code),
    };
    const call = new ClientCall(methodRef('s', shape, shape), {}, observer, 1000);
    if (!sendsRequestStream(shape)) call.keepRequest(bytesCodec, Buffer.from('ask'));
    this.connection.begin(call);
    this.calls.set(call.id, { call, told });
  }
}

// Few ids, so that things happen to the same stream again and again; 8 and 0 are nobody's.
const id = fc.constantFrom(1, 1, 1, 3, 3, 3, 5, 5, 7, 9, 8, 0);
const flags = fc.integer({ min: 0, max: 7 });
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constant('begin' as const), shape: fc.constantFrom(...SHAPES) }) },
  {
    weight: 4,
    arbitrary: fc.oneof(
      { weight: 2, arbitrary: fc.record({ op: fc.constant('send' as const), id }) },
      fc.record({ op: fc.constant('close' as const), id }),
      fc.record({ op: fc.constant('cancel' as const), id }),
    ),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('answer' as const), id, flags, payload: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('data' as const), id, flags, payload: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('error' as const), id, code: fc.constantFrom(1, 5, 16, 17, -1, 1000) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('malformed' as const), id }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('oversized' as const), id, type: fc.integer({ min: 0, max: 4 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('unknown type' as const), id, type: fc.constantFrom(0, 1, 4, 255) }),
  },
);

describe('the state machine of the client', () => {
  it('does what its model does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(op, { maxLength: 60, size: 'max' }), async (ops) => {
        const model = new Model();
        const real = new Real();
        for (const each of ops) {
          model.do(each);
          real.do(each);
          await turn();
          expect(real.sent()).toEqual(model.sent.splice(0));
          for (const [id, { told, open }] of model.calls) {
            const seen = real.calls.get(id);
            expect({ id, told: seen?.told, open: seen?.call.open }).toEqual({ id, told, open });
          }
          expect(real.connection.callCount).toBe([...model.calls.values()].filter(({ open }) => open).length);
        }
        model.lost();
        real.wire.end();
        await turn();
        for (const [id, { told }] of model.calls) expect(real.calls.get(id)?.told).toEqual(told);
        expect(real.connection.callCount).toBe(0);
        real.wire.cut();
      }),
      { numRuns: 200 },
    );
    // Some 10,000 turns of the event loop: on a busy machine more than Jest's 20 s.
  }, 120_000);
});
