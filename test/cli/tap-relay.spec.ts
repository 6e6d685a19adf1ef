import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { expect, test } from '@jest/globals';
import { relay } from '../../src/cli/tap/relay.js';

/** A socket whose other end reads when the test says so. */
class SlowSocket extends Duplex {
  readonly received: string[] = [];
  #pass: () => void = () => undefined;

  override _read(): void {
    // Bytes come when they come.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#pass = () => {
      this.received.push(chunk.toString());
      done();
    };
    this.emit('waits');
  }

  /** Its other end reads what waits. */
  receive(): void {
    this.#pass();
  }
}

test('what came before a reset reaches its reader, however slow that is', async () => {
  const [client, server] = [new SlowSocket(), new SlowSocket()];
  const over = relay(client, server, { onBytes: () => undefined, onEnd: () => undefined });
  const waits = once(client, 'waits');
  server.push('the last response');
  await waits;
  const gone = new Promise((resolve) => server.once('close', resolve));
  server.destroy(new Error('ECONNRESET'));
  await gone;
  expect(client.destroyed).toBe(false);
  client.receive();
  await over;
  expect(client.received).toEqual(['the last response']);
  expect(client.destroyed).toBe(true);
});

test('a reset is passed on at once where nothing waits', async () => {
  const [client, server] = [new SlowSocket(), new SlowSocket()];
  const over = relay(client, server, { onBytes: () => undefined, onEnd: () => undefined });
  server.destroy(new Error('ECONNRESET'));
  await over;
  expect(client.destroyed).toBe(true);
});
