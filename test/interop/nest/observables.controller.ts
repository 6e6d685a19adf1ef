import { concat, concatMap, defer, EMPTY, finalize, from, ignoreElements, map, of, range, tap, timer } from 'rxjs';
import type { Observable } from 'rxjs';
import { TtrpcContext, TtrpcMethod, TtrpcService, type TtrpcStream } from 'nestjs-ttrpc';
import { InteropCall, replyBody } from './interop-call.js';
import { Journal } from './journal.js';
import type { ReplyMessage, RequestMessage } from './messages.js';

/** interop.v1.Interop with Observables only: a call that is over is unsubscribed. */
@TtrpcService('interop.v1.Interop')
export class ObservablesController {
  constructor(private readonly journal: Journal) {}

  @TtrpcMethod()
  unary(request: RequestMessage, context: TtrpcContext): Observable<Partial<ReplyMessage>> {
    return this.#tracked(context, (call) => {
      call.begin(request);
      return after(request.delayMs, () => {
        call.take(request);
        call.failIfDue(true);
        return of(call.summary(replyBody(request)));
      });
    });
  }

  @TtrpcMethod()
  serverStream(request: RequestMessage, context: TtrpcContext): Observable<Partial<ReplyMessage>> {
    return this.#tracked(context, (call) => {
      call.begin(request);
      call.take(request);
      const replies = range(0, request.replyCount).pipe(
        concatMap((seq) => after(request.delayMs, () => of(call.replyOf(request, seq)))),
        concatMap((reply) =>
          concat(
            of(reply),
            run(() => call.handled()),
          ),
        ),
      );
      return concat(
        replies,
        run(() => call.failIfDue(true)),
      );
    });
  }

  @TtrpcMethod()
  clientStream(requests: TtrpcStream<RequestMessage>, context: TtrpcContext): Observable<Partial<ReplyMessage>> {
    return this.#tracked(context, (call) =>
      concat(
        requests.pipe(
          concatMap((request) => {
            call.begin(request);
            return after(request.delayMs, () => {
              call.take(request);
              call.handled();
              return EMPTY;
            });
          }),
        ),
        defer(() => {
          call.failIfDue(true);
          return of(call.summary());
        }),
      ),
    );
  }

  @TtrpcMethod()
  bidi(requests: TtrpcStream<RequestMessage>, context: TtrpcContext): Observable<Partial<ReplyMessage>> {
    return this.#tracked(context, (call) =>
      concat(
        requests.pipe(
          concatMap((request) => {
            call.begin(request);
            return after(request.delayMs, () => {
              call.take(request);
              return concat(
                from(call.repliesTo(request)),
                run(() => call.handled()),
              );
            });
          }),
        ),
        run(() => call.failIfDue(true)),
      ),
    );
  }

  @TtrpcMethod()
  nothing(): Observable<object> {
    return of({});
  }

  @TtrpcMethod()
  nothingServerStream(): Observable<object> {
    return of({}, {}, {});
  }

  @TtrpcMethod()
  nothingClientStream(requests: TtrpcStream<object>): Observable<object> {
    return concat(requests.pipe(ignoreElements()), of({}));
  }

  @TtrpcMethod()
  nothingStream(requests: TtrpcStream<object>): Observable<object> {
    return requests.pipe(map(() => ({})));
  }

  #tracked(
    context: TtrpcContext,
    handle: (call: InteropCall) => Observable<Partial<ReplyMessage>>,
  ): Observable<Partial<ReplyMessage>> {
    return defer(() => {
      const call = new InteropCall(this.journal, context);
      return defer(() => handle(call)).pipe(
        tap({ error: (error: unknown) => call.end(error), complete: () => call.end() }),
        finalize(() => call.end()),
      );
    });
  }
}

/** `make`, at once or after so many ms. */
function after(ms: number, make: () => Observable<Partial<ReplyMessage>>): Observable<Partial<ReplyMessage>> {
  return ms > 0 ? timer(ms).pipe(concatMap(make)) : defer(make);
}

/** Does something at its turn and gives no value. */
function run(action: () => void): Observable<never> {
  return defer(() => {
    action();
    return EMPTY;
  });
}
