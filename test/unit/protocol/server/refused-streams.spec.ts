import { beforeEach, describe, expect, it } from '@jest/globals';
import type { RefusalReason } from '../../../../src/protocol/server/refusals.js';
import { ServerCore } from '../../../../src/protocol/server/server.js';
import { readResponse } from '../../../conformance/wire/envelope.js';
import { encodeWritten, FrameCutter, type FrameSpec } from '../../../conformance/wire/frame.js';
import { turn } from '../../../support/deferred.js';
import { memoryWire, type Wire } from '../../../support/wire.js';

const [REQUEST, DATA] = [1, 3];
const [CLOSED, OPEN, NO_DATA] = [1, 2, 4];
const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const NOT_ACTIVE = 'StreamID is no longer active';

let core: ServerCore;
let wire: Wire;
let cutter: FrameCutter;
/** What was counted, and would be logged. */
let refused: [RefusalReason, string][];

beforeEach(() => {
  refused = [];
  core = new ServerCore(
    { maxMessageBytes: 64, maxMetadataBytes: 8 },
    { onRefused: (reason, _peer, what) => void refused.push([reason, what]) },
  );
  core.methods.add({
    service: 's',
    method: 'Bidi',
    shape: 'bidi',
    open: () => ({
      onRequest: () => undefined,
      onMessage: () => undefined,
      onRequestEnd: () => undefined,
      onAbort: () => undefined,
      onClosing: () => undefined,
    }),
  });
  wire = memoryWire(false);
  cutter = new FrameCutter();
  core.accept(wire.duplex, 'memory');
});

/** Sends frames; gives the code and the text of each response. */
async function sent(...frames: FrameSpec[]): Promise<[number, number | undefined, string | undefined][]> {
  const before = wire.written.length;
  for (const frame of frames) wire.send(encodeWritten(frame));
  await turn();
  return cutter.push(Buffer.concat(wire.written.slice(before))).map(({ id, data }) => {
    const { status } = readResponse(data);
    return [id, status?.code, status?.message];
  });
}

const data = (id: number): FrameSpec => ({ id, type: DATA, data: { hex: '0801' } });
const close = (id: number): FrameSpec => ({ id, type: DATA, flags: CLOSED | NO_DATA });
const request = (id: number, service: string, metadata?: [string, string][]): FrameSpec => ({
  id,
  type: REQUEST,
  flags: OPEN | NO_DATA,
  data: { request: { service, method: 'Bidi', ...(metadata ? { metadata } : {}) } },
});

describe('a stream whose request was refused', () => {
  it('is answered as Go does to each frame, and none of them is counted or logged', async () => {
    expect(await sent(request(1, 'no.Such'), data(1), data(1), close(1))).toEqual([
      [1, UNIMPLEMENTED, 'service no.Such'],
      [1, INVALID_ARGUMENT, NOT_ACTIVE],
      [1, INVALID_ARGUMENT, NOT_ACTIVE],
      [1, INVALID_ARGUMENT, NOT_ACTIVE],
    ]);
    expect(refused).toEqual([]);
    expect(core.stats.refused.protocol).toBe(0);
  });

  it('is counted once where its request is', async () => {
    const tooLarge: FrameSpec = { id: 5, type: REQUEST, data: { fill: 0, length: 65 } };
    const unreadable: FrameSpec = { id: 7, type: REQUEST, data: { hex: '0aff' } };
    const frames = [request(3, 's', [['key', 'far too long']]), tooLarge, unreadable];
    const codes = (await sent(...frames)).map(([, code]) => code);
    expect(codes).toEqual([RESOURCE_EXHAUSTED, RESOURCE_EXHAUSTED, INVALID_ARGUMENT]);
    expect(refused.map(([reason]) => reason)).toEqual(['maxMetadataBytes', 'maxMessageBytes', 'protocol']);
    expect(await sent(data(3), close(3), data(5), close(5), data(7), close(7))).toHaveLength(6);
    expect(refused).toHaveLength(3);
  });

  it('has ended with the end that its client sends: data after that is counted', async () => {
    await sent(request(1, 'no.Such'), close(1), data(1));
    expect(refused).toEqual([['protocol', NOT_ACTIVE]]);
  });

  it('is not the pretext for data on others', async () => {
    await sent(request(1, 'no.Such'), data(3));
    expect(refused).toEqual([['protocol', NOT_ACTIVE]]);
  });

  it('is forgotten when a peer has too many of them', async () => {
    const many = Array.from({ length: 1025 }, (_, at) => request(1 + 2 * at, 'no.Such'));
    await sent(...many);
    expect(refused).toEqual([]);
    await sent(data(1 + 2 * 1024), data(1));
    expect(refused).toEqual([['protocol', NOT_ACTIVE]]);
  });
});
