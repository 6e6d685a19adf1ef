import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  connect,
  implement,
  serve,
  TtrpcError,
  type RawClient,
  type RawContext,
  type RawServer,
} from 'nestjs-ttrpc/protocol';
import { loadServices } from 'nestjs-ttrpc/schema';
import { fromProtobufEs } from 'nestjs-ttrpc/protobuf-es';
import * as es from '../schema/generated/protobuf-es/library_pb.js';
import { TempFolder } from '../../support/temp-folder.js';

const services = loadServices({ protoPath: fileURLToPath(new URL('../../nest/lab.proto', import.meta.url)) });
const Lab = services.get('lab.v1.Lab');

interface Message {
  text?: string;
  number?: number;
}

/** A schema that is read at run time has no types; these are ours. */
interface LabClient {
  ask(request: Message, options?: object): Promise<Message>;
  Ask(request: Message): Promise<Message>;
  forget(request: object): Promise<object>;
  sum(requests: Iterable<Message> | AsyncIterable<Message>): Promise<Message>;
  count(request: Message): AsyncIterableIterator<Message, undefined>;
  chat(requests: AsyncIterable<Message>): AsyncIterableIterator<Message, undefined>;
}

class Handlers {
  readonly factor = 2;
  seen: RawContext | undefined;

  ask({ text }: Message, context: RawContext): Message {
    this.seen = context;
    if (text === 'refused') throw new TtrpcError(7, 'not you');
    if (text === 'broken') throw new Error('secret');
    if (text === 'nothing') return undefined as unknown as Message;
    return { text: `${text}!`, number: this.factor };
  }

  async Sum(parts: AsyncIterable<Message>): Promise<Message> {
    let number = 0;
    for await (const part of parts) number += part.number ?? 0;
    return { number };
  }

  async *count({ number = 0 }: Message): AsyncIterable<Message> {
    for (let i = 1; i <= number; i++) yield { number: i };
  }

  async *chat(lines: AsyncIterable<Message>): AsyncIterable<Message> {
    for await (const { text } of lines) yield { text: `<${text}>` };
  }

  forget(): void {
    // google.protobuf.Empty.
  }
}

