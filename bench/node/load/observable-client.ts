import { firstValueFrom, Subject, type Observable } from 'rxjs';
import type { DownloadRequest, Echo, Order, UploadReply } from '../messages.js';
import type { BenchClient, CallExtras } from './bench-client.js';

/** The proxy that both Nest gRPC clients and ours give: cold Observables. `Options` is what stands behind the message. */
export interface ObservableBench<Options> {
  unary(message: Echo, options?: Options): Observable<Echo>;
  guarded(message: Echo, options?: Options): Observable<Echo>;
  place(order: Order, options?: Options): Observable<Order>;
  download(request: DownloadRequest): Observable<Echo>;
  upload(messages: Observable<Echo> | AsyncIterable<Echo>): Observable<UploadReply>;
  chat(messages: Observable<Echo>): Observable<Echo>;
}

/** What differs between the two. */
export interface ObservableFlavour<Options> {
  options(extras: CallExtras): Options | undefined;
  /** How the library likes to be fed. */
  feed(messages: Iterable<Echo>): Observable<Echo> | AsyncIterable<Echo>;
  close(): void | Promise<void>;
}

/** A driver's client from such a proxy. */
export function observableClient<Options>(
  bench: ObservableBench<Options>,
  flavour: ObservableFlavour<Options>,
): BenchClient {
  return {
    unary: (rpc, message, extras) =>
      firstValueFrom(
        rpc === 'Unary'
          ? bench.unary(message, flavour.options(extras))
          : bench.guarded(message, flavour.options(extras)),
      ),
    place: (order, extras) => firstValueFrom(bench.place(order, flavour.options(extras))),
    download: (request, onMessage) => consume(bench.download(request), onMessage),
    upload: (messages) => firstValueFrom(bench.upload(flavour.feed(messages))),
    chat(onMessage) {
      const messages = new Subject<Echo>();
      const done = consume(bench.chat(messages), onMessage);
      return { send: (message) => messages.next(message), end: () => messages.complete(), done };
    },
    close: () => flavour.close(),
  };
}

function consume(messages: Observable<Echo>, onMessage: (message: Echo) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    messages.subscribe({
      next: (message) => {
        try {
          onMessage(message);
        } catch (error) {
          reject(error);
        }
      },
      error: reject,
      complete: resolve,
    });
  });
}
