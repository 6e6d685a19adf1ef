import type { CallShape } from '../conformance/case.js';
import { DATA, NO_DATA, REMOTE_CLOSED, REQUEST, RESPONSE } from '../conformance/wire/frame.js';
import type { Random } from '../support/random.js';
import { INTEROP, message } from '../conformance/service.js';
import { encodeRequest } from '../conformance/wire/envelope.js';
import { frameBytes } from '../support/frame-bytes.js';
import type { Frame } from './frame.js';
import { mutateBytes, mutateMessage } from './fields.js';
import type { Seed } from './seeds.js';

/** Bytes to be sent, and what they are made of. */
export interface Mutant {
  /** The conversation that it was made of. */
  readonly seed: string;
  /** What is written at a time. */
  readonly pieces: readonly Buffer[];
  readonly frames: number;
  /** Frames that are not as they were recorded, or not where they were. */
  readonly mutatedFrames: number;
  /** For a client under test: the calls that it makes first. */
  readonly calls: readonly CallShape[];
}

/** The mutants send frames above this on purpose: it is the limit of those who are under test. */
export const MAX_MESSAGE_BYTES = 16 * 1024;

const MAX_FRAMES = 60;
const NO_BYTES = Buffer.alloc(0);
/** None, one that takes a moment, and one that lasts until its call is over. */
const PAYLOADS = [{ hex: '' }, message({ seq: 1, replyCount: 3, delayMs: 80 }), message({ delayMs: 60_000 })];

/** A mutant of one of `seeds`; always the same one for the same state of `random`. `side` is who receives it. */
export function mutate(seeds: readonly Seed[], side: 'server' | 'client', random: Random): Mutant {
  const seed = random.pick(seeds);
  const frames = seed.frames.map((frame) => ({ ...frame }));
  const calls = [...seed.calls];
  // Most mutants keep to their recording for a while, so that there are open streams to be wrong on.
  const from = random.below(2) === 0 ? 0 : random.below(frames.length);
  for (let i = from; i < frames.length; i++) {
    const frame = frames[i];
    if (frame !== undefined && random.below(10) < 6) changeFrame(frame, frames, side, random);
  }
  for (let n = random.below(4); n > 0; n--) changeOrder(frames, calls, seeds, side, random);
  frames.length = Math.min(frames.length, MAX_FRAMES);
  const mutatedFrames = frames.reduce((sum, { mutated }) => sum + (mutated ? 1 : 0), 0);
  return { seed: seed.name, pieces: cut(frames, random), frames: frames.length, mutatedFrames, calls };
}

/** Changes one frame in place. */
function changeFrame(frame: Frame, frames: readonly Frame[], side: 'server' | 'client', random: Random): void {
  frame.mutated = true;
  const dice = random.below(100);
  if (dice < 55) frame.data = mutateMessage(frame.data, random);
  else if (dice < 63) frame.data = mutateBytes(frame.data, random);
  else if (dice < 65) frame.data = random.pick([NO_BYTES, Buffer.alloc(1 + random.below(300), random.below(256))]);
  else if (dice < 77) frame.flags ^= random.below(16) === 0 ? random.below(256) : 1 << random.below(3);
  else if (dice < 82) frame.type = random.pick([REQUEST, RESPONSE, DATA, DATA, 0, 4, 255]);
  else if (dice < 95) frame.id = strangeId(frame.id, frames, side, random);
  else if (dice < 97) frame.data = Buffer.alloc(MAX_MESSAGE_BYTES - 1 + random.below(4), 0x20);
  // A length that lies takes all that follows with it: rarely.
  else if (dice < 98) frame.saysLength = Math.max(0, frame.data.length + random.below(9) - 4);
  else if (dice < 99) frame.saysLength = random.pick([0xffff_ffff, 0x8000_0000, MAX_MESSAGE_BYTES + 1, 1_000_000]);
  else frame.flags = random.below(256);
}

