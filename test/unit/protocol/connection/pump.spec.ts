import { describe, expect, it } from '@jest/globals';
import { Pump } from '../../../../src/protocol/connection/pump.js';
import { turns } from '../../../support/deferred.js';

describe('Pump', () => {
  it('pulls only while its target takes more', async () => {
    let pulled = 0;
    const source = (function* () {
      for (;;) yield pulled++;
    })();
    const sent: number[] = [];
    let wake: (() => void) | undefined;
    const pump = new Pump(source, {
      get writable() {
        return sent.length % 5 !== 0;
      },
      onWritable: (callback) => (wake = callback),
      send: (value) => sent.push(value),
    });
    const running = pump.run();
    await turns(5);
    expect(pulled).toBe(5);
    wake?.();
    await turns(5);
    expect(pulled).toBe(10);
    pump.stop();
    expect(await running).toBe(false);
    expect(source.next().done).toBe(true);
  });

  it('lets other work run although its source never waits', async () => {
    let others = 0;
    let count = 0;
    const pump = new Pump(
      (function* () {
        while (others < 3) yield count++;
      })(),
      { writable: true, onWritable: () => undefined, send: () => undefined },
    );
    const other = (): void => {
      if (++others < 3) setImmediate(other);
    };
    setImmediate(other);
    expect(await pump.run()).toBe(true);
  });

  it('lets the source clean up when a message cannot be sent', async () => {
    let cleaned = false;
    const pump = new Pump(
      (async function* () {
        try {
          yield await Promise.resolve(1);
        } finally {
          cleaned = true;
        }
      })(),
      {
        writable: true,
        onWritable: () => undefined,
        send: () => {
          throw new Error('too large');
        },
      },
    );
    await expect(pump.run()).rejects.toThrow('too large');
    expect(cleaned).toBe(true);
  });
});
