import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bytesCodec } from '../../../../src/protocol/wire/message-codec.js';
import {
  sendsRequestStream,
  sendsResponseStream,
  type MethodShape,
} from '../../../../src/protocol/core/method-shape.js';
import type { CallHandler, ServerCall } from '../../../../src/protocol/server/server-call.js';
import { ServerCore } from '../../../../src/protocol/server/server.js';
import { readResponse } from '../../../conformance/wire/envelope.js';
import { encodeWritten, FrameCutter, type FrameSpec } from '../../../conformance/wire/frame.js';
import { memoryWire } from '../../../support/wire.js';
import { turn } from '../../../support/deferred.js';

/*
 * The server's state machine against a small model of it: what a client does and what handlers do, in any order, one
 * thing after the other. The model says what must be sent, what handlers must be told and what must be left.
 */

const SHAPES: MethodShape[] = ['unary', 'server-streaming', 'client-streaming', 'bidi'];
const MAX_MESSAGE_BYTES = 64;
const MAX_CALLS = 4;

type Op =
  | { op: 'request'; id: number; shape: MethodShape; payload: boolean }
  | { op: 'unknown method'; id: number }
  | { op: 'malformed request'; id: number }
  | { op: 'data'; id: number; flags: number; payload: boolean }
  | { op: 'oversized'; id: number; type: number }
  | { op: 'unknown type'; id: number; type: number }
  | { op: 'answer' | 'send' | 'end' | 'fail'; id: number };

/** What was sent for a stream: `answer`, `data`, `close`, or the code of an error. */
type Sent = [id: number, what: string | number];

const INVALID_ARGUMENT = 3;
const ABORTED = 10;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;

interface ModelCall {
  readonly shape: MethodShape;
  open: boolean;
  inputClosed: boolean;
  /** Messages that its handler got from its stream. */
  messages: number;
  ends: number;
  aborts: number;
}

/** All that a server may do, in a few lines. */
class Model {
  readonly calls = new Map<number, ModelCall>();
  readonly sent: Sent[] = [];
  private readonly used = new Set<number>();
  /** Over, and their clients may not know yet: what they send is swallowed until they close. */
  private readonly cutShort = new Set<number>();

  do(op: Op): void {
    if (!('op' in op)) return;
    const isFrame = !['answer', 'send', 'end', 'fail'].includes(op.op);
    if (op.op === 'oversized') {
      if (op.type === 1) this.used.add(op.id);
      this.refuse(op.id, RESOURCE_EXHAUSTED);
    } else if (isFrame && op.id % 2 === 0) this.refuse(op.id, INVALID_ARGUMENT);
    else if (op.op === 'request') this.request(op.id, op.shape, op.payload);
    else if (op.op === 'unknown method') this.unopened(op.id, UNIMPLEMENTED);
    else if (op.op === 'malformed request') this.unopened(op.id, INVALID_ARGUMENT);
    else if (op.op === 'data') this.data(op.id, op.flags);
    else if (op.op !== 'unknown type') this.handler(op.op, op.id);
  }

  private get openCount(): number {
    return [...this.calls.values()].filter(({ open }) => open).length;
  }

  private unopened(id: number, code: number): void {
    this.refuse(id, this.used.has(id) ? INVALID_ARGUMENT : code);
    this.used.add(id);
  }

  private request(id: number, shape: MethodShape, payload: boolean): void {
    if (this.used.has(id)) return this.refuse(id, INVALID_ARGUMENT);
    this.used.add(id);
    if (this.openCount >= MAX_CALLS) return this.refuse(id, RESOURCE_EXHAUSTED);
    const streams = sendsRequestStream(shape);
    const messages = streams && payload ? 1 : 0;
    this.calls.set(id, { shape, open: true, inputClosed: !streams, messages, ends: 0, aborts: 0 });
  }

  private data(id: number, flags: number): void {
    const closes = (flags & 1) !== 0;
    const carries = (flags & 4) === 0;
    const call = this.calls.get(id);
    if (!call?.open) {
      if (!this.cutShort.has(id)) this.refuse(id, INVALID_ARGUMENT);
      else if (closes) this.cutShort.delete(id);
      return;
    }
    if (call.shape === 'unary' || (carries && call.inputClosed)) return this.refuse(id, INVALID_ARGUMENT);
    if (carries) call.messages++;
    if (closes && !call.inputClosed) {
      call.inputClosed = true;
      call.ends++;
    }
  }

  private handler(op: 'answer' | 'send' | 'end' | 'fail', id: number): void {
    const call = this.calls.get(id);
    if (!call?.open) return;
    const streams = sendsResponseStream(call.shape);
    // A handler of another shape has no such word.
    if ((op === 'answer') === streams && op !== 'fail') return;
    this.sent.push([id, op === 'send' ? 'data' : op === 'end' ? 'close' : op === 'fail' ? ABORTED : 'answer']);
    if (op !== 'send') this.over(id, call);
  }

