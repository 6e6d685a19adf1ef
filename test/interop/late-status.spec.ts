import { connect as connectSocket, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, TtrpcStatus, type RawClient, type TtrpcError } from '../../src/protocol/index.js';
import { TempFolder } from '../support/temp-folder.js';
import { goVersion, startGoServer } from './go-peer.js';
import type { ServerPeer } from './peer.js';
import { turn } from '../support/deferred.js';

/** The deadline at the client. */
const TIMEOUT_MS = 100;
/** The field `timeout_nano` of a Request (a blank is its tag), of about that time, and 20 ms in as many bytes. */
const [TIMEOUT, SERVER_TIMEOUT] = [/ [\x80-\xff]{3}[^\x80-\xff]/, Buffer.from([0x80, 0xda, 0xc4, 0x09])];
/** An empty message of the schema. */
const EMPTY = new Uint8Array(0);

/**
 * A connection on which the server's deadline passes first, and what it says then comes when the client's has passed, too,
 * and its timer has not run yet: without this, that is a matter of microseconds.
 */
class LateConnection extends Duplex {
  readonly #socket: Socket;
  readonly #begin = performance.now();
  #isShortened = false;

  constructor(path: string) {
    super({ allowHalfOpen: false });
    this.#socket = connectSocket(path);
    this.#socket.on('data', (chunk: Buffer) => {
      if (chunk.includes('deadline exceeded')) while (performance.now() < this.#begin + TIMEOUT_MS + 20);
      this.push(chunk);
    });
    this.#socket.on('error', (error) => this.destroy(error));
    this.#socket.on('close', () => this.push(null));
  }

  override _read(): void {
    // What comes is pushed.
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const at = chunk.toString('latin1').search(TIMEOUT);
    if (!this.#isShortened && at >= 0) {
      this.#isShortened = true;
      chunk.set(SERVER_TIMEOUT, at + 1);
    }
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

const go = await goVersion();
if (go === undefined) process.stderr.write('no Go: what its server sends at a deadline is not tested\n');

(go === undefined ? describe.skip : describe)('an upload to a Go server whose deadline passes', () => {
  let folder: TempFolder;
  let server: ServerPeer;
  let client: RawClient;

  beforeEach(async () => {
    folder = new TempFolder();
    server = await startGoServer(folder.url());
  }, 300_000);

  afterEach(async () => {
    client.close();
    await server.stop();
    folder.remove();
  });

  /** Sends until the call has ended; what it ended with. */
  async function upload(): Promise<TtrpcError> {
    const stream = client.stream('interop.v1.Interop', 'ClientStream', 'client-streaming', { timeoutMs: TIMEOUT_MS });
    try {
      for (;;) {
        await stream.send(EMPTY);
        await turn();
      }
    } catch (error) {
      return error as TtrpcError;
    }
  }

  it('ends with DEADLINE_EXCEEDED, with the status of the server as the cause, whatever it is', async () => {
    client = await connect(new LateConnection(folder.url().slice('unix://'.length)));
    const { code, cause } = await upload();
    expect(code).toBe(TtrpcStatus.DEADLINE_EXCEEDED);
    // The handler's, or what the server responds to the Data frame that came first: a race within it.
    const status = cause as TtrpcError;
    expect([
      `${TtrpcStatus.DEADLINE_EXCEEDED} context deadline exceeded`,
      `${TtrpcStatus.INVALID_ARGUMENT} data handling error: context deadline exceeded`,
    ]).toContain(`${status.code} ${status.message}`);
  });
});
