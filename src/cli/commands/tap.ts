import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import { TtrpcError } from '../../protocol/core/errors.js';
import { formatAddress } from '../../protocol/socket/address.js';
import { listen, type Listener } from '../../protocol/socket/listener.js';
import type { Arguments, Command } from '../command.js';
import { connectionOf, dialAddress, parsedAddress } from '../connection.js';
import { Interrupt } from '../interrupt.js';
import { outputRoom, printError, standardOutput, styled } from '../output.js';
import { jsonLineOf } from '../tap/event-json.js';
import { textOf } from '../tap/event-text.js';
import type { TapEvent } from '../tap/events.js';
import { RecordingFile, type Recorder } from '../tap/recording.js';
import { TARGET_FLAGS, TapSchema } from '../tap/tap-schema.js';
import { TapSession, type TapTools } from '../tap/tap-session.js';
import { ToolError } from '../tool-error.js';

/** `ttrpc tap`: stands between a client and a server and shows what they say. */
export const tap: Command = {
  name: 'tap',
  usage: '<listen-address> <target-address>',
  positionals: ['address', 'address'],
  required: 2,
  flags: {
    format: {
      type: 'string',
      value: 'text|ndjson',
      choices: ['text', 'ndjson'],
      help: 'one line of text or of JSON for each event (default: text)',
    },
    save: { type: 'string', value: 'file', help: 'record all frames to a file, for ttrpc replay' },
    nri: { type: 'boolean', help: "the connection is an NRI plugin's: show both connections of its mux" },
    ...TARGET_FLAGS,
  },
  notes: [
    "Messages are decoded by --proto or --protoset, by the server's reflection, or as those of containerd and NRI. Others",
    'are guessed by their wire types: marked by ~, with the numbers of fields for their names.',
    'Clients connect to <listen-address>. Ctrl-C ends it and closes the connections; the exit status is 0.',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [from = '', to = ''] = args.positionals;
  const address = parsedAddress(from);
  const { parsed, vsock } = connectionOf(to, args);
  const target = vsock ?? parsed;
  const socket = vsock ? ({ kind: 'unix', path: vsock.path } as const) : parsed;
  if (formatAddress(address) === formatAddress(socket)) throw new ToolError('both addresses are the same');
  const isNri = args.count('nri') > 0;
  // A connection that is no plugin would be taken for a broken one.
  const schema = new TapSchema(to, args, !isNri);
  const save = args.text('save');
  const isJson = args.text('format') === 'ndjson';
  const show = (event: TapEvent): void => {
    const at = new Date();
    const output = standardOutput();
    output.write(`${isJson ? jsonLineOf(event, at) : textOf(event, at, output)}\n`);
  };
  const detailToJson: TapTools['detailToJson'] = (detail) => schema.detailToJson(detail);
  const tools: Omit<TapTools, 'recorder'> = { methods: schema.methods, isNri, detailToJson, show, room: outputRoom };
  // Before Ctrl-C is ours: a pipe that nobody reads holds this up.
  const file = save === undefined ? undefined : await RecordingFile.open(save);
  const interrupt = new Interrupt();
  const { signal } = interrupt;
  let listener: Listener | undefined;
  let tapping: Tapping | undefined;
  let recorder: Recorder | undefined;
  try {
    await schema.ask(signal);
    // What passes may be secret, whatever the umask.
    const listening = listen(address, { socketReads: 'stream', socketMode: 0o600 }, (socket) =>
      tapping?.accept(socket),
    );
    // Not before: a start that fails leaves what the file holds alone.
    const recording = listening.then(() => file?.begin(isNri));
    // Clients may come as soon as the address is bound.
    tapping = new Tapping(tools, recording, schema, (ending) => dialAddress(to, args, true, { signal: ending }));
    // It fails also when listening does, which is told once.
    recording.catch(() => undefined);
    listener = await listening;
    recorder = await recording;
    await printError(
      `${styled('dim', `listening on ${listener.address}, passing on to ${formatAddress(target)}`, process.stderr)}\n`,
    );
    await Promise.race([aborted(signal), ...(recorder ? [recorder.failed] : [])]);
  } catch (error) {
    throw error instanceof TtrpcError ? new ToolError(error.message, { cause: error }) : error;
  } finally {
    interrupt.release();
    await listener?.close();
    await tapping?.end();
    await (recorder ?? file)?.close();
  }
  return 0;
}

/** The connections of a tap. */
class Tapping {
  readonly #open = new Map<Duplex, Promise<void>>();
  readonly #servers = new Set<Duplex>();
  readonly #ending = new AbortController();
  #count = 0;

  /** Clients wait until `recording` has begun; they are turned away when it fails. */
  constructor(
    private readonly tools: Omit<TapTools, 'recorder'>,
    private readonly recording: Promise<Recorder | undefined>,
    private readonly schema: TapSchema,
    private readonly dial: (ending: AbortSignal) => Promise<Duplex>,
  ) {
    // One for each client that waits.
    setMaxListeners(0, this.#ending.signal);
  }

  accept(client: Duplex): void {
    // Until it is passed on, an error of the client means that it has gone.
    client.on('error', () => undefined);
    // It may end its half before the server is reached, and still wants the response.
    client.allowHalfOpen = true;
    const number = ++this.#count;
    const done = this.recording
      .then(
        (recorder) => this.#serve(client, number, { ...this.tools, recorder }),
        () => void client.destroy(),
      )
      .finally(() => this.#open.delete(client));
    this.#open.set(client, done);
  }

  /** Closes all connections; resolves when they are closed. */
  async end(): Promise<void> {
    this.#ending.abort();
    // Those that do not read would keep what was sent to them waiting.
    for (const socket of [...this.#open.keys(), ...this.#servers]) socket.destroy();
    await Promise.all(this.#open.values());
  }

  async #serve(client: Duplex, number: number, tools: TapTools): Promise<void> {
    tools.show({ event: 'connected', connection: number });
    tools.recorder?.connection(number, 'connected');
    const room = tools.room();
    // Clients that come and go must not fill an output that nobody reads.
    if (room) await unlessAborted(room, this.#ending.signal);
    const server = await this.#reach(number);
    if (server) {
      this.#servers.add(server);
      await new TapSession(number, tools).run(client, server);
      this.#servers.delete(server);
    } else client.destroy();
    tools.show({ event: 'disconnected', connection: number });
    tools.recorder?.connection(number, 'disconnected');
  }

  /** A connection to the server; undefined where there is none, with a note that says why. */
  async #reach(number: number): Promise<Duplex | undefined> {
    const { signal } = this.#ending;
    try {
      await this.schema.ask(signal);
      return await this.dial(signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      const { message } = error as { message: string };
      this.tools.show({ event: 'note', connection: number, from: 'server', text: message });
      return undefined;
    }
  }
}

/** Resolves with `promise`, or when `signal` aborts. */
function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    void promise.then(done);
    if (signal.aborted) done();
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
