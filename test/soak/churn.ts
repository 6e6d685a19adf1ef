import { fileURLToPath } from 'node:url';
import { connect, serve, TtrpcStatus, type RawClient, type TtrpcError } from '../../src/protocol/index.js';
import { startProgram, type Program } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { residentKib } from './memory.js';
import { turn } from '../support/deferred.js';

const RUN_SOURCES = fileURLToPath(new URL('../../scripts/typescript/register-sources.mjs', import.meta.url));
const COUNTER = fileURLToPath(new URL('../faults/programs/counter.ts', import.meta.url));
const SERVICE = 'faults.v1.Counter';

/** How many connects are under way at a time. */
const AT_A_TIME = 50;

/** How many calls are in flight when a server is killed. */
const IN_FLIGHT = 50;

/** What came of many connections, or of many servers. */
export interface ChurnResult {
  answered: number;
  /** Calls that ended with UNAVAILABLE. */
  unavailable: number;
  elapsedMs: number;
  problems: string[];
}

/** So many connections, each for one call; afterwards nothing is left of them at the server. */
export async function runShortConnections(count: number): Promise<ChurnResult> {
  const folder = new TempFolder();
  const begun = performance.now();
  const problems: string[] = [];
  let [made, answered] = [0, 0];
  const server = await serve(folder.url(), { [SERVICE]: { Echo: (bytes) => bytes } });
  try {
    const caller = async (): Promise<void> => {
      while (made < count) {
        const text = String(made++);
        const client = await connect(folder.url());
        const answer = Buffer.from(await client.call(SERVICE, 'Echo', Buffer.from(text))).toString();
        client.close();
        if (answer === text) answered++;
        else problems.push(`${text} was answered ${answer}`);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, caller));
    while (server.connectionCount > 0) await turn();
    const { calls, bufferedBytes, decodedBytes, refused } = server.stats;
    const left = calls + bufferedBytes + decodedBytes + Object.values(refused).reduce((sum, each) => sum + each, 0);
    if (left > 0) problems.push(`left at the server: ${JSON.stringify(server.stats)}`);
  } finally {
    await server.close();
    folder.remove();
  }
  return { answered, unavailable: 0, elapsedMs: performance.now() - begun, problems };
}

/**
 * A server that is killed (SIGKILL) so many times with calls in flight, and started again: each call ends once, what was
 * answered was handled once, and the same client is served by the next server.
 */
export async function runKills(times: number): Promise<ChurnResult> {
  const folder = new TempFolder();
  const begun = performance.now();
  const problems: string[] = [];
  let [answered, unavailable] = [0, 0];
  let client: RawClient | undefined;
  let server: Program | undefined;
  try {
    for (let round = 0; round < times; round++) {
      server = startProgram(process.execPath, ['--import', RUN_SOURCES, COUNTER, folder.url()]);
      await server.shows('ready');
      const caller = (client ??= await connect(folder.url(), { waitForReady: true }));
      const call = async (text: string): Promise<string | undefined> => {
        const bytes = Buffer.from(text);
        try {
          const answer = Buffer.from(await caller.call(SERVICE, 'Echo', bytes, { timeoutMs: 30_000 })).toString();
          if (answer !== text) problems.push(`${text} was answered ${answer}`);
          answered++;
          return text;
        } catch (error) {
          const { code } = error as TtrpcError;
          if (code === TtrpcStatus.UNAVAILABLE) unavailable++;
          else problems.push(`${text} ended with ${TtrpcStatus[code] ?? String(error)}`);
          return undefined;
        }
      };
      if ((await call(`first of ${round}`)) === undefined) problems.push(`server ${round} does not serve`);
      const calls = Array.from({ length: IN_FLIGHT }, (_, index) => call(`${round}.${index}.`));
      // The first ones are answered: others are under way.
      await Promise.race(calls);
      const { stdout } = await server.kill();
      for (const text of await Promise.all(calls)) {
        if (text === undefined) continue;
        const handled = stdout.split(`handled ${text}\n`).length - 1;
        if (handled !== 1) problems.push(`${text} was answered and handled ${handled} times`);
      }
    }
  } finally {
    client?.close();
    await server?.kill();
    folder.remove();
  }
  return { answered, unavailable, elapsedMs: performance.now() - begun, problems };
}

/** So much may this process grow by between the tenth part of the calls and the last one, in KiB. */
const GROWTH_KIB = 32 * 1024;

/** So many unary calls on one connection, {@link AT_A_TIME} at a time: each is answered once, and the memory is flat. */
export async function runManyCalls(total: number): Promise<ChurnResult & { grownKib: number }> {
  const folder = new TempFolder();
  const begun = performance.now();
  const problems: string[] = [];
  let [made, answered, handled] = [0, 0, 0];
  const echo = (bytes: Uint8Array): Uint8Array => {
    handled++;
    return bytes;
  };
  const server = await serve(folder.url(), { [SERVICE]: { Echo: echo } });
  const client = await connect(folder.url());
  let warmKib = 0;
  try {
    const caller = async (): Promise<void> => {
      while (made < total) {
        const number = made++;
        if (number === Math.floor(total / 10)) warmKib = residentKib();
        const request = Buffer.allocUnsafe(4);
        request.writeUInt32LE(number);
        const answer = await client.call(SERVICE, 'Echo', request);
        if (request.equals(answer)) answered++;
        else problems.push(`${number} was answered ${Buffer.from(answer).toString('hex')}`);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, caller));
  } finally {
    client.close();
    await server.close();
    folder.remove();
  }
  if (handled !== total) problems.push(`${total} calls were made, ${handled} handled`);
  const grownKib = residentKib() - warmKib;
  if (grownKib > GROWTH_KIB) problems.push(`this process has grown by ${grownKib} KiB`);
  return { answered, unavailable: 0, elapsedMs: performance.now() - begun, problems, grownKib };
}
