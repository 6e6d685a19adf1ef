import { TtrpcContext, TtrpcMethod, TtrpcService, type TtrpcStream } from 'nestjs-ttrpc';
import { InteropCall, replyBody } from './interop-call.js';
import { Journal } from './journal.js';
import type { ReplyMessage, RequestMessage } from './messages.js';

/** interop.v1.Interop with Promises and AsyncIterables. */
@TtrpcService('interop.v1.Interop')
export class IterablesController {
  constructor(private readonly journal: Journal) {}

  @TtrpcMethod()
  unary(request: RequestMessage, context: TtrpcContext): Promise<Partial<ReplyMessage>> {
    return this.#tracked(context, async (call) => {
      call.begin(request);
      if (request.delayMs > 0) await call.wait(request.delayMs);
      call.take(request);
      call.failIfDue(true);
      return call.summary(replyBody(request));
    });
  }

  @TtrpcMethod()
  serverStream(request: RequestMessage, context: TtrpcContext): AsyncIterable<Partial<ReplyMessage>> {
    return this.#trackedStream(context, async function* (call) {
      call.begin(request);
      call.take(request);
      for (let seq = 0; seq < request.replyCount; seq++) {
        if (request.delayMs > 0) await call.wait(request.delayMs);
        yield call.replyOf(request, seq);
        call.handled();
      }
      call.failIfDue(true);
    });
  }

  @TtrpcMethod()
  clientStream(requests: TtrpcStream<RequestMessage>, context: TtrpcContext): Promise<Partial<ReplyMessage>> {
    return this.#tracked(context, async (call) => {
      for await (const request of requests) {
        call.begin(request);
        if (request.delayMs > 0) await call.wait(request.delayMs);
        call.take(request);
        call.handled();
      }
      call.failIfDue(true);
      return call.summary();
    });
  }

  @TtrpcMethod()
  bidi(requests: TtrpcStream<RequestMessage>, context: TtrpcContext): AsyncIterable<Partial<ReplyMessage>> {
    return this.#trackedStream(context, async function* (call) {
      for await (const request of requests) {
        call.begin(request);
        if (request.delayMs > 0) await call.wait(request.delayMs);
        call.take(request);
        yield* call.repliesTo(request);
        call.handled();
      }
      call.failIfDue(true);
    });
  }

  @TtrpcMethod()
  nothing(): Promise<object> {
    return Promise.resolve({});
  }

  @TtrpcMethod()
  async *nothingServerStream(): AsyncGenerator<object> {
    for (let index = 0; index < 3; index++) yield await Promise.resolve({});
  }

  @TtrpcMethod()
  async nothingClientStream(requests: TtrpcStream<object>): Promise<object> {
    for await (const request of requests) void request;
    return {};
  }

  @TtrpcMethod()
  async *nothingStream(requests: TtrpcStream<object>): AsyncGenerator<object> {
    for await (const request of requests) {
      void request;
      yield {};
    }
  }

  async #tracked(
    context: TtrpcContext,
    handle: (call: InteropCall) => Promise<Partial<ReplyMessage>>,
  ): Promise<Partial<ReplyMessage>> {
    const call = new InteropCall(this.journal, context);
    try {
      const reply = await handle(call);
      call.end();
      return reply;
    } catch (error) {
      call.end(error);
      throw error;
    }
  }

  async *#trackedStream(
    context: TtrpcContext,
    handle: (call: InteropCall) => AsyncIterable<Partial<ReplyMessage>>,
  ): AsyncGenerator<Partial<ReplyMessage>> {
    const call = new InteropCall(this.journal, context);
    try {
      yield* handle(call);
    } catch (error) {
      call.end(error);
      throw error;
    } finally {
      call.end();
    }
  }
}
