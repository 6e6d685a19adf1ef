import { PLUGIN_CONNECTION } from '../../nri/mux.js';
import { statusName } from '../../protocol/core/status.js';
import type { Arguments, Command } from '../command.js';
import { millisecondsOf } from '../arguments.js';
import { connectionOf, dialAddress } from '../connection.js';
import { Interrupt } from '../interrupt.js';
import { print, printError, styled } from '../output.js';
import { plainJson, plainText } from '../plain-text.js';
import { Conversation } from '../tap/conversation.js';
import type { FrameWatcher, SeenFrame, Side } from '../tap/frame.js';
import { IgnoredFields } from '../tap/ignored-fields.js';
import { checkPlayable, play } from '../tap/player.js';
import { readRecording, type Recording } from '../tap/recording.js';
import { CallRecords, differences, forgetSame, type CallRecord, type Comparison } from '../tap/replayed.js';
import { TARGET_FLAGS, TapSchema } from '../tap/tap-schema.js';

/** The exit status when the server has not done what was recorded. */
const DIFFERENT_STATUS = 2;

/** How long the server may take for what is awaited, in seconds. */
const PATIENCE_SECONDS = 10;

/** How much of a value that differs stands on a line of text, in characters. */
const MAX_SHOWN = 500;

/** `ttrpc replay`: plays a client's side of a recording and compares what the server does. */
export const replay: Command = {
  name: 'replay',
  usage: '<file> <address>',
  positionals: ['file', 'address'],
  required: 2,
  flags: {
    format: {
      type: 'string',
      value: 'text|ndjson',
      choices: ['text', 'ndjson'],
      help: 'one line of text or of JSON for each call (default: text)',
    },
    'keep-time': { type: 'boolean', help: 'keep the gaps between frames (default: as soon as the server is as far)' },
    'max-time': {
      type: 'string',
      value: 'seconds',
      help: `how long the server may take for what is awaited (default: ${PATIENCE_SECONDS})`,
    },
    ignore: {
      type: 'string',
      multiple: true,
      value: 'field',
      help: 'a field of responses that may differ, such as pid or envelope.timestamp; may be repeated',
    },
    ...TARGET_FLAGS,
  },
  notes: [
    'The file comes from ttrpc tap --save. The calls keep their order, their connections, their metadata and timeouts.',
    'Exit status: 0 when every response and status is as recorded, 2 when one is not, 1 when the server cannot be reached.',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [file = '', address = ''] = args.positionals;
  connectionOf(address, args);
  const patienceMs = millisecondsOf(args, 'max-time', 1000 * PATIENCE_SECONDS);
  const ignored = new IgnoredFields(args.texts('ignore'));
  const recording = await readRecording(file);
  checkPlayable(recording, file);
  if (recording.cut !== undefined) await printError(`ttrpc: ${plainText(recording.cut)} is cut short and left out\n`);
  const schema = new TapSchema(address, args, !recording.nri);
  await schema.ask();
  const isJson = args.text('format') === 'ndjson';
  const endedByServer = endedByServerIn(recording);
  const comparison = { ignored, endedByServer, maxShown: isJson ? Infinity : MAX_SHOWN };
  // Otherwise the messages of all calls would be held until the end.
  const onStatus = (place: string): void =>
    forgetSame(recorded.records.calls().get(place), replayed.records.calls().get(place), comparison);
  const recorded = new Observer(schema, onStatus);
  const replayed = new Observer(schema, onStatus);
  const interrupt = new Interrupt();
  let missing: string | undefined;
  try {
    missing = await play(recording, {
      dial: () => dialAddress(address, args, true, { signal: interrupt.signal }),
      watcher: replayed,
      recorded,
      keepsTime: args.count('keep-time') > 0,
      patienceMs,
      signal: interrupt.signal,
    });
  } finally {
    interrupt.release();
  }
  return await report({ recorded, replayed, missing, comparison }, isJson);
}

/** The connections that the server had ended, before the client did. */
function endedByServerIn({ lines }: Recording): Set<number> {
  const first = new Map<number, Side>();
  for (const line of lines)
    if (line.event === 'end' && !first.has(line.connection)) first.set(line.connection, line.from);
  return new Set([...first].filter(([, side]) => side === 'server').map(([connection]) => connection));
}

/** Collects the calls that frames make. */
class Observer implements FrameWatcher {
  readonly records: CallRecords;
  readonly notes: string[] = [];
  readonly #conversations = new Map<string, Conversation>();

  constructor(
    private readonly schema: TapSchema,
    onStatus: (place: string) => void,
  ) {
    this.records = new CallRecords(onStatus);
  }

  onFrame(frame: SeenFrame): void {
    const { connection, mux } = frame;
    const key = `${connection}/${mux ?? ''}`;
    let conversation = this.#conversations.get(key);
    if (!conversation) {
      const { schema } = this;
      conversation = new Conversation(
        mux === undefined ? { connection } : { connection, mux },
        mux === PLUGIN_CONNECTION ? 'server' : 'client',
        {
          methods: schema.methods,
          detailToJson: (detail) => schema.wholeDetailToJson(detail),
          emit: (event) => this.records.push(event),
          now: () => 0,
        },
      );
      this.#conversations.set(key, conversation);
    }
    conversation.push(frame);
  }

  onNote({ text }: { text: string }): void {
    this.notes.push(text);
  }
}

/** What came of a replay. */
interface Replayed {
  readonly recorded: Observer;
  readonly replayed: Observer;
  readonly missing: string | undefined;
  readonly comparison: Comparison;
}

async function report({ recorded, replayed, missing, comparison }: Replayed, asJson: boolean): Promise<number> {
  let different = 0;
  const calls = recorded.records.calls();
  const again = replayed.records.calls();
  const tell = async (place: string, call: CallRecord, found: readonly string[]): Promise<void> => {
    if (found.length > 0) different++;
    await print(asJson ? `${jsonOf(place, call, found)}\n` : `${textOf(place, call, found)}\n`);
  };
  for (const [place, call] of calls) await tell(place, call, differences(call, again.get(place), comparison));
  // NRI's runtime makes calls, too.
  const extra = [...again].filter(([place]) => !calls.has(place));
  for (const [place, call] of extra) await tell(place, { ...call, status: undefined }, ['it is not recorded']);
  for (const note of replayed.notes) await printError(`${plainText(note)}\n`);
  for (const text of comparison.ignored.unseen()) await printError(`ttrpc: ${text}\n`);
  if (missing !== undefined) await printError(`ttrpc: the replay stopped: ${missing}\n`);
  const count = calls.size + extra.length;
  const summary = `${count} call${count === 1 ? '' : 's'}: ${count - different} as recorded, ${different} different`;
  await printError(`${styled(different > 0 ? 'red' : 'green', summary, process.stderr)}\n`);
  return different > 0 || missing !== undefined ? DIFFERENT_STATUS : 0;
}

function textOf(place: string, { name, status }: CallRecord, found: readonly string[]): string {
  const how = status ? statusName(status.code) : 'no status';
  const mark =
    found.length === 0 ? styled('green', 'same', process.stdout) : styled('red', 'different', process.stdout);
  const lines = found.map((each) => `  ${plainText(each)}`);
  return [`${place} ${plainText(name)} ${how}: ${mark}`, ...lines].join('\n');
}

function jsonOf(place: string, { name, status }: CallRecord, found: readonly string[]): string {
  const how = status ? statusName(status.code) : undefined;
  return plainJson({
    call: place,
    method: name,
    recordedStatus: how,
    same: found.length === 0,
    differences: found,
  });
}
