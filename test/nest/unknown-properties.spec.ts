import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Logger, type INestMicroservice } from '@nestjs/common';
import { TtrpcClient, TtrpcMethod, TtrpcServer, TtrpcService, TtrpcStatus, type UnknownProperties } from 'nestjs-ttrpc';
import { fileURLToPath } from 'node:url';
import { createLabApp } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';

const protoPath = fileURLToPath(new URL('./lab.proto', import.meta.url));
const SERVICE = 'lab.v1.Lab';

interface Lab {
  ask(question: object): Promise<{ text: string; number?: number }>;
}

@TtrpcService(SERVICE)
class LabController {
  @TtrpcMethod()
  ask({ text, number }: { text: string; number?: number }): object {
    if (text === 'wrong') return { number: 'many' };
    return { text, number, Text: 'lost' };
  }
}

let folder: TempFolder;
let app: INestMicroservice | undefined;
let client: TtrpcClient | undefined;
let warnings: string[];

beforeEach(() => {
  folder = new TempFolder();
  warnings = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation(function (this: Logger, line: unknown) {
    warnings.push(`${(this as unknown as { context: string }).context}: ${String(line)}`);
  });
});

afterEach(async () => {
  await client?.close();
  await app?.close();
  client = app = undefined;
  folder.remove();
  jest.restoreAllMocks();
});

async function start(server?: UnknownProperties, caller?: UnknownProperties): Promise<Lab> {
  const schema = (unknownProperties: UnknownProperties | undefined): object =>
    unknownProperties === undefined ? { protoPath } : { protoPath, unknownProperties };
  app = await createLabApp(new TtrpcServer({ url: folder.url(), ...schema(server) }), { controllers: [LabController] });
  await app.listen();
  client = new TtrpcClient({ url: folder.url(), ...schema(caller) });
  return client.getAsyncService<Lab>(SERVICE);
}

const lost = (): string[] => warnings.filter((line) => line.includes('has no field'));

it("'warn', the default: one line at the server and one at the client, however many calls", async () => {
  const lab = await start();
  for (let i = 0; i < 5; i += 1) {
    expect(await lab.ask({ text: 'a', txet: 'b' })).toMatchObject({ text: 'a' });
  }
  expect(lost()).toEqual([
    'TtrpcClient: lab.v1.Question has no field "txet": the property is not sent ' +
      "(in a request of lab.v1.Lab/Ask). Did you mean 'text'?",
    'TtrpcServer: lab.v1.Answer has no field "Text": the property is not sent ' +
      "(in a response of lab.v1.Lab/Ask). Did you mean 'text'?",
  ]);
});

it("'error': the call is refused where the property is", async () => {
  const lab = await start('ignore', 'error');
  await expect(lab.ask({ text: 'a', txet: 'b' })).rejects.toMatchObject({
    code: TtrpcStatus.INVALID_ARGUMENT,
    message: expect.stringMatching(/lab\.v1\.Question: txet: expected a field .* Did you mean 'text'\?/),
  });
  expect(await lab.ask({ text: 'a' })).toMatchObject({ text: 'a' });
  expect(lost()).toEqual([]);
});

it("'error' at the server: the caller gets a status, the server's log says why", async () => {
  const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  const lab = await start('error', 'ignore');
  await expect(lab.ask({ text: 'a' })).rejects.toMatchObject({ code: TtrpcStatus.INTERNAL });
  expect(errors.mock.calls.map(([line]) => String(line)).join('\n')).toContain('lab.v1.Answer: Text: expected a field');
});

it('a value of the wrong kind is refused on both sides, whatever is done about unknown properties', async () => {
  jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  const lab = await start('ignore', 'ignore');
  await expect(lab.ask({ text: 5 })).rejects.toMatchObject({
    code: TtrpcStatus.INVALID_ARGUMENT,
    message: expect.stringContaining('lab.v1.Question: text: expected a string, got number 5'),
  });
  await expect(lab.ask({ text: 'wrong' })).rejects.toMatchObject({ code: TtrpcStatus.INTERNAL });
});
