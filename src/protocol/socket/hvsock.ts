import type { Duplex } from 'node:stream';
import { formatAddress, type Address } from './address.js';
import { TtrpcError } from '../core/errors.js';
import { TtrpcStatus } from '../core/status.js';

/** An address of hybrid vsock. */
export type HvsockAddress = Extract<Address, { kind: 'hvsock' }>;

/** The longest response to `CONNECT` in bytes; `OK 4294967295` has 13. */
const MAX_RESPONSE_BYTES = 64;
/** How long the response to `CONNECT` may take, in ms. */
const RESPONSE_MS = 5000;
/** How long nobody may listen in the virtual machine before an attempt fails, in ms: it may still be booting. */
const LISTEN_MS = 10_000;
/** The first wait before `CONNECT` is sent again, in ms; each is twice as long as the last one. */
const FIRST_WAIT_MS = 10;
const MAX_WAIT_MS = 250;

/** How long {@link connectHvsock} waits for a virtual machine. */
export interface HvsockLimits {
  /** How long nobody may listen in the machine, in ms; 0 to try once. 10 seconds by default. */
  readonly listenMs?: number | undefined;
  /** How long the response to `CONNECT` may take, in ms. 5 seconds by default. */
  readonly responseMs?: number | undefined;
}

/**
 * Connects to a port of a virtual machine through the unix socket of Firecracker, cloud-hypervisor or kata (hybrid vsock):
 * writes `CONNECT <port>\n` and reads a line `OK <number>\n`. While nobody listens in the machine, its end of the connection
 * is closed at once: then it is tried again, for `listenMs` in all.
 * `open` connects to the socket. Rejects as that does, with UNAVAILABLE when the response is another one, longer than 64
 * bytes, or has not come after `responseMs`, and with the signal's reason when that aborts first.
 */
export async function connectHvsock(
  address: HvsockAddress,
  open: () => Promise<Duplex>,
  signal?: AbortSignal,
  { listenMs = LISTEN_MS, responseMs = RESPONSE_MS }: HvsockLimits = {},
): Promise<Duplex> {
  const end = performance.now() + listenMs;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, MAX_WAIT_MS)) {
    const socket = await open();
    try {
      if (await isAccepted(socket, address, responseMs, signal)) return socket;
    } catch (error) {
      socket.destroy();
      throw error;
    }
    socket.destroy();
    if (performance.now() + wait > end) {
      throw failure(
        address,
        listenMs === 0
          ? `it closed the connection: nobody listens on port ${address.port}`
          : `nobody has listened on port ${address.port} for ${listenMs / 1000} seconds`,
      );
    }
    await pause(wait, signal);
  }
}

/** Sends the request; false when the other end closes without a response. */
function isAccepted(
  socket: Duplex,
  address: HvsockAddress,
  responseMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let line = Buffer.alloc(0);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
      // An error that comes before the connection has an owner is not for the process.
      if (socket.destroyed) socket.on('error', ignore);
      socket.off('error', onEnd);
    };
    const fail = (error: unknown): void => {
      settle();
      reject(error);
    };
    const onEnd = (): void => {
      settle();
      if (line.length === 0) resolve(false);
      else reject(failure(address, `it closed the connection after ${JSON.stringify(line.toString('latin1'))}`));
    };
    const onAbort = (): void => fail(signal?.reason);
    const onReadable = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      line = Buffer.concat([line, chunk]);
      const at = line.indexOf('\n');
      if (at < 0 && line.length <= MAX_RESPONSE_BYTES) return;
      const said = line.subarray(0, at < 0 ? MAX_RESPONSE_BYTES : at).toString('latin1');
      if (at > MAX_RESPONSE_BYTES || !/^OK \d{1,10}\r?$/.test(said)) {
        fail(
          failure(address, `it responded ${JSON.stringify(said.slice(0, MAX_RESPONSE_BYTES))}: expected "OK <number>"`),
        );
        return;
      }
      settle();
      const rest = line.subarray(at + 1);
      if (rest.length > 0) socket.unshift(rest);
      resolve(true);
    };
    const timer = setTimeout(
      () => fail(failure(address, `it has not responded to CONNECT within ${responseMs / 1000} seconds`)),
      responseMs,
    );
    signal?.addEventListener('abort', onAbort);
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onEnd);
    if (signal?.aborted) onAbort();
    else socket.write(`CONNECT ${address.port}\n`);
  });
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
  });
}

function failure(address: HvsockAddress, why: string): TtrpcError {
  const text = `cannot connect to ${formatAddress(address)}: ${why}`;
  return new TtrpcError(TtrpcStatus.UNAVAILABLE, text, { unsent: true });
}

function ignore(): void {
  // The end of the connection is all that matters.
}