describe('typed services without Nest', () => {
  let folder: TempFolder;
  let server: RawServer;
  let client: RawClient;
  let lab: LabClient;
  let handlers: Handlers;

  beforeEach(async () => {
    folder = new TempFolder();
    handlers = new Handlers();
    server = await serve(folder.url(), [implement(Lab, handlers)]);
    client = await connect(folder.url());
    lab = client.service<LabClient>(Lab);
  });

  afterEach(async () => {
    client.close();
    await server.close();
    folder.remove();
  });

  it('serves and calls all shapes', async () => {
    expect(await lab.ask({ text: 'hi' })).toEqual({ text: 'hi!', number: 2 });
    expect(await lab.Ask({ text: 'hi' })).toEqual({ text: 'hi!', number: 2 });
    expect(await lab.forget({})).toEqual({});
    expect(await lab.sum([{ number: 3 }, { number: 4 }])).toEqual({ number: 7 });
    const counted: Message[] = [];
    for await (const answer of lab.count({ number: 3 })) counted.push(answer);
    expect(counted).toEqual([{ number: 1 }, { number: 2 }, { number: 3 }]);
    const lines = lab.chat(
      (async function* () {
        yield { text: 'a' };
        yield { text: 'b' };
      })(),
    );
    expect(await lines.next()).toEqual({ value: { text: '<a>' }, done: false });
    expect(await lines.next()).toEqual({ value: { text: '<b>' }, done: false });
    expect(await lines.next()).toEqual({ value: undefined, done: true });
  });

  it('hands on metadata and deadlines', async () => {
    await lab.ask({ text: 'x' }, { metadata: { key: 'value' }, timeoutMs: 5000 });
    expect(handlers.seen?.metadata.get('key')).toBe('value');
    expect(handlers.seen?.deadline).toBeDefined();
    expect(handlers.seen?.service).toBe('lab.v1.Lab');
  });

  it('gives each failure its status', async () => {
    await expect(lab.ask({ text: 'refused' })).rejects.toMatchObject({ code: 7, message: 'not you' });
    await expect(lab.ask({ text: 'broken' })).rejects.toMatchObject({ code: 2, message: 'the handler failed' });
    await expect(lab.ask({ text: 'nothing' })).rejects.toMatchObject({
      code: 13,
      message: 'the handler of lab.v1.Lab/Ask gave undefined: expected a lab.v1.Answer',
    });
    await expect(lab.ask({ number: 'many' as unknown as number })).rejects.toMatchObject({ code: 3 });
    await expect(client.call('lab.v1.Lab', 'Ask', Buffer.from([0xff]))).rejects.toMatchObject({ code: 13 });
    await expect(lab.sum(5 as unknown as Message[])).rejects.toThrow('lab.v1.Lab/Sum takes a stream');
  });

  it('answers UNIMPLEMENTED for an rpc without a handler', async () => {
    const other = await serve(folder.url('other.sock'), [implement(Lab, { ask: () => ({}) })]);
    const caller = await connect(folder.url('other.sock'));
    const proxy = caller.service<LabClient>(Lab);
    await expect(proxy.forget({})).rejects.toMatchObject({ code: 12, message: 'method Forget' });
    caller.close();
    await other.close();
  });

  it('is one frozen object for each service', () => {
    expect(client.service(Lab)).toBe(lab);
    expect(Object.isFrozen(lab)).toBe(true);
    expect(Object.keys(lab).sort()).toEqual(
      ['Ask', 'Chat', 'Count', 'Forget', 'Sum', 'ask', 'chat', 'count', 'forget', 'sum'].sort(),
    );
  });

  it('refuses handlers that are wrong', () => {
    expect(() => implement(Lab, { ask: 5 })).toThrow('handler ask of lab.v1.Lab: expected a function, got number 5');
    expect(() => implement(Lab, { aks: () => ({}) })).toThrow(
      'handler aks: lab.v1.Lab has no such rpc; it has Ask, Count, Sum, Chat, Forget',
    );
  });

  it('takes a service without types, and checks the options all the same', async () => {
    const other = await serve(folder.url('untyped.sock'), [
      implement(Lab, {
        ask: ({ text }: Message, context) => ({ text: `${text} in ${context.method}` }),
        async *count({ number = 0 }: Message, { method }) {
          for (let i = 1; i <= number; i++) yield { number: i, text: method };
        },
      }),
    ]);
    const caller = await connect(folder.url('untyped.sock'));
    const { Ask, count } = caller.service(Lab);
    expect(await Ask?.({ text: 'hi' })).toEqual({ text: 'hi in Ask' });
    const counted: unknown[] = [];
    for await (const each of count?.({ number: 2 }) ?? []) counted.push(each);
    expect(counted).toEqual([
      { number: 1, text: 'Count' },
      { number: 2, text: 'Count' },
    ]);
    // @ts-expect-error -- a time is a number
    await expect(Ask?.({ text: 'hi' }, { timeoutMs: 'soon' })).rejects.toThrow('timeoutMs: expected');
    // @ts-expect-error -- our interface has no such rpc
    expect(caller.service<LabClient>(Lab).aks).toBeUndefined();
    caller.close();
    await other.close();
  });

  it('knows the types of generated code', async () => {
    const service = fromProtobufEs(es.Library);
    const library = await serve(folder.url('library.sock'), [
      implement(service, { getBook: ({ isbn }) => ({ title: `about ${isbn}` }) }),
    ]);
    const reader = await connect(folder.url('library.sock'));
    const { title } = await reader.service(service).getBook({ isbn: '5' });
    expect(title.toUpperCase()).toBe('ABOUT 5');
    reader.close();
    await library.close();
    // @ts-expect-error -- a book has no such field
    implement(service, { getBook: () => ({ titel: 5 }) });
    // @ts-expect-error -- nor has the service such an rpc: Did you mean 'getBook'?
    expect(reader.service(service).getBok).toBeUndefined();
    // @ts-expect-error -- nor can it have a handler
    expect(() => implement(service, { burnBook: () => ({}) })).toThrow('no such rpc');
  });
});
