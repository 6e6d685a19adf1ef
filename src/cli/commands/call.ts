import type { RawClient } from '../../protocol/client/connect.js';
import { TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcStatus } from '../../protocol/core/status.js';
import { CALL_FLAGS, metadataOf, timeoutOf } from '../call-flags.js';
import { Calls } from '../calls.js';
import type { Arguments, Command } from '../command.js';
import { CONNECTION_FLAGS, openConnection } from '../connection.js';
import { Interrupt } from '../interrupt.js';
import { printError, styled } from '../output.js';
import { Requests } from '../requests.js';
import { splitMethod, type CommandSchema } from '../schema/command-schema.js';
import { isLate } from '../schema/is-late.js';
import { reflect, REFLECTION_MS } from '../schema/reflection-client.js';
import { SCHEMA_FLAGS, schemaOfFlags } from '../schema/source-flags.js';
import { printStatus } from '../status-output.js';
import { typeQuestions, type TypeQuestions } from '../type-questions.js';
import { frameTexts } from '../wire/frame-text.js';
import type { ByteWatcher } from '../wire/watched-duplex.js';

/** `ttrpc call`: makes calls of all four shapes, with JSON in and out. */
export const call: Command = {
  name: 'call',
  usage: '<address> <service/method>',
  positionals: ['address', 'method'],
  required: 2,
  flags: {
    ...CALL_FLAGS,
    ...SCHEMA_FLAGS,
    'emit-defaults': { type: 'boolean', help: 'print fields that were not sent, with their defaults' },
    'format-error': { type: 'boolean', help: 'print the status of a failed call as JSON' },
    verbose: { type: 'boolean', short: 'v', multiple: true, help: 'metadata, sizes and times; -vv: frames, too' },
    ...CONNECTION_FLAGS,
  },
  notes: [
    'Without --proto and --protoset the server is asked for its schema (grpc.reflection.v1).',
    'A call that takes one request is made once for each request of -d, one after another, over one connection.',
    'Exit status: 0, or 64 plus the code of the call that failed first, or 1 when a call could not be made.',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [address = '', symbol = ''] = args.positionals;
  const [service] = splitMethod(symbol);
  const metadata = metadataOf(args);
  const timeoutMs = timeoutOf(args);
  const own = schemaOfFlags(args);
  own?.method(symbol);
  const interrupt = new Interrupt();
  const { signal } = interrupt;
  const watcher = args.count('verbose') >= 2 ? showFrames() : undefined;
  let close: (() => void) | undefined;
  let questions: TypeQuestions | undefined;
  try {
    const connection = await openConnection(address, args, { watcher, signal });
    const { client } = connection;
    close = connection.close;
    const schema = own ?? (await askedSchema(client, service, timeoutMs, signal));
    const method = schema.method(symbol);
    if (!own) {
      questions = typeQuestions(client, method, address, args, { timeoutMs: timeoutMs ?? REFLECTION_MS, signal });
      schema.askFor(questions.types);
    }
    const requests = new Requests(schema, method.request, args.text('data'));
    const stop = (): void => requests.stop();
    signal.addEventListener('abort', stop);
    try {
      const calls = new Calls(client, schema, method, { metadata, timeoutMs, signal }, args);
      await calls.tell(metadata.entries());
      return await (method.sendsStream ? calls.stream(requests) : calls.each(requests, args.text('data')));
    } finally {
      requests.stop();
    }
  } catch (error) {
    // Before the call was made.
    const failure = signal.aborted ? new TtrpcError(TtrpcStatus.CANCELLED, 'interrupted') : error;
    if (!(failure instanceof TtrpcError)) throw failure;
    return await printStatus(failure, own, args.count('format-error') > 0);
  } finally {
    interrupt.release();
    questions?.close();
    close?.();
  }
}

/** The schema by the server's reflection. @throws TtrpcError when the time of --max-time is over before; ToolError */
async function askedSchema(
  client: RawClient,
  service: string,
  timeoutMs: number | undefined,
  signal: AbortSignal,
): Promise<CommandSchema> {
  try {
    return await reflect(client, service, { timeoutMs: timeoutMs ?? REFLECTION_MS, signal });
  } catch (error) {
    if (timeoutMs === undefined || !isLate(error)) throw error;
    const message = `the server has not told its schema within the ${timeoutMs / 1000} s of --max-time`;
    throw new TtrpcError(TtrpcStatus.DEADLINE_EXCEEDED, message, { cause: error });
  }
}

/** Prints the frames of a connection. */
function showFrames(): ByteWatcher {
  const line = (arrow: string) => (text: string) =>
    void printError(`${styled('dim', `${arrow} ${text}`, process.stderr)}\n`);
  const [sent, received] = [frameTexts(line('>>')), frameTexts(line('<<'))];
  return { onSent: (bytes) => sent.push(bytes), onReceived: (bytes) => received.push(bytes) };
}