function strangeId(id: number, frames: readonly Frame[], side: 'server' | 'client', random: Random): number {
  const other = random.pick(frames).id;
  // A client knows only the ids of its own calls.
  if (side === 'client' && random.below(4) > 0) return random.below(10) * 2 + 1;
  return random.pick([
    other,
    other,
    id + 2,
    id + 2 * random.below(20),
    Math.max(0, id - 2),
    id + 1,
    0,
    2,
    0xffff_ffff,
    0x8000_0001,
  ]);
}

/** Puts frames in, out, elsewhere and twice. */
function changeOrder(
  frames: Frame[],
  calls: CallShape[],
  seeds: readonly Seed[],
  side: 'server' | 'client',
  random: Random,
): void {
  const at = random.below(frames.length + 1);
  const frame = frames[at % Math.max(1, frames.length)];
  switch (random.below(7)) {
    case 0:
      if (frames.length > 1) frames.splice(at % frames.length, 1);
      break;
    case 1:
      if (frame)
        frames.splice(at, 0, ...Array.from({ length: 1 + random.below(3) }, () => ({ ...frame, mutated: true })));
      break;
    case 2: {
      const [moved] = frames.splice(at % Math.max(1, frames.length), 1);
      if (moved) frames.splice(random.below(frames.length + 1), 0, { ...moved, mutated: true });
      break;
    }
    case 3:
      frames.splice(at, 0, {
        id: freeId(frames, random),
        type: DATA,
        flags: random.pick([0, 0, REMOTE_CLOSED, REMOTE_CLOSED | NO_DATA, NO_DATA]),
        data: random.pick([NO_BYTES, Buffer.from('0801', 'hex')]),
        mutated: true,
      });
      break;
    case 4:
      if (side === 'server') {
        // A call that lasts: the frames of all those that are mutated after it find an open stream.
        const method = random.pick(['Unary', 'ServerStream', 'ClientStream', 'Bidi', 'NothingStream', 'Flood']);
        const data = encodeRequest({ service: INTEROP, method, payload: random.pick(PAYLOADS) });
        frames.splice(at, 0, {
          id: nextId(frames),
          type: REQUEST,
          flags: random.pick([0, 1, 2, 6]),
          data,
          mutated: true,
        });
      } else {
        calls.push(random.pick<CallShape>(['unary', 'server-streaming', 'client-streaming', 'bidi', 'bidi']));
      }
      break;
    default: {
      // Another conversation behind or between this one, on ids of its own.
      const other = random.pick(seeds);
      const offset = side === 'client' ? 2 * calls.length : nextId(frames) - 1;
      const taken = other.frames
        .slice(0, 1 + random.below(10))
        .map((each) => ({ ...each, id: (each.id + offset) % 0x1_0000_0000, mutated: true }));
      if (side === 'client') calls.push(...other.calls);
      frames.splice(random.below(3) === 0 ? at : frames.length, 0, ...taken);
    }
  }
}

/** An odd id above all that are used, as far as there is one. */
function nextId(frames: readonly Frame[]): number {
  const highest = frames.reduce((most, { id }) => (id < 1_000_000 ? Math.max(most, id) : most), 0);
  return highest + 1 + (highest % 2);
}

function freeId(frames: readonly Frame[], random: Random): number {
  return frames.length > 0 && random.below(4) > 0 ? random.pick(frames).id : nextId(frames);
}

/** The bytes in pieces, and now and then with a byte that is wrong wherever it stands. */
function cut(frames: readonly Frame[], random: Random): Buffer[] {
  const each = frames.map(frameBytes);
  const dice = random.below(20);
  if (dice < 8) return each;
  let all: Buffer = Buffer.concat(each);
  if (dice === 8) all = mutateBytes(all, random);
  if (dice < 14) return [all];
  const pieces: Buffer[] = [];
  const most = dice === 19 ? 1 : random.pick([4, 16, 64, 300]);
  for (let at = 0; at < all.length;) {
    // Byte by byte costs much: only the beginning.
    const size = at > 400 ? all.length - at : 1 + random.below(most);
    pieces.push(all.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
