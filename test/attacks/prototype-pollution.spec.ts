import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadSchema, TtrpcClient, TtrpcException, TtrpcMetadata, TtrpcStatus } from '../../src/index.js';
import { connect, serve, TtrpcError, type RawServer } from '../../src/protocol/index.js';
import { TtrpcMethod, TtrpcService, type TtrpcContext } from '../../src/index.js';
import { startLab, type Lab } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';

/** Names of what every object has, and the ways to its prototype. */
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];

/** A message in which a peer can choose names in every way that protobuf has. */
const PROTO = `
syntax = "proto3";
package pollution.v1;
import "google/protobuf/any.proto";
import "google/protobuf/struct.proto";

service Target {
  rpc Take(Names) returns (Names);
}
message Names {
  map<string, string> texts = 1;
  map<string, Names> nested = 2;
  google.protobuf.Struct struct = 3;
  google.protobuf.Any any = 4;
  string constructor = 5;
  Names __proto__ = 6;
}
`;

const SHARED = [Object, Array, Function, Map, Uint8Array, Error, Promise].map((each) => each.prototype as object);

/** All that the prototypes of this process have: each property's value or functions. */
function shared(): Map<PropertyKey, unknown>[] {
  return SHARED.map(
    (prototype) =>
      new Map(
        Reflect.ownKeys(prototype).flatMap((key) => {
          const descriptor = Object.getOwnPropertyDescriptor(prototype, key);
          return [
            [key, descriptor?.value ?? Reflect.get(descriptor ?? {}, 'get')],
            [`set ${String(key)}`, Reflect.get(descriptor ?? {}, 'set')],
          ] as [PropertyKey, unknown][];
        }),
      ),
  );
}

/** The names of what is other than it was. */
function changes(): string[] {
  return shared().flatMap((now, index) => {
    const then = before[index] ?? new Map<PropertyKey, unknown>();
    return [...new Set([...now.keys(), ...then.keys()])]
      .filter((key) => now.has(key) !== then.has(key) || !Object.is(now.get(key), then.get(key)))
      .map((key) => `${SHARED[index]?.constructor.name}.prototype: ${String(key)}`);
  });
}

let before: Map<PropertyKey, unknown>[];
let folder: TempFolder;
let protoPath: string;

beforeEach(() => {
  before = shared();
  folder = new TempFolder();
  protoPath = folder.file('pollution.proto');
  writeFileSync(protoPath, PROTO);
});

