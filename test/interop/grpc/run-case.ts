import { expect } from '@jest/globals';
import { covers } from '../case.js';
import type { Driver, ServerPeer, TestCallResult } from '../peer.js';
import type { CaseCall, ExpectedEnd, GrpcCase } from './case.js';

let connections = 0;

/** Runs one case in one direction; rejects with what was expected and what came. */
export async function runGrpcCase(test: GrpcCase, driver: Driver, server: ServerPeer): Promise<void> {
  const leaves = test.leaves?.some((pair) => covers(pair, driver.peer, server.peer)) ?? false;
  await server.events({ clear: true });
  const shared = await connect(driver, server);
  try {
    for (const each of test.calls) {
      const expected = expectedIn(each, driver, server);
      if (each.cancel === undefined) check(await driver.testService(shared, each.call), expected);
      else await cancelled(each, each.cancel, expected, leaves, driver, server);
    }
    // Whatever became of the calls: the connection serves the next one.
    check(await driver.testService(shared, { rpc: 'EmptyCall', requests: [{}] }), { status: 0, responses: [0] });
  } finally {
    await driver.close(shared);
  }
  // Nothing of the case is left at the server once its client is gone.
  if (leaves) await server.forget();
  else await server.awaitIdle();
}

async function connect(driver: Driver, server: ServerPeer): Promise<string> {
  const name = `grpc connection ${++connections}`;
  await driver.connect(name, server.address);
  return name;
}

/** A call that the client cancels. */
async function cancelled(
  { call }: CaseCall,
  when: NonNullable<CaseCall['cancel']>,
  expected: ExpectedEnd,
  leaves: boolean,
  driver: Driver,
  server: ServerPeer,
): Promise<void> {
  const dedicated = await connect(driver, server);
  let open = true;
  try {
    const name = `call on ${dedicated}`;
    const result = driver.testService(dedicated, call, name);
    // A failure of what follows must not leave this rejection without a handler.
    result.catch(() => undefined);
    await server.awaitEvent('started', call.rpc, 0);
    if (when === 'after the first response') await driver.awaitReplies(name, 1);
    await driver.cancel(name);
    check(await result, expected);
    // Our client ends the call's connection by itself. The others have one connection for all calls of a client, so
    // whoever wants the server to know closes it.
    if (driver.peer !== 'nest') {
      open = false;
      await driver.close(dedicated);
    }
    if (leaves) return;
    expect(await server.awaitEvent('cancelled', call.rpc, 0)).toMatchObject({ cause: 'cancelled' });
  } finally {
    if (open) await driver.close(dedicated);
  }
}

function expectedIn({ expect: usual, differs = [] }: CaseCall, driver: Driver, server: ServerPeer): ExpectedEnd {
  const difference = differs.find((each) => covers(each, driver.peer, server.peer));
  return difference ? { ...usual, ...difference.expect } : usual;
}

/** The code that must come: of several the one that came, if it is among them. */
function statusOf(expected: ExpectedEnd['status'], came: number | undefined): ExpectedEnd['status'] {
  return typeof expected !== 'number' && came !== undefined && expected.includes(came) ? came : expected;
}

/** Compares all that is expected at once, so that a failure shows everything that came. */
function check(result: TestCallResult, expected: ExpectedEnd): void {
  const { status, transportError, responses } = result;
  const echoed: Record<string, string[]> = {};
  for (const response of responses) {
    for (const [key, values] of Object.entries(response.echoed)) (echoed[key] ??= []).push(...values);
  }
  expect({
    status: status?.code,
    transportError,
    message: expected.message === undefined ? undefined : status?.message,
    responses: responses.map(({ payloadBytes }) => payloadBytes),
    zeros: responses.every(({ zeros }) => zeros),
    aggregatedPayloadSize: responses.reduce((sum, each) => sum + each.aggregatedPayloadSize, 0),
    echoed,
  }).toEqual({
    status: statusOf(expected.status, status?.code),
    transportError: undefined,
    message: expected.message,
    responses: expected.responses ?? [],
    zeros: true,
    aggregatedPayloadSize: expected.aggregatedPayloadSize ?? 0,
    echoed: expected.echoed ?? {},
  });
}
