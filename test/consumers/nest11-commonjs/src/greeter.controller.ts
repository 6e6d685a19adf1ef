import { setTimeout as sleep } from 'node:timers/promises';
import { TtrpcContext, TtrpcException, TtrpcMethod, TtrpcService, TtrpcStatus, type TtrpcStream } from 'nestjs-ttrpc';
import { map, type Observable } from 'rxjs';
import { GREETER, type Line, type Part, type Tick, type Total } from './greeter';

@TtrpcService(GREETER)
export class GreeterController {
  @TtrpcMethod()
  sayHello({ name }: { name: string }, context: TtrpcContext): { message: string } {
    if (name === '') {
      const detail = context.pack('demo.v1.BadRequest', {
        fieldViolations: [{ field: 'name', description: 'must not be empty' }],
      });
      throw new TtrpcException(TtrpcStatus.INVALID_ARGUMENT, 'nobody to greet', [detail]);
    }
    return { message: `${context.metadata.get('greeting') ?? 'Hello'}, ${name}!` };
  }

  @TtrpcMethod('Countdown')
  async *count({ from, intervalMs }: { from: number; intervalMs: number }, context: TtrpcContext): AsyncIterable<Tick> {
    for (let left = from; left >= 0; left--) {
      yield { left };
      if (left > 0) await sleep(intervalMs, undefined, { signal: context.signal });
    }
  }

  @TtrpcMethod()
  async sum(parts: TtrpcStream<Part>): Promise<Total> {
    const total = { sum: 0, count: 0 };
    for await (const { number } of parts) {
      total.sum += number;
      total.count++;
    }
    return total;
  }

  @TtrpcMethod()
  chat(lines: TtrpcStream<Line>): Observable<Line> {
    return lines.pipe(map(({ text }) => ({ text: text.toUpperCase() })));
  }
}
