import { describe, expect, it } from '@jest/globals';
import {
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { TtrpcMethod, TtrpcService, type TtrpcStream } from 'nestjs-ttrpc';
import { Subject, type Observable } from 'rxjs';
import { bytes, SEAM, SeamLab, text } from './lab.js';

const lab = new SeamLab();

describe("the handler's return", () => {
  @Injectable()
  class Late implements NestInterceptor {
    async intercept(_context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      await new Promise((resolve) => setImmediate(resolve));
      return next.handle();
    }
  }

  it('is seen in `apply`, by which Nest calls a handler', async () => {
    @TtrpcService(SEAM)
    class Chatting {
      @UseInterceptors(Late)
      @TtrpcMethod()
      chat(lines: TtrpcStream<Uint8Array>): Observable<Uint8Array> {
        const responses = new Subject<Uint8Array>();
        lines.subscribe(responses);
        return responses;
      }
    }
    const handler = Chatting.prototype as unknown as Record<'chat', { apply: (...args: unknown[]) => unknown }>;
    const { apply } = handler.chat;
    let applied = 0;
    handler.chat.apply = (...args) => {
      applied++;
      return apply(...args);
    };
    await lab.start(Chatting);
    const client = await lab.client();
    const stream = client.stream(SEAM.name, 'Chat', 'bidi');
    for (const line of ['a', 'b', 'c']) await stream.send(bytes(line));
    stream.closeSend();
    const received: string[] = [];
    for await (const line of stream) received.push(text(line));
    expect(received).toEqual(['a', 'b', 'c']);
    expect(applied).toBe(1);
  });
});
