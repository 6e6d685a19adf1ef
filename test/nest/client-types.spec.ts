import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lastValueFrom, of, type Observable } from 'rxjs';
import type { AsyncService, ObservableService } from '../../src/client/index.js';
import type { MessageCodec } from '../../src/protocol/index.js';
import { loadSchema, type MethodDescriptor, type ServiceDescriptor } from '../../src/schema/index.js';
import { CLIENT_PROTO, ClientLab } from '../support/client-lab.js';

// What generated code looks like: messages as types, methods with their shapes.
interface Question {
  text?: string;
  number?: number;
}
interface Answer {
  text: string;
  number: number;
}
type Method<Shape> = MethodDescriptor<Question, Answer> & { readonly shape: Shape };
type LabMethods = {
  Ask: Method<'unary'>;
  Count: Method<'server-streaming'>;
  Sum: Method<'client-streaming'>;
  Chat: Method<'bidi'>;
};

/** True where two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function holds<_Proof extends true>(): void {
  // It does its work in the compiler.
}

const descriptor = loadSchema({ protoPath: CLIENT_PROTO }).resolve('client.v1.Lab') as ServiceDescriptor<LabMethods>;

let lab: ClientLab;
beforeEach(async () => {
  lab = new ClientLab();
  await lab.start();
});
afterEach(() => lab.close());

describe('a ServiceDescriptor', () => {
  it('types the Observable proxy', async () => {
    const proxy = lab.client().getService(descriptor);
    holds<Same<typeof proxy, ObservableService<LabMethods>>>();
    holds<Same<ReturnType<typeof proxy.ask>, Observable<Answer>>>();
    holds<Same<ReturnType<typeof proxy.Chat>, Observable<Answer>>>();
    const { number } = await lastValueFrom(proxy.ask({ number: 1 }));
    expect(number).toBe(2);
    expect((await lastValueFrom(proxy.sum(of({ number: 1 })))).number).toBe(1);
    const wrong = (): void => {
      // @ts-expect-error the field is `number`
      proxy.ask({ numbre: 1 });
      // @ts-expect-error its type is number
      proxy.ask({ number: '1' });
      // @ts-expect-error no such rpc
      void proxy.aks;
      // @ts-expect-error a stream is expected
      proxy.sum({ number: 1 });
      // @ts-expect-error a stream of questions is expected
      proxy.sum(of({ number: '1' }));
      // @ts-expect-error one message is expected
      proxy.count(of({ number: 1 }));
      // @ts-expect-error no such option
      proxy.ask({}, { timeout: 1 });
      // @ts-expect-error a proxy is frozen
      proxy.ask = proxy.Ask;
    };
    expect(wrong).toBeInstanceOf(Function);
  });

  it('types the async proxy', async () => {
    const proxy = lab.client().getAsyncService(descriptor);
    holds<Same<typeof proxy, AsyncService<LabMethods>>>();
    holds<Same<ReturnType<typeof proxy.ask>, Promise<Answer>>>();
    holds<Same<ReturnType<typeof proxy.sum>, Promise<Answer>>>();
    holds<Same<ReturnType<typeof proxy.count>, AsyncIterableIterator<Answer, undefined>>>();
    expect((await proxy.ask({ number: 1 })).number).toBe(2);
    const numbers: number[] = [];
    for await (const { number } of proxy.count({ number: 2 })) numbers.push(number);
    expect(numbers).toEqual([0, 1]);
    const wrong = (): void => {
      // @ts-expect-error the field is `number`
      void proxy.ask({ numbre: 1 });
      // @ts-expect-error answers have no such field
      void proxy.ask({}).then((answer) => void answer.numbre);
      // @ts-expect-error a stream is expected
      proxy.chat({ text: 'a' });
    };
    expect(wrong).toBeInstanceOf(Function);
  });

  it('without the shapes takes and gives either', () => {
    type Loose = { Ask: MethodDescriptor<Question, Answer> };
    holds<Same<ReturnType<AsyncService<Loose>['ask']>, Promise<Answer> | AsyncIterableIterator<Answer, undefined>>>();
    holds<Same<ReturnType<ObservableService<Loose>['ask']>, Observable<Answer>>>();
    expect(descriptor.name).toBe('client.v1.Lab');
  });

  it('has no names that are traps', () => {
    type Traps = { then: Method<'unary'>; OnModuleInit: Method<'unary'> };
    holds<Same<keyof ObservableService<Traps>, 'Then' | 'OnModuleInit'>>();
    expect(Object.keys(lab.client().getService(descriptor))).not.toContain('then');
  });

  it('need not be in the schema of the client', async () => {
    const codec: MessageCodec<string> = {
      typeName: 'client.v1.Question',
      encode: (value) => Buffer.from([10, value.length, ...Buffer.from(value)]),
      decode: (bytes) => Buffer.from(bytes.subarray(2, 2 + (bytes[1] ?? 0))).toString(),
    };
    const text = { name: 'Ask', shape: 'unary', request: codec, response: codec } as const;
    const client = lab.client({ protoPath: undefined, descriptors: [descriptor] });
    const proxy = client.getAsyncService({ name: 'client.v1.Lab', methods: { Ask: text } });
    const answer: string = await proxy.ask('me');
    expect(answer).toBe('you said me');
  });

  it('leaves a named service to what the caller says', () => {
    interface Mine {
      ask(request: Question): Observable<Answer>;
    }
    const client = lab.client();
    const proxy = client.getService<Mine>('client.v1.Lab');
    holds<Same<typeof proxy, Mine>>();
    expect(proxy).toBe(client.getService('Lab'));
  });
});
