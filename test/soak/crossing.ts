import type { CallSpec, Driver, ServerPeer } from '../interop/peer.js';
import { expectedOf } from '../interop/model.js';

/** Many large messages at once on few connections, each way: where both sides wait for the other one, it hangs. */
export interface CrossingSpec {
  /** Unary calls that echo `bytes` each, all at once over one connection. */
  echoes: number;
  /** Bidi calls beside them, each echoing `messages` of `bytes`. */
  streams: number;
  messages: number;
  bytes: number;
}

/** What became of it. */
export interface CrossingResult {
  /** Bytes of bodies each way. */
  bytes: number;
  elapsedMs: number;
  problems: string[];
}

let crossings = 0;

/** Runs one; resolves when all calls have ended. */
export async function runCrossing(spec: CrossingSpec, driver: Driver, server: ServerPeer): Promise<CrossingResult> {
  const { echoes, streams, messages, bytes } = spec;
  const connection = `crossing ${++crossings}`;
  await server.events({ clear: true });
  await driver.connect(connection, server.address);
  const begun = Date.now();
  const problems: string[] = [];
  const echo = async (): Promise<void> => {
    const burst = { count: echoes, firstSeq: 1, bodyBytes: bytes, maxDelayMs: 0 };
    const { statuses, transportErrors, wrong } = await driver.burst(connection, burst);
    if (statuses[0] !== echoes || wrong > 0) {
      problems.push(`echoes: ${JSON.stringify({ statuses, transportErrors, wrong })}, expected ${echoes} answers`);
    }
  };
  const chat = async (index: number): Promise<void> => {
    const call: CallSpec = { op: 'bidi', generate: { seq: 1000 * index, count: messages, bodyBytes: bytes } };
    const { status, transportError, replies } = await driver.call(connection, call);
    const { count, checksum } = expectedOf(call).replies ?? {};
    if (status?.code !== 0 || replies.count !== count || replies.checksum !== checksum) {
      problems.push(`stream ${index}: ${JSON.stringify({ status, transportError, replies })}`);
    }
  };
  await Promise.all([echo(), ...Array.from({ length: streams }, (_, index) => chat(index + 1))]);
  await driver.close(connection);
  await server.awaitIdle();
  return { bytes: bytes * (echoes + streams * messages), elapsedMs: Date.now() - begun, problems };
}
