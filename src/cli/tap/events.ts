import type { Side } from './frame.js';
import type { MessageView } from './known-methods.js';

/** What a tap shows: one event for each frame, and the ends of connections. */
export type TapEvent = TapPlace &
  (
    | { readonly event: 'connected' }
    | { readonly event: 'disconnected' }
    | {
        readonly event: 'request';
        readonly from: Side;
        readonly stream: number;
        readonly service: string;
        readonly method: string;
        readonly metadata: readonly (readonly [string, string])[];
        readonly timeoutMs: number | undefined;
        /** Undefined where messages follow by themselves. */
        readonly message: MessageView | undefined;
      }
    | {
        readonly event: 'message';
        readonly from: Side;
        readonly stream: number;
        readonly method: string;
        /** Its number in its direction, from 1. */
        readonly number: number;
        readonly message: MessageView;
      }
    | { readonly event: 'half-close'; readonly from: Side; readonly stream: number; readonly method: string }
    | {
        readonly event: 'status';
        readonly from: Side;
        readonly stream: number;
        /** Undefined, as the duration, where no call is open on the stream. */
        readonly method: string | undefined;
        readonly code: number;
        readonly text: string;
        readonly details: readonly unknown[];
        /** From the request to here. */
        readonly durationMs: number | undefined;
        readonly message: MessageView | undefined;
        /** Messages of the response, if it was a stream. */
        readonly responses: number;
      }
    | {
        readonly event: 'unfinished';
        readonly stream: number;
        readonly service: string;
        readonly method: string;
        readonly durationMs: number;
      }
    | { readonly event: 'note'; readonly from: Side; readonly text: string }
  );

/** Where something was seen. */
export interface TapPlace {
  readonly connection: number;
  /** The connection within NRI's mux. */
  readonly mux?: number | undefined;
}