  /** An error on an id; where a call is open there it is its answer. */
  private refuse(id: number, code: number): void {
    this.sent.push([id, code]);
    const call = this.calls.get(id);
    if (!call?.open) return;
    call.aborts++;
    this.over(id, call);
    this.cutShort.add(id);
  }

  private over(id: number, call: ModelCall): void {
    call.open = false;
    if (!call.inputClosed) this.cutShort.add(id);
  }
}

/** The server, driven in the same words. */
class Real {
  readonly calls = new Map<number, ModelCall & { call: ServerCall }>();
  readonly core = new ServerCore({ maxMessageBytes: MAX_MESSAGE_BYTES, maxConcurrentCalls: MAX_CALLS });
  readonly wire = memoryWire(false);
  private readonly cutter = new FrameCutter();
  private read = 0;

  constructor() {
    for (const shape of SHAPES) {
      this.core.methods.add({ service: 's', method: shape, shape, open: (call) => this.open(call) });
    }
    this.core.accept(this.wire.duplex, 'memory');
  }

  do(op: Op): void {
    const send = (frame: FrameSpec): void => this.wire.send(encodeWritten(frame));
    const bytes = { hex: '0102' };
    if (op.op === 'request') {
      const payload = op.payload ? { payload: bytes } : {};
      send({ id: op.id, type: 1, data: { request: { service: 's', method: op.shape, ...payload } } });
    } else if (op.op === 'unknown method') {
      send({ id: op.id, type: 1, data: { request: { service: 's', method: '?' } } });
    } else if (op.op === 'malformed request') send({ id: op.id, type: 1, data: { hex: '0aff' } });
    else if (op.op === 'data') send({ id: op.id, type: 3, flags: op.flags, ...(op.payload ? { data: bytes } : {}) });
    else if (op.op === 'oversized')
      send({ id: op.id, type: op.type, data: { fill: 0, length: MAX_MESSAGE_BYTES + 1 } });
    else if (op.op === 'unknown type') send({ id: op.id, type: op.type });
    else this.handler(op.op, op.id);
  }

  /** What was sent since it was asked last. */
  sent(): Sent[] {
    const fresh = Buffer.concat(this.wire.written.slice(this.read));
    this.read = this.wire.written.length;
    return this.cutter.push(fresh).map(({ id, type, flags, data }): Sent => {
      if (type === 3) return [id, flags === 5 ? 'close' : 'data'];
      return [id, readResponse(data).status?.code ?? 'answer'];
    });
  }

  private open(call: ServerCall): CallHandler {
    const { shape } = call.method;
    const seen = { call, shape, open: true, inputClosed: call.inputClosed, messages: 0, ends: 0, aborts: 0 };
    this.calls.set(call.id, seen);
    return {
      onRequest: () => undefined,
      onMessage: () => seen.messages++,
      onRequestEnd: () => seen.ends++,
      onAbort: () => seen.aborts++,
      onClosing: () => undefined,
    };
  }

  private handler(op: 'answer' | 'send' | 'end' | 'fail', id: number): void {
    const call = this.calls.get(id)?.call;
    if (!call) return;
    const streams = sendsResponseStream(call.method.shape);
    if (op === 'fail') call.fail({ code: ABORTED, message: 'no' });
    else if (op === 'answer' && !streams) call.respond(bytesCodec, Buffer.from('yes'));
    else if (op === 'send' && streams) call.send(bytesCodec, Buffer.from('one'));
    else if (op === 'end' && streams) call.end();
  }
}

// Few ids, so that things happen to the same stream again and again.
const id = fc.constantFrom(1, 1, 1, 3, 3, 3, 5, 5, 7, 7, 9, 11, 0, 4);
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('request' as const),
      id,
      shape: fc.constantFrom(...SHAPES),
      payload: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('data' as const),
      id,
      flags: fc.integer({ min: 0, max: 7 }),
      payload: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constantFrom('answer' as const, 'send' as const, 'end' as const, 'fail' as const),
      id,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constantFrom('unknown method' as const, 'malformed request' as const), id }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('oversized' as const), id, type: fc.integer({ min: 0, max: 4 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('unknown type' as const), id, type: fc.constantFrom(0, 2, 4, 255) }),
  },
);

describe('the state machine of the server', () => {
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
          for (const [id, expected] of model.calls) {
            const { call, ...seen } = real.calls.get(id) ?? {};
            expect({ id, ...seen, open: call?.ended === false, inputClosed: expected.inputClosed }).toEqual({
              id,
              ...expected,
            });
          }
          expect(real.calls.size).toBe(model.calls.size);
        }
        // The client goes: who is at work is told, once.
        real.wire.cut();
        await turn();
        for (const [id, { open, aborts }] of model.calls)
          expect(real.calls.get(id)?.aborts).toBe(aborts + (open ? 1 : 0));
        expect(real.core.stats).toMatchObject({ connections: 0, calls: 0, bufferedBytes: 0 });
      }),
      { numRuns: 200 },
    );
    // Some 10,000 turns of the event loop: on a busy machine more than Jest's 20 s.
  }, 120_000);
});
