import { expect } from '@jest/globals';
import { covers, type Case, type Difference, type Expected, type ExpectedBurst, type Pair, type Step } from './case.js';
import { expectedOf, requestsOf } from './model.js';
import type { BurstResult, CallResult, CallSpec, Driver, PeerName, ServerPeer } from './peer.js';

/** How a driver reports a call whose connection went away under it. */
const LOST: Record<PeerName, object> = {
  go: { transportError: 'ErrClosed' },
  rust: { transportError: 'Socket' },
  nest: { status: 14 },
};

let connections = 0;

/** Runs one case in one direction; rejects with what was expected and what came. */
export async function runCase(test: Case, driver: Driver, server: ServerPeer): Promise<void> {
  const run = new Run(test, driver, server);
  await run.begin();
  try {
    for (const [index, step] of test.steps.entries()) {
      await run.step(step).catch((error: unknown) => {
        const where = test.steps.length === 1 ? '' : `step ${index + 1} of ${test.steps.length}, `;
        throw new Error(`${where}${describe(step)}:\n${messageOf(error)}`);
      });
    }
  } catch (error) {
    // What a case that failed leaves behind must not hide why it failed.
    await run.end().catch(() => undefined);
    throw error;
  }
  await run.end();
}

function messageOf(error: unknown): string {
  return error instanceof Object && 'message' in error ? String(error.message) : String(error);
}

function describe(step: Step): string {
  const text = JSON.stringify(step, (key, value: unknown) =>
    key === 'expect' || key === 'differs' ? undefined : value,
  );
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

interface Begun {
  call: CallSpec;
  result: Promise<CallResult>;
}

class Run {
  readonly #begun = new Map<string, Begun>();
  #connection = '';
  #open = false;
  #acceptedBefore = 0;

  constructor(
    private readonly test: Case,
    private readonly driver: Driver,
    private readonly server: ServerPeer,
  ) {}

  async begin(): Promise<void> {
    await this.server.events({ clear: true });
    this.#acceptedBefore = (await this.server.connections()).accepted;
    await this.#connect();
  }

  /** Nothing of the case is left at the server once its client is gone. */
  async end(): Promise<void> {
    if (this.#open) await this.driver.close(this.#connection);
    await Promise.all([...this.#begun.values()].map(({ result }) => result));
    if (this.#isAmong(this.test.leaves)) await this.server.forget();
    else await this.server.awaitIdle();
  }

  #isAmong(pairs: readonly Pair[] = []): boolean {
    return pairs.some((pair) => covers(pair, this.driver.peer, this.server.peer));
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case 'call': {
        const result = await this.driver.call(this.#connection, step.call);
        this.#check(result, step.call, step.expect, step.differs);
        return;
      }
      case 'start': {
        const result = this.driver.call(this.#connection, step.call, step.name);
        // Whoever ends the case waits for it; a failure before that must not be an unhandled rejection.
        result.catch(() => undefined);
        this.#begun.set(step.name, { call: step.call, result });
        return;
      }
      case 'await-replies':
        await this.driver.awaitReplies(step.name, step.count);
        return;
      case 'cancel':
        await this.driver.cancel(step.name);
        return;
      case 'end': {
        const begun = this.#begun.get(step.name);
        if (begun === undefined) throw new Error(`no call was begun as "${step.name}"`);
        this.#check(await begun.result, begun.call, step.expect, step.differs);
        return;
      }
      case 'burst':
        checkBurst(await this.driver.burst(this.#connection, step.burst), step.expect);
        return;
      case 'await-event': {
        if (this.#isAmong(step.without)) return;
        const event = await this.server.awaitEvent(step.event, step.method, step.seq);
        if (step.cause !== undefined) expect(event).toMatchObject({ cause: step.cause });
        return;
      }
      case 'server':
        if (step.action === 'half-close') await this.server.halfClose();
        else await this.server.dropConnections();
        return;
      case 'client':
        await this.#client(step.action);
        return;
      case 'accepted':
        expect((await this.server.connections()).accepted - this.#acceptedBefore).toBe(step.count);
        return;
    }
  }

  async #client(action: 'close' | 'half-close' | 'connect'): Promise<void> {
    if (action === 'half-close') {
      await this.driver.halfClose(this.#connection);
      return;
    }
    if (this.#open) await this.driver.close(this.#connection);
    this.#open = false;
    if (action === 'connect') await this.#connect();
  }

  async #connect(): Promise<void> {
    this.#connection = `connection ${++connections}`;
    await this.driver.connect(this.#connection, this.server.address);
    this.#open = true;
  }

  #check(result: CallResult, call: CallSpec, expect: Expected | undefined, differs: readonly Difference[] = []): void {
    const difference = differs.find((each) => covers(each, this.driver.peer, this.server.peer));
    checkResult(result, call, difference?.expect ?? expect ?? expectedOf(call), this.driver.peer);
  }
}

/** Compares all that is expected at once, so that a failure shows everything that came. */
function checkResult(result: CallResult, call: CallSpec, expected: Expected, client: PeerName): void {
  const { status, replies, firstReply, sent } = result;
  const came: Record<string, unknown> = { wrong: replies.wrong, ordered: replies.ordered };
  const wanted: Record<string, unknown> = { wrong: 0, ordered: true };
  const compare = (what: string, actual: unknown, want: unknown): void => {
    if (want === undefined) return;
    came[what] = actual;
    wanted[what] = want;
  };
  const end = { status: status?.code, transportError: result.transportError?.name };
  compare('end', end, { status: undefined, transportError: undefined, ...endOf(expected, client, status?.code) });
  compare('message', status?.message, expected.message);
  compare('details', status?.details, expected.details);
  // Only a driver that can tell says so.
  if (result.local !== undefined) compare('local', result.local, expected.local);
  compare('replies', only(replies, expected.replies), expected.replies);
  compare('first reply', only(firstReply ?? {}, expected.firstReply), expected.firstReply);
  if (expected.timeLeftMs !== undefined) {
    const [least, most] = expected.timeLeftMs;
    const left = firstReply?.timeoutMs ?? NaN;
    compare('time left', left >= least && left <= most ? 'within' : left, 'within');
  }
  if (expected.maxElapsedMs !== undefined) {
    compare('elapsed', result.elapsedMs <= expected.maxElapsedMs ? 'in time' : result.elapsedMs, 'in time');
  }
  if (expected.status === 0 && call.empty !== true) compare('sent', sent.count, requestsOf(call).length);
  try {
    expect(came).toEqual(wanted);
  } catch (error) {
    // Whoever wraps it shows the message, not the stack.
    (error as { message: string }).message += `\nthe driver says: ${JSON.stringify(result)}`;
    throw error;
  }
}

function endOf({ status }: Expected, client: PeerName, came: number | undefined): object {
  if (status === 'lost') return LOST[client];
  if (typeof status === 'number') return { status };
  if ('error' in status) return { transportError: status.error };
  return { status: came !== undefined && status.includes(came) ? came : status };
}

/** Of `actual` the fields that `wanted` has. */
function only(actual: object, wanted: object | undefined): object {
  return Object.fromEntries(Object.keys(wanted ?? {}).map((key) => [key, (actual as Record<string, unknown>)[key]]));
}

function checkBurst(result: BurstResult, { is, atLeast = {} }: ExpectedBurst): void {
  expect(result).toMatchObject(is);
  for (const [name, least] of Object.entries(atLeast)) {
    expect(result[name as keyof typeof atLeast]).toBeGreaterThanOrEqual(least);
  }
}
