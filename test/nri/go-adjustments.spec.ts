import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ContainerChanges, ContainerResourceUpdate } from 'nestjs-ttrpc/nri';
import { nriSchema } from '../../src/nri/schema.js';
import { hasGo } from '../support/go-module.js';
import { BUILD_MS, nriPrograms } from './runtime.js';

const withGo = (await hasGo()) ? describe : describe.skip;

/** A call of one of Go's methods, with the message that has come of it. */
interface GoCall {
  type: 'ContainerAdjustment' | 'ContainerUpdate';
  method: string;
  args: unknown[];
  /** In base64. */
  message: string;
}

/** Ours of a Go method: by its name, with a small first letter. */
function applied({ type, method, args }: GoCall): object {
  const target = type === 'ContainerAdjustment' ? new ContainerChanges() : new ContainerResourceUpdate('');
  const name = method.charAt(0).toLowerCase() + method.slice(1);
  const ours: unknown = Reflect.get(target, name);
  if (typeof ours !== 'function') throw new Error(`${target.constructor.name} has no ${name}, as Go has ${method}`);
  expect(ours.apply(target, args)).toBe(target);
  return target;
}

withGo("each method of Go's adjustments and updates", () => {
  let calls: GoCall[];

  beforeAll(async () => {
    const { stdout } = await promisify(execFile)(await nriPrograms.path('adjustments'), { maxBuffer: 1 << 24 });
    calls = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as GoCall);
  }, BUILD_MS);

  it('is there', () => {
    // As many as NRI 0.12 has, once with values and once with zeros.
    expect(calls.filter(({ type }) => type === 'ContainerAdjustment')).toHaveLength(2 * 48);
    expect(calls.filter(({ type }) => type === 'ContainerUpdate')).toHaveLength(2 * 22);
  });

  it('says the same as ours', () => {
    for (const call of calls) {
      const codec = nriSchema().findType(`nri.pkg.api.v1alpha1.${call.type}`);
      if (!codec) throw new Error(`no type ${call.type}`);
      const ours = codec.decode(codec.encode(applied(call)));
      const { method, args } = call;
      expect({ method, args, message: ours }).toEqual({
        method,
        args,
        message: codec.decode(Buffer.from(call.message, 'base64')),
      });
    }
  });
});
