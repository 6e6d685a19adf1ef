/** The size in bytes of the header of each frame (PROTOCOL.md, "Frame"). */
export const HEADER_BYTES = 10;

/** The protocol's limit for the data of one frame, in bytes: 4 MiB. Peers may refuse larger frames. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** The highest stream id that fits a header. Ids of streams that clients open are odd. */
export const MAX_STREAM_ID = 0xffff_ffff;

/** The type of a frame (byte 8 of its header). */
export const FrameType = {
  /** Client to server: opens a stream; its data is a Request envelope. */
  Request: 1,
  /** Server to client: ends a stream; its data is a Response envelope. */
  Response: 2,
  /** Either way on a stream of a streaming call: its data is one message, without an envelope. */
  Data: 3,
} as const;

/** The flags of a frame (byte 9 of its header). */
export const FrameFlag = {
  /** The sender sends nothing more on this stream. */
  RemoteClosed: 1,
  /** On a Request: the client will send Data frames. */
  RemoteOpen: 2,
  /** The frame carries no message, not even an empty one. */
  NoData: 4,
} as const;

/** Writes a frame header to `buf[at, at + 10)`. `length` is the number of bytes of data, without the header. */
export function writeHeader(
  buf: Uint8Array,
  at: number,
  length: number,
  streamId: number,
  type: number,
  flags: number,
): void {
  buf[at] = length >>> 24;
  buf[at + 1] = length >>> 16;
  buf[at + 2] = length >>> 8;
  buf[at + 3] = length;
  buf[at + 4] = streamId >>> 24;
  buf[at + 5] = streamId >>> 16;
  buf[at + 6] = streamId >>> 8;
  buf[at + 7] = streamId;
  buf[at + 8] = type;
  buf[at + 9] = flags;
}
