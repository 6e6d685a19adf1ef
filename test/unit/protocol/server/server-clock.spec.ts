import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { serve, TtrpcStatus, type RawServer } from '../../../../src/protocol/index.js';
import { FrameReader } from '../../../../src/protocol/wire/frame-reader.js';
import { ResponseEnvelope } from '../../../../src/protocol/wire/response-envelope.js';
import { Timer } from '../../../../src/protocol/core/timer.js';
import { request } from '../../../support/frames.js';
import { TempFolder } from '../../../support/temp-folder.js';
import { turn } from '../../../support/deferred.js';

const SERVICE = 'test.v1.Test';
const HOUR_MS = 3_600_000;

interface Answered {
  code: number;
  atMs: number;
}

describe('the clock of a server', () => {
  let folder: TempFolder;
  let server: RawServer;
  let socket: Socket;
  let now: () => number;
  let deadlines: (Date | undefined)[];
  let release: () => void;

  beforeEach(async () => {
    folder = new TempFolder();
    now = Date.now;
    deadlines = [];
    server = await serve(folder.url(), {
      [SERVICE]: {
        Wait: (_bytes, context) => {
          deadlines.push(context.deadline);
          return new Promise((resolve) => {
            release = () => {
              deadlines.push(context.deadline);
              resolve(Buffer.from('done'));
            };
          });
        },
      },
    });
    socket = createConnection(folder.file('s.sock'));
    await once(socket, 'connect');
  });

  afterEach(async () => {
    Date.now = now;
    socket.destroy();
    await server.close();
    folder.remove();
  });

  /** The status of each answer (0 for OK), and when it came. */
  function answers(count: number): Promise<Answered[]> {
    const response = new ResponseEnvelope(1024);
    const found: Answered[] = [];
    return new Promise((resolve) => {
      const reader = new FrameReader(
        {
          onFrame(_id, _type, _flags, buf, start, end) {
            response.parse(buf, start, end);
            if (found.push({ code: response.status?.code ?? 0, atMs: performance.now() }) === count) resolve(found);
          },
          onOversizedFrame: () => undefined,
        },
        1 << 20,
      );
      socket.on('data', (chunk: Buffer) => reader.push(chunk));
    });
  }

  const wait = (id: number, timeoutMs: number): Buffer =>
    request(SERVICE, 'Wait', { id, timeoutNano: String(Math.round(timeoutMs * 1e6)) });

  it('answers DEADLINE_EXCEEDED some ms after the deadline, never earlier', async () => {
    for (const [index, timeoutMs] of [1, 5.9, 20.99, 33.4, 50.999].entries()) {
      const answered = answers(1);
      const sentMs = performance.now();
      socket.write(wait(2 * index + 1, timeoutMs));
      const [answer] = (await answered) as [Answered];
      expect(answer.code).toBe(TtrpcStatus.DEADLINE_EXCEEDED);
      expect(answer.atMs - sentMs).toBeGreaterThanOrEqual(timeoutMs + 5);
      socket.removeAllListeners('data');
    }
  });

  it.each([
    ['forth', HOUR_MS],
    ['back', -HOUR_MS],
  ])('does not mind that the time of day jumps %s by an hour', async (_name, jumpMs) => {
    const answered = answers(1);
    socket.write(wait(1, 60_000));
    while (deadlines.length === 0) await turn();
    jest.spyOn(Date, 'now').mockImplementation(() => now.call(Date) + jumpMs);
    release();
    expect(await answered).toMatchObject([{ code: 0 }]);
    // The deadline is told in the time of day as it is when somebody asks.
    const [before, after] = deadlines as [Date, Date];
    expect(Math.abs(after.getTime() - before.getTime() - jumpMs)).toBeLessThan(1000);
    jest.restoreAllMocks();
  });
});

describe('Timer', () => {
  it('never fires early, also when the event loop was busy before it was made', async () => {
    for (const ms of [0.4, 1.9, 3.7, 7.99]) {
      await turn();
      // The loop's own clock stands still meanwhile; setTimeout counts from there.
      const busyUntil = performance.now() + 5;
      while (performance.now() < busyUntil);
      const from = performance.now();
      await new Promise<void>((resolve) => new Timer(ms, resolve));
      expect(performance.now() - from).toBeGreaterThanOrEqual(ms);
    }
  });

  it('does not fire once it is cleared', async () => {
    let fired = 0;
    const timer = new Timer(1, () => fired++);
    timer.clear();
    await new Promise<void>((resolve) => new Timer(5, resolve));
    expect(fired).toBe(0);
  });
});
