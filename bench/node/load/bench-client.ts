import type { DownloadRequest, Echo, Order, UploadReply } from '../messages.js';

/** What a call carries beside its message. */
export interface CallExtras {
  metadata?: boolean | undefined;
  deadlineMs?: number | undefined;
}

/** The metadata of a call that carries some. */
export const METADATA: readonly (readonly [string, string])[] = [
  ['request-id', '5f8d0d55b54764421b7156c9'],
  ['tenant', 'north'],
];

/** An open bidi call. */
export interface Chat {
  send(message: Echo): void;
  end(): void;
  /** Resolves when the server has ended the call. */
  done: Promise<void>;
}

/** One connection of a driver: the rpcs of bench.proto, each as its library does them best known. */
export interface BenchClient {
  unary(rpc: 'Unary' | 'Guarded', message: Echo, extras: CallExtras): Promise<Echo>;
  place(order: Order, extras: CallExtras): Promise<Order>;
  download?(request: DownloadRequest, onMessage: (message: Echo) => void): Promise<void>;
  upload?(messages: Iterable<Echo>): Promise<UploadReply>;
  chat?(onMessage: (message: Echo) => void): Chat;
  close(): void | Promise<void>;
}

/** Opens one connection to the server at the socket `path`. */
export type Connect = (path: string) => Promise<BenchClient>;
