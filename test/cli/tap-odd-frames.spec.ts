import protobuf from 'protobufjs';
import { describe, expect, test } from '@jest/globals';
import { HEADER_BYTES, writeHeader } from '../../src/protocol/wire/frame.js';
import { frameOf, requestData, responseData, statusData } from './tap-frames.js';
import { TapLines } from './tap-lines.js';

const REQUEST = requestData('a.B', 'C');
const NOTHING = new Uint8Array();

function flagged(stream: number, type: number, flags: number): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES);
  writeHeader(frame, 0, 0, stream, type, flags);
  return frame;
}

function withTimeout(nanos: number): Uint8Array {
  return Buffer.concat([REQUEST, protobuf.Writer.create().uint32(32).int64(nanos).finish()]);
}

describe('ttrpc tap says what is odd', () => {
  test('even ids, and ids of calls that are open', () => {
    const lines = new TapLines().client(...[0, 2, 1, 1].map((stream) => frameOf(stream, 1, REQUEST)));
    expect(lines.text()).toEqual([
      '→ Request of stream 0, 8 bytes has an even id, which servers refuse',
      ':0 → a.B/C {}',
      '→ Request of stream 2, 8 bytes has an even id, which servers refuse',
      ':2 → a.B/C {}',
      ':1 → a.B/C {}',
      '→ Request of stream 1, 8 bytes has the id of a call that is still open',
      ':1 → a.B/C {}',
    ]);
  });

  test('flags that ttrpc does not know', () => {
    const lines = new TapLines().client(frameOf(1, 1, REQUEST), flagged(1, 3, 0x48));
    expect(lines.text().slice(1)).toEqual([
      '→ Data of stream 1, 0x48, 0 bytes has flags that ttrpc does not know',
      ':1 → C message 2 {}',
    ]);
  });

  test('a response without a call', () => {
    const lines = new TapLines().server(frameOf(1, 2, responseData(NOTHING)), frameOf(3, 2, statusData(3, 'no')));
    expect(lines.text()).toEqual([':1 ← (no open call) OK {}', ':3 ← (no open call) INVALID_ARGUMENT no']);
    for (const line of lines.json()) {
      expect(Object.keys(JSON.parse(line) as object)).not.toEqual(expect.arrayContaining(['method']));
      expect(line).not.toContain('durationMs');
    }
  });

  test('timeouts of nanoseconds, and negative ones', () => {
    const timeouts = [1, -1, 5_000_000, -2_000_000_000];
    const lines = new TapLines().client(...timeouts.map((each, at) => frameOf(2 * at + 1, 1, withTimeout(each))));
    expect(lines.text().map((line) => /\[.*\]/.exec(line)?.[0])).toEqual([
      '[timeout 1 ns]',
      '[timeout -1 ns]',
      '[timeout 5 ms]',
      '[timeout -2 s]',
    ]);
  });

  test('more connections within a mux than NRI has: memory does not grow with them', () => {
    const frame = frameOf(1, 1, REQUEST);
    const lines = new TapLines(true);
    for (let id = 1; id <= 40; id++) {
      const header = Buffer.alloc(8);
      header.writeUInt32BE(id, 0);
      header.writeUInt32BE(frame.length, 4);
      lines.client(header, frame);
    }
    const notes = lines.events.filter(({ event }) => event === 'note');
    expect(lines.events.filter(({ event }) => event === 'request')).toHaveLength(16);
    expect(notes.map((note) => (note as { text: string }).text)).toContain(
      'one connection too many in the mux: further ones are only passed on',
    );
  });
});

describe('what a peer sends does not fill a line, or the memory', () => {
  const LONG = 'x'.repeat(100_000);

  test('long names, metadata and texts are cut in text', () => {
    const metadata = Array.from({ length: 300_000 }, (_, at) => [`k${at}`, LONG.slice(0, 1)] as const);
    const lines = new TapLines()
      .client(frameOf(1, 1, requestData(LONG, LONG, [['key', LONG]])), frameOf(3, 1, requestData('a.B', 'C', metadata)))
      .server(frameOf(1, 2, statusData(5, LONG, LONG, NOTHING)), frameOf(3, 2, statusData(5, 'gone')));
    const text = lines.text();
    expect(text).toHaveLength(4);
    expect(text[0]).toContain(`${'x'.repeat(200)}… (100000 characters)`);
    expect(text[1]).toMatch(/^:3 → a\.B\/C \[k0: x\] \[k1: x\] .*… \(300000 values\) \{\}$/);
    expect(text[2]).toContain(`${'x'.repeat(2000)}… (100000 characters) {`);
    for (const line of text) expect(line.length).toBeLessThan(5000);
  });

  test('NDJSON has all of it', () => {
    const lines = new TapLines()
      .client(frameOf(1, 1, requestData('a.B', 'C', [['key', LONG]])))
      .server(frameOf(1, 2, statusData(5, LONG)));
    const [request, status] = lines.json().map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(request).toMatchObject({ metadata: { key: [LONG] } });
    expect(status).toMatchObject({ method: 'C', text: LONG });
  });

  test('of the names of an open call little is kept', () => {
    const lines = new TapLines()
      .client(frameOf(1, 1, requestData('a.B', LONG)))
      .server(frameOf(1, 2, statusData(5, 'gone')));
    expect((lines.events[1] as { method: string }).method).toBe(`${'x'.repeat(1000)}…`);
  });

  test('calls that get no status are forgotten when they are too many', () => {
    const lines = new TapLines();
    for (let at = 0; at <= 100_000; at++) lines.client(frameOf(2 * at + 1, 1, REQUEST));
    expect(lines.events.filter(({ event }) => event === 'note')).toEqual([
      {
        connection: 1,
        event: 'note',
        from: 'client',
        text: 'more than 100000 calls are open: those so far are not followed any more',
      },
    ]);
    lines.server(frameOf(1, 2, statusData(5, 'gone')));
    expect(lines.text().at(-1)).toBe(':1 ← (no open call) NOT_FOUND gone');
  });
});
