import { concatMap, defer, finalize, from, map, of, reduce, tap, type Observable } from 'rxjs';
import { TtrpcContext, TtrpcMethod, TtrpcService, type TtrpcStream } from 'nestjs-ttrpc';
import { Journal, JournalEntry } from './journal.js';
import {
  Answers,
  payloadSize,
  type InputRequest,
  type InputResponse,
  type OutputRequest,
  type PayloadResponse,
  type SimpleRequest,
} from './test-service.js';

/** grpc.testing.TestService with Observables only: a call that is over is unsubscribed. */
@TtrpcService('grpc.testing.TestService')
export class ObservablesTestService {
  constructor(private readonly journal: Journal) {}

  @TtrpcMethod()
  emptyCall(_request: object, context: TtrpcContext): Observable<object> {
    return this.#tracked(context, () => of({}));
  }

  @TtrpcMethod()
  unaryCall(request: SimpleRequest, context: TtrpcContext): Observable<PayloadResponse> {
    return this.#tracked(context, (answers) => of(answers.toSimple(request)));
  }

  @TtrpcMethod()
  streamingInputCall(requests: TtrpcStream<InputRequest>, context: TtrpcContext): Observable<InputResponse> {
    return this.#tracked(context, () =>
      requests.pipe(
        reduce((sum, request) => sum + payloadSize(request), 0),
        map((aggregatedPayloadSize) => ({ aggregatedPayloadSize })),
      ),
    );
  }

  @TtrpcMethod()
  streamingOutputCall(request: OutputRequest, context: TtrpcContext): Observable<PayloadResponse> {
    return this.#tracked(context, (answers) => from(answers.to(request)));
  }

  @TtrpcMethod()
  fullDuplexCall(requests: TtrpcStream<OutputRequest>, context: TtrpcContext): Observable<PayloadResponse> {
    return this.#tracked(context, (answers) => requests.pipe(concatMap((request) => from(answers.to(request)))));
  }

  #tracked<T>(context: TtrpcContext, handle: (answers: Answers) => Observable<T>): Observable<T> {
    return defer(() => {
      const entry = new JournalEntry(this.journal, context);
      entry.begin();
      return defer(() => handle(new Answers(context))).pipe(
        tap({ error: (error: unknown) => entry.end(error), complete: () => entry.end() }),
        finalize(() => entry.end()),
      );
    });
  }
}
