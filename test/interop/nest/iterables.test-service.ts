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

/** grpc.testing.TestService with Promises and AsyncIterables. */
@TtrpcService('grpc.testing.TestService')
export class IterablesTestService {
  constructor(private readonly journal: Journal) {}

  @TtrpcMethod()
  emptyCall(_request: object, context: TtrpcContext): Promise<object> {
    return this.#tracked(context, async () => ({}));
  }

  @TtrpcMethod()
  unaryCall(request: SimpleRequest, context: TtrpcContext): Promise<PayloadResponse> {
    return this.#tracked(context, async (answers) => answers.toSimple(request));
  }

  @TtrpcMethod()
  streamingInputCall(requests: TtrpcStream<InputRequest>, context: TtrpcContext): Promise<InputResponse> {
    return this.#tracked(context, async () => {
      let aggregatedPayloadSize = 0;
      for await (const request of requests) aggregatedPayloadSize += payloadSize(request);
      return { aggregatedPayloadSize };
    });
  }

  @TtrpcMethod()
  streamingOutputCall(request: OutputRequest, context: TtrpcContext): AsyncIterable<PayloadResponse> {
    return this.#trackedStream(context, async function* (answers) {
      yield* answers.to(request);
    });
  }

  @TtrpcMethod()
  fullDuplexCall(requests: TtrpcStream<OutputRequest>, context: TtrpcContext): AsyncIterable<PayloadResponse> {
    return this.#trackedStream(context, async function* (answers) {
      for await (const request of requests) yield* answers.to(request);
    });
  }

  async #tracked<T>(context: TtrpcContext, handle: (answers: Answers) => Promise<T>): Promise<T> {
    const entry = new JournalEntry(this.journal, context);
    entry.begin();
    try {
      const response = await handle(new Answers(context));
      entry.end();
      return response;
    } catch (error) {
      entry.end(error);
      throw error;
    }
  }

  async *#trackedStream(
    context: TtrpcContext,
    handle: (answers: Answers) => AsyncIterable<PayloadResponse>,
  ): AsyncGenerator<PayloadResponse> {
    const entry = new JournalEntry(this.journal, context);
    entry.begin();
    try {
      yield* handle(new Answers(context));
    } catch (error) {
      entry.end(error);
      throw error;
    } finally {
      entry.end();
    }
  }
}
