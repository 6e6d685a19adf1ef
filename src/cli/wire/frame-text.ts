import { FrameFlag, FrameType, MAX_MESSAGE_BYTES } from '../../protocol/wire/frame.js';
import { FrameReader } from '../../protocol/wire/frame-reader.js';

const TYPES = new Map<number, string>(Object.entries(FrameType).map(([name, type]) => [type, name]));
const FLAGS = Object.entries(FrameFlag);

/** One frame in words: `Request of stream 1, RemoteClosed, 57 bytes`. */
export function frameText(streamId: number, type: number, flags: number, length: number): string {
  const names = FLAGS.filter(([, flag]) => (flags & flag) !== 0).map(([name]) => name);
  const rest = flags & ~FLAGS.reduce((sum, [, flag]) => sum | flag, 0);
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return [`${TYPES.get(type) ?? `type ${type}`} of stream ${streamId}`, ...names, `${length} bytes`].join(', ');
}

/** A reader that describes each frame to `onFrame` in words; bytes that are not frames appear as oversized ones. */
export function frameTexts(onFrame: (text: string) => void): FrameReader {
  return new FrameReader(
    {
      onFrame: (streamId, type, flags, _buf, start, end) => onFrame(frameText(streamId, type, flags, end - start)),
      onOversizedFrame: (streamId, type, flags, length) => {
        onFrame(`${frameText(streamId, type, flags, length)}: above the limit of ${MAX_MESSAGE_BYTES}`);
      },
    },
    MAX_MESSAGE_BYTES,
  );
}
