import type { Side } from './frame.js';

/** A line of a recording: a frame, or the beginning or end of a connection. Times are in ms from the beginning. */
export type RecordedLine =
  | { readonly at: number; readonly connection: number; readonly event: 'connected' | 'disconnected' }
  | { readonly at: number; readonly connection: number; readonly event: 'end'; readonly from: Side }
  | RecordedFrame;

/** A recorded frame. */
export interface RecordedFrame {
  readonly at: number;
  readonly connection: number;
  readonly event: 'frame';
  readonly mux?: number | undefined;
  readonly from: Side;
  readonly stream: number;
  readonly type: number;
  readonly flags: number;
  /** Base64. */
  readonly data: string;
}
