import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { Inject, Injectable } from '@nestjs/common';
import { InjectTtrpcService, TtrpcClient, TtrpcException, TtrpcStatus } from 'nestjs-ttrpc';
import { firstValueFrom, Subject, tap, toArray } from 'rxjs';
import {
  GREETER,
  type BadRequest,
  type GreeterAsyncClient,
  type GreeterClient,
  type Part,
  type Tick,
} from '../greeter.js';
import { heading, received, sent } from './print.js';

/**
 * Calls each rpc, shows what goes and what comes, and checks it. Two proxies of one client are used side by side: one
 * gives Observables, as Nest's gRPC client does, the other promises and AsyncIterables.
 */
@Injectable()
export class Tour {
  constructor(
    @InjectTtrpcService('GREETER_CLIENT', GREETER) private readonly greeter: GreeterClient,
    @InjectTtrpcService('GREETER_CLIENT', GREETER, { async: true }) private readonly greeterAsync: GreeterAsyncClient,
    @Inject('GREETER_CLIENT') private readonly client: TtrpcClient,
  ) {}

  async run(): Promise<void> {
    await this.unary();
    await this.serverStreaming();
    await this.clientStreaming();
    await this.bidi();
    await this.typedError();
    await this.deadline();
  }

  private async unary(): Promise<void> {
    heading('1. SayHello, unary: one request, one answer. Metadata travels with it.');
    const request = { name: 'Ada' };
    sent(request, '(metadata: language = fr)');
    const reply = await firstValueFrom(this.greeter.sayHello(request, { metadata: { language: 'fr' } }));
    received(reply);
    strictEqual(reply.message, 'Bonjour, Ada!');
  }

  private async serverStreaming(): Promise<void> {
    heading('2. Countdown, server-streaming: one request, many answers, read by `for await`.');
    const request = { from: 3, intervalMs: 20 };
    sent(request);
    const ticks: number[] = [];
    for await (const tick of this.greeterAsync.countdown(request)) {
      received(tick);
      ticks.push(tick.left);
    }
    received('end of the stream');
    deepStrictEqual(ticks, [3, 2, 1, 0]);
  }

  private async clientStreaming(): Promise<void> {
    heading('3. Sum, client-streaming: many requests from an async generator, one answer.');
    async function* parts(): AsyncIterable<Part> {
      for (const number of [1, 20, 300]) {
        sent({ number });
        yield { number };
      }
    }
    const total = await this.greeterAsync.sum(parts());
    received(total);
    strictEqual(total.sum, 321);
    strictEqual(total.count, 3);
  }

  private async bidi(): Promise<void> {
    heading(
      '4. Chat, bidi: requests and answers at the same time, as Observables. Each answer leads to the next line.',
    );
    const toSay = ['Hello?', 'Is this ttrpc?', 'Goodbye.'];
    const lines = new Subject<{ text: string }>();
    const say = (): void => {
      const text = toSay.shift();
      if (text === undefined) {
        lines.complete();
        return;
      }
      sent({ text });
      lines.next({ text });
    };
    const answers = firstValueFrom(
      this.greeter.chat(lines).pipe(
        tap((line) => {
          received(line);
          say();
        }),
        toArray(),
      ),
    );
    say();
    const texts = (await answers).map(({ text }) => text);
    received('end of the stream');
    deepStrictEqual(texts, ['You said: Hello?', 'You said: Is this ttrpc?', 'You said: Goodbye.']);
  }

  private async typedError(): Promise<void> {
    heading('5. SayHello without a name: a status code with a message of its own as detail.');
    const request = { name: '' };
    sent(request);
    const error = await failure(this.greeterAsync.sayHello(request));
    received(`${TtrpcStatus[error.code]}: ${error.message}`);
    const [detail] = error.details;
    ok(detail, 'the error has no detail');
    const badRequest = this.client.unpack(detail) as BadRequest;
    received(`detail ${detail.typeUrl}: ${JSON.stringify(badRequest)}`);
    strictEqual(error.code, TtrpcStatus.INVALID_ARGUMENT);
    strictEqual(badRequest.fieldViolations[0]?.field, 'name');
  }

  private async deadline(): Promise<void> {
    heading('6. Countdown with a deadline: the call ends in time on both sides, whatever the server does.');
    const request = { from: 3, intervalMs: 60_000 };
    sent(request, '(timeoutMs: 300)');
    const error = await failure(this.showTicks(this.greeterAsync.countdown(request, { timeoutMs: 300 })));
    received(`${TtrpcStatus[error.code]}: ${error.message}`);
    strictEqual(error.code, TtrpcStatus.DEADLINE_EXCEEDED);
  }

  private async showTicks(ticks: AsyncIterable<Tick>): Promise<void> {
    for await (const tick of ticks) received(tick);
  }
}

/** The exception with which a call fails. Rejects when it does not fail, or with another error. */
async function failure(call: Promise<unknown>): Promise<TtrpcException> {
  try {
    await call;
  } catch (error) {
    if (error instanceof TtrpcException) return error;
    throw error;
  }
  throw new Error('the call should have failed');
}