afterEach(() => {
  folder.remove();
  expect(changes()).toEqual([]);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

/** An object that has `name` as a property of its own, as JSON.parse makes it. */
function own(name: string, value: unknown): Record<string, unknown> {
  return JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`) as Record<string, unknown>;
}

describe.each(NAMES)('%s in messages', (name) => {
  const names = {
    texts: own(name, 'polluted'),
    nested: own(name, { texts: { polluted: 'yes' } }),
    struct: { fields: own(name, { structValue: { fields: { polluted: { stringValue: 'yes' } } } }) },
  };

  /** Has the maps of `names`, as properties of its own. */
  function check(message: unknown): void {
    const { texts, nested, struct } = message as typeof names;
    for (const map of [texts, nested, struct.fields]) {
      expect(Object.keys(map)).toEqual([name]);
      expect(map['polluted']).toBeUndefined();
    }
    expect(Object.getOwnPropertyDescriptor(texts, name)?.value).toBe('polluted');
  }

  it('are keys of maps like others, in a handler of Nest and at its client', async () => {
    let taken: unknown;
    @TtrpcService('pollution.v1.Target')
    class TargetController {
      @TtrpcMethod() take(message: object): object {
        taken = message;
        return message;
      }
    }
    const lab = await startLab({ controllers: [TargetController], server: { protoPath } });
    const client = new TtrpcClient({ url: lab.addresses[0] ?? '', protoPath });
    try {
      const service = client.getAsyncService<{ take(message: object): Promise<object> }>('pollution.v1.Target');
      const answer = await service.take(names);
      check(taken);
      check(answer);
    } finally {
      await client.close();
      await lab.close();
    }
  });

  it('is no type of an Any, at either side', () => {
    const schema = loadSchema({ protoPath });
    const any = { typeUrl: `type.googleapis.com/${name}`, value: new Uint8Array(0) };
    expect(() => schema.unpack(any)).toThrow(`message type '${name}' is not in the schema`);
    expect(() => schema.pack(name, {})).toThrow(`'${name}'`);
    const method = schema.resolve('pollution.v1.Target').methods['Take'];
    const decoded = method?.response.decode(method.response.encode({ any })) as { any: Record<string, unknown> };
    expect(JSON.stringify(decoded.any)).toContain(name);
  });
});

describe('what a server says to a client', () => {
  let server: RawServer;
  afterEach(() => server.close());

  it.each(NAMES)("%s as the type of an error's detail is one that nobody knows", async (name) => {
    const typeUrl = `type.googleapis.com/${name}`;
    server = await serve(folder.url(), {
      'pollution.v1.Target': {
        Take: () => {
          throw new TtrpcError(TtrpcStatus.ABORTED, name, { details: [{ typeUrl, value: Buffer.from('polluted') }] });
        },
      },
    });
    const client = new TtrpcClient({ url: folder.url(), protoPath });
    const service = client.getAsyncService<{ take(message: object): Promise<object> }>('pollution.v1.Target');
    const error = (await service.take({}).catch((thrown: unknown) => thrown)) as TtrpcException;
    expect(error).toMatchObject({ code: TtrpcStatus.ABORTED });
    expect(error.message).toContain(name);
    expect(error.details).toMatchObject([{ typeUrl }]);
    expect(() => client.unpack(error.details[0] as never)).toThrow(`message type '${name}' is not in the schema`);
    await client.close();
  });
});

describe('the ways to a method', () => {
  let lab: Lab;
  let seen: TtrpcContext[];

  @TtrpcService('pollution.v1.Target')
  class TargetController {
    @TtrpcMethod() take(_message: object, context: TtrpcContext): object {
      seen.push(context);
      return {};
    }
  }

  beforeEach(async () => {
    seen = [];
    lab = await startLab({ controllers: [TargetController], server: { protoPath } });
  });
  afterEach(() => lab.close());

  it.each(NAMES)(
    '%s leads nowhere as a service or a method, of each shape, and the next call is served',
    async (name) => {
      const { client } = lab;
      for (const [service, method] of [
        [name, 'Take'],
        [name, name],
        ['pollution.v1.Target', name],
        [`pollution.v1.${name}`, 'Take'],
      ] as const) {
        await expect(client.call(service, method, new Uint8Array(0))).rejects.toMatchObject({
          code: TtrpcStatus.UNIMPLEMENTED,
        });
        for (const shape of ['server-streaming', 'client-streaming', 'bidi'] as const) {
          const stream = client.stream(service, method, shape);
          const read = async (): Promise<void> => {
            for await (const bytes of stream) throw new Error(`it gave ${bytes.length} bytes`);
          };
          const reading = read();
          await stream.send(new Uint8Array(0)).catch(() => undefined);
          stream.closeSend();
          await expect(reading).rejects.toMatchObject({ code: TtrpcStatus.UNIMPLEMENTED });
        }
      }
      expect(seen).toEqual([]);
      await client.call('pollution.v1.Target', 'Take', new Uint8Array(0));
      expect(seen).toHaveLength(1);
    },
  );

  it.each(NAMES)('%s is a key of metadata like others, also after it was made JSON and back', async (name) => {
    const client = await connect(lab.addresses[0] ?? '');
    const metadata = new TtrpcMetadata([
      [name, 'polluted'],
      ['polluted', 'as sent'],
    ]);
    await client.call('pollution.v1.Target', 'Take', new Uint8Array(0), { metadata });
    client.close();
    const got = seen[0]?.metadata;
    expect(got?.size).toBe(2);
    expect(got?.getAll(name)).toEqual(['polluted']);
    expect(Object.keys(got?.toJSON() ?? {})).toEqual([name.toLowerCase(), 'polluted']);
    const copy = { ...(JSON.parse(JSON.stringify(got)) as object) };
    expect(new TtrpcMetadata(copy as never).getAll(name)).toEqual(['polluted']);
    for (const other of NAMES) if (other !== name) expect(got?.get(other)).toBeUndefined();
  });
});

it.each([true, false])('fields with such names are properties of their own, keepCase %p', (keepCase) => {
  const schema = loadSchema({ protoPath, loader: { keepCase } });
  const { request } = schema.resolve('pollution.v1.Target').methods['Take'] ?? fail();
  // Field 5 is a text, field 6 a message with a map that has the key `polluted`.
  const bytes = Buffer.from([0x2a, 1, 0x63, 0x32, 14, 0x0a, 12, 0x0a, 8, ...Buffer.from('polluted'), 0x12, 0]);
  const decoded = request.decode(bytes) as Record<string, unknown>;
  expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  expect(decoded['constructor']).toBe('c');
  expect(decoded['texts']).toBeUndefined();
});

function fail(): never {
  throw new Error('the schema has no such method');
}
