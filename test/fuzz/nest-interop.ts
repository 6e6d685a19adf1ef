import { Inject } from '@nestjs/common';
import { TtrpcContext, TtrpcMethod, TtrpcService, type TtrpcStream } from 'nestjs-ttrpc';
import { concatMap, defer, finalize, from, map, mergeMap, of, range, type Observable } from 'rxjs';
import {
  fail,
  MAX_REPLIES,
  replyTo,
  wait,
  type HandlerObserver,
  type HandlerRun,
  type RequestMessage,
} from './service.js';

/** The token of the {@link HandlerObserver}. */
export const OBSERVER = Symbol('observer of the handlers');

/** interop.v1.Interop for the fuzzer as a Nest controller, with handlers of each kind. */
@TtrpcService('interop.v1.Interop')
export class NestInterop {
  constructor(@Inject(OBSERVER) private readonly observer: HandlerObserver) {}

  @TtrpcMethod()
  async unary(request: RequestMessage, context: TtrpcContext): Promise<object> {
    return this.#one(context, async (run) => {
      this.observer.decoded(context, true);
      await wait(request, context, run);
      fail(request);
      return replyTo(request);
    });
  }

  @TtrpcMethod()
  serverStream(request: RequestMessage, context: TtrpcContext): Observable<object> {
    return this.#many(context, (run) => {
      this.observer.decoded(context, true);
      return from(wait(request, context, run)).pipe(
        mergeMap(() => range(0, Math.min(request.replyCount, MAX_REPLIES))),
        map((n) => {
          if (n === 2) fail(request);
          return replyTo(request);
        }),
      );
    });
  }

  @TtrpcMethod()
  async clientStream(requests: TtrpcStream<RequestMessage>, context: TtrpcContext): Promise<object> {
    return this.#one(context, async (run) => {
      let count = 0;
      for await (const request of requests) {
        this.observer.decoded(context, true);
        await wait(request, context, run);
        fail(request);
        count++;
      }
      return { count };
    });
  }

  @TtrpcMethod()
  bidi(requests: TtrpcStream<RequestMessage>, context: TtrpcContext): Observable<object> {
    return this.#many(context, (run) =>
      requests.pipe(
        concatMap(async (request) => {
          this.observer.decoded(context, true);
          await wait(request, context, run);
          fail(request);
          return request;
        }),
        // All at once: an Observable cannot be held back.
        mergeMap((request) => {
          const count = Math.min(Math.max(1, request.replyCount), MAX_REPLIES);
          return range(0, count).pipe(map(() => replyTo(request)));
        }),
      ),
    );
  }

  @TtrpcMethod()
  nothing(): object {
    return {};
  }

  @TtrpcMethod()
  nothingServerStream(): Observable<object> {
    return of({}, {}, {});
  }

  @TtrpcMethod()
  async nothingClientStream(messages: TtrpcStream<object>): Promise<object> {
    for await (const _ of messages);
    return {};
  }

  @TtrpcMethod()
  async *nothingStream(messages: TtrpcStream<object>): AsyncGenerator<object> {
    for await (const _ of messages) yield {};
  }

  /** A run begins when somebody subscribes. */
  #many(context: TtrpcContext, handle: (run: HandlerRun) => Observable<object>): Observable<object> {
    return defer(() => {
      const run = this.observer.entered(context);
      return handle(run).pipe(finalize(() => run.left()));
    });
  }

  async #one(context: TtrpcContext, handle: (run: HandlerRun) => Promise<object>): Promise<object> {
    const run = this.observer.entered(context);
    try {
      return await handle(run);
    } finally {
      run.left();
    }
  }
}
