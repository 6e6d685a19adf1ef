import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type RawClient, type RawContext } from '../../../../src/protocol/index.js';
import { sampleCall } from '../../../../src/protocol/server/call-sample.js';
import { rawMethod } from '../../../../src/protocol/server/raw-handler.js';
import type { ServerCallHost, ServerMethod } from '../../../../src/protocol/server/server-call.js';
import { ServerCore } from '../../../../src/protocol/server/server.js';
import { TempFolder } from '../../../support/temp-folder.js';

setFlagsFromString('--allow-natives-syntax');
/** True when V8 has the same hidden class for both. */
const alike = runInThisContext('(a, b) => %HaveSameMap(a, b)') as (a: object, b: object) => boolean;

describe('sampleCall', () => {
  let folder: TempFolder;
  let core: ServerCore;
  let client: RawClient;
  let contexts: RawContext[];

  beforeEach(async () => {
    folder = new TempFolder();
    contexts = [];
    core = new ServerCore();
    core.methods.add(
      rawMethod('test.v1.Test', 'Echo', (request, context) => {
        contexts.push(context);
        return request;
      }),
    );
    const url = folder.url();
    await core.listen([url]);
    client = await connect(url);
  });

  afterEach(async () => {
    client.close();
    await core.close();
    folder.close();
  });

  it.each([
    ['without a deadline', {}],
    ['with a deadline', { timeoutMs: 60_000 }],
    ['with metadata', { metadata: { key: 'value' } }],
  ])('keeps objects like those of a call %s', async (_, options) => {
    for (const bytes of [0, 10, 5000, 200_000]) {
      await client.call('test.v1.Test', 'Echo', new Uint8Array(bytes), options);
    }
    const { sample } = core;
    expect(contexts).toHaveLength(4);
    for (const context of contexts) {
      const { call } = context as unknown as { call: object };
      expect(alike(context, sample?.parts[0] as object)).toBe(true);
      expect(alike(call, sample?.call as object)).toBe(true);
    }
  });

  it('keeps a queue like that of a request stream', async () => {
    const queues: object[] = [];
    core.methods.add(
      rawMethod('test.v1.Test', 'Upload', {
        shape: 'client-streaming',
        async handle(messages) {
          queues.push(messages);
          let count = 0;
          for await (const { length } of messages) count += length;
          return Buffer.from([count]);
        },
      }),
    );
    for (const limit of [1, 3]) {
      const upload = client.stream('test.v1.Test', 'Upload', 'client-streaming');
      for (let i = 0; i < limit; i++) await upload.send(new Uint8Array(2));
      upload.closeSend();
      for await (const total of upload) expect([...total]).toEqual([2 * limit]);
    }
    expect(queues).toHaveLength(2);
    for (const queue of queues) expect(alike(queue, core.sample?.parts[1] as object)).toBe(true);
  });

  it('opens no call of a method for which that has effects', () => {
    const method: ServerMethod = {
      service: 'test.v1.Test',
      method: 'Effects',
      shape: 'unary',
      open: () => {
        throw new Error('opened');
      },
    };
    expect(sampleCall({} as ServerCallHost, method)).toBeUndefined();
    expect(sampleCall({} as ServerCallHost, undefined)).toBeUndefined();
  });

  it('is not taken for a call', async () => {
    await client.call('test.v1.Test', 'Echo', new Uint8Array(1));
    expect(contexts).toHaveLength(1);
    await core.close();
    expect(core.connectionCount).toBe(0);
  });
});
