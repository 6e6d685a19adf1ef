import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { TtrpcContext, TtrpcException, TtrpcMethod, TtrpcService, TtrpcStatus, type TtrpcStream } from 'nestjs-ttrpc';
import { map, type Observable } from 'rxjs';
import { GREETER, type BadRequest, type HelloReply, type HelloRequest } from '../greeter.js';
import type { CountdownRequest, Line, Part, Tick, Total } from '../greeter.js';

const GREETINGS = new Map([
  ['en', 'Hello'],
  ['fr', 'Bonjour'],
  ['de', 'Guten Tag'],
]);

/** Serves demo.v1.Greeter. */
@TtrpcService(GREETER)
export class GreeterController {
  readonly #logger = new Logger('Greeter');

  @TtrpcMethod()
  sayHello({ name }: HelloRequest, context: TtrpcContext): HelloReply {
    const language = context.metadata.get('language') ?? 'en';
    this.#logger.log(`SayHello in the language "${language}"`);
    if (name === '') {
      const badRequest: BadRequest = { fieldViolations: [{ field: 'name', description: 'must not be empty' }] };
      throw new TtrpcException(TtrpcStatus.INVALID_ARGUMENT, 'nobody to greet', [
        context.pack('demo.v1.BadRequest', badRequest),
      ]);
    }
    return { message: `${GREETINGS.get(language) ?? 'Hello'}, ${name}!` };
  }

  @TtrpcMethod()
  async *countdown({ from, intervalMs }: CountdownRequest, context: TtrpcContext): AsyncIterable<Tick> {
    const { signal } = context;
    this.#logger.log(`Countdown, a tick each ${intervalMs} ms`);
    signal.addEventListener('abort', () => this.#logger.log(`Countdown stops: ${String(signal.reason)}`));
    for (let left = from; left > 0; left--) {
      yield { left };
      await sleep(intervalMs, undefined, { signal });
    }
    yield { left: 0 };
  }

  @TtrpcMethod()
  async sum(parts: TtrpcStream<Part>): Promise<Total> {
    this.#logger.log('Sum begins');
    const total: Total = { sum: 0, count: 0 };
    for await (const { number } of parts) {
      total.sum += number;
      total.count++;
    }
    this.#logger.log('Sum has seen the end of the parts');
    return total;
  }

  @TtrpcMethod()
  chat(lines: TtrpcStream<Line>): Observable<Line> {
    this.#logger.log('Chat begins');
    return lines.pipe(map(({ text }) => ({ text: `You said: ${text}` })));
  }
}
