import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestMicroservice } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { getTtrpcServiceToken, TtrpcException, TtrpcServer, TtrpcStatus } from 'nestjs-ttrpc';
import { connect } from 'nestjs-ttrpc/protocol';
import { firstValueFrom, of } from 'rxjs';
import { CLIENT, GREETER, schema } from './greeter';
import { ClientModule, ServerModule } from './modules';
import { Reception } from './reception';

const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
const url = `unix://${join(folder, 'greeter.sock')}`;
let server: INestMicroservice;
let client: TestingModule;
let reception: Reception;

beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [ServerModule] }).compile();
  server = module.createNestMicroservice<MicroserviceOptions>({ strategy: new TtrpcServer({ url, ...schema }) });
  await server.listen();
  client = await Test.createTestingModule({ imports: [ClientModule.register(url)] }).compile();
  await client.init();
  reception = client.get(Reception);
});

afterAll(async () => {
  await client?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function failure(call: Promise<unknown>): Promise<TtrpcException> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TtrpcException);
  return error as TtrpcException;
}

it('is Nest 11 with the CommonJS build', () => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  expect((require('@nestjs/core/package.json') as { version: string }).version).toMatch(/^11\./);
  expect(require.resolve('nestjs-ttrpc')).toMatch(/node_modules\/nestjs-ttrpc\/dist\/cjs\/index\.js$/);
  expect(require.resolve('nestjs-ttrpc/protocol')).toMatch(/nestjs-ttrpc\/dist\/cjs\/protocol\/index\.js$/);
  expect(typeof module).toBe('object');
});

it('makes a unary call with metadata', async () => {
  expect(await reception.greet('Ada', 'Good morning')).toBe('Good morning, Ada!');
});

it('reads a server stream', async () => {
  expect(await reception.countdown(3)).toEqual([3, 2, 1, 0]);
});

it('sends a client stream', async () => {
  expect(await reception.sum(1, 20, 300)).toBe(321);
});

it('talks both ways', async () => {
  expect(await reception.chat('a line', 'another')).toEqual(['A LINE', 'ANOTHER']);
});

it('gets the exception that the handler throws, with its details', async () => {
  const error = await failure(firstValueFrom(reception.greeter.sayHello({ name: '' })));
  expect(error).toMatchObject({ code: TtrpcStatus.INVALID_ARGUMENT, message: 'nobody to greet' });
  const [detail] = error.details;
  if (detail === undefined) throw new Error('no detail');
  expect(reception.unpack(detail).fieldViolations[0]?.field).toBe('name');
});

it('ends at the deadline', async () => {
  const ticks = reception.greeterAsync.countdown({ from: 1, intervalMs: 60_000 }, { timeoutMs: 200 });
  const all = async (): Promise<void> => {
    for await (const { left } of ticks) expect(left).toBe(1);
  };
  expect((await failure(all())).code).toBe(TtrpcStatus.DEADLINE_EXCEEDED);
});

it('gives its place to a provider of a test', async () => {
  const module = await Test.createTestingModule({ imports: [ClientModule.register(url)] })
    .overrideProvider(getTtrpcServiceToken(CLIENT, GREETER))
    .useValue({ sayHello: () => of({ message: 'from the test' }) })
    .compile();
  expect(await module.get(Reception).greet('Ada', 'Hello')).toBe('from the test');
  await module.close();
});

it('has the engine beside Nest', async () => {
  const raw = await connect(url);
  // HelloRequest { name: "Ada" }
  const reply = await raw.call(GREETER, 'SayHello', Buffer.from([0x0a, 3, ...Buffer.from('Ada')]));
  expect(Buffer.from(reply).subarray(2).toString()).toBe('Hello, Ada!');
  raw.close();
});
