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
import { Recorder } from '../tap/recording.js';
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
  const { parsed: target } = connectionOf(to, args);
  if (formatAddress(address) === formatAddress(target)) throw new ToolError('both addresses are the same');
  const isNri = args.count('nri') > 0;
  // A connection that is no plugin would be taken for a broken one.
  const schema = new TapSchema(to, args, !isNri);
  const file = args.text('save');
  const recorder = file === undefined ? undefined : await Recorder.open(file, isNri);
  const isJson = args.text('format') === 'ndjson';
  const show = (event: TapEvent): void => {
    const at = new Date();
    const output = standardOutput();
    output.write(`${isJson ? jsonLineOf(event, at) : textOf(event, at, output)}\n`);
  };
  const detailToJson: TapTools['detailToJson'] = (detail) => schema.detailToJson(detail);
  const tools: TapTools = { methods: schema.methods, isNri, recorder, detailToJson, show, room: outputRoom };
  const interrupt = new Interrupt();
  const { signal } = interrupt;
  const tapping = new Tapping(tools, schema, signal, () => dialAddress(to, args, true, signal));
  let listener: Listener | undefined;
  try {
    await schema.ask(signal);
    listener = await listen(address, { socketReads: 'stream' }, (socket) => tapping.accept(socket));
    await printError(
      `${styled('dim', `listening on ${listener.address}, passing on to ${formatAddress(target)}`, process.stderr)}\n`,
    );
    await aborted(signal);
  } catch (error) {
    throw error instanceof TtrpcError ? new ToolError(error.message, { cause: error }) : error;
  } finally {
    interrupt.release();
    await listener?.close();
    await tapping.end();
    await recorder?.close();
  }
  return 0;
}

/** The connections of a tap. */
class Tapping {
  readonly #open = new Map<Duplex, Promise<void>>();
  #count = 0;

  constructor(
    private readonly tools: TapTools,
    private readonly schema: TapSchema,
    private readonly signal: AbortSignal,
    private readonly dial: () => Promise<Duplex>,
  ) {}

  accept(client: Duplex): void {
    // Until it is passed on, an error of the client means that it has gone.
    client.on('error', () => undefined);
    // It may end its half before the server is reached, and still wants the response.
    client.allowHalfOpen = true;
    const done = this.#serve(client, ++this.#count).finally(() => this.#open.delete(client));
    this.#open.set(client, done);
  }

  /** Closes all connections; resolves when they are closed. */
  async end(): Promise<void> {
    for (const client of this.#open.keys()) client.destroy();
    await Promise.all(this.#open.values());
  }

  async #serve(client: Duplex, number: number): Promise<void> {
    const { tools } = this;
    tools.show({ event: 'connected', connection: number });
    tools.recorder?.connection(number, 'connected');
    const server = await this.#reach(number);
    if (server) await new TapSession(number, tools).run(client, server);
    else client.destroy();
    tools.show({ event: 'disconnected', connection: number });
    tools.recorder?.connection(number, 'disconnected');
  }

  /** A connection to the server; undefined, and a note, where there is none. */
  async #reach(number: number): Promise<Duplex | undefined> {
    try {
      await this.schema.ask(this.signal);
      return await this.dial();
    } catch (error) {
      const { message } = error as { message: string };
      this.tools.show({ event: 'note', connection: number, from: 'server', text: message });
      return undefined;
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
