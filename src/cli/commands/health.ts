import protobuf from 'protobufjs';
import { messageOf, TtrpcError } from '../../protocol/core/errors.js';
import { TtrpcStatus } from '../../protocol/core/status.js';
import { CALL_FLAGS, metadataOf, timeoutOf } from '../call-flags.js';
import type { Arguments, Command } from '../command.js';
import { CONNECTION_FLAGS, openConnection } from '../connection.js';
import { Interrupt } from '../interrupt.js';
import { print } from '../output.js';
import { CommandSchema } from '../schema/command-schema.js';
import { printStatus } from '../status-output.js';
import { ToolError } from '../tool-error.js';

/** The messages of grpc.health.v1, as a protobufjs JSON descriptor. */
const HEALTH: protobuf.INamespace = {
  nested: {
    Request: { fields: { service: { type: 'string', id: 1 } } },
    Response: { fields: { status: { type: 'int32', id: 1 } } },
  },
};
const SERVICE = 'grpc.health.v1.Health';
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const SERVING = 1;

/** How long a probe may take, in seconds. */
const PROBE_SECONDS = 5;

/** The exit status when the server responds, and not with SERVING. */
const NOT_SERVING_STATUS = 2;

/** `ttrpc health`: asks grpc.health.v1, for probes. */
export const health: Command = {
  name: 'health',
  usage: '<address> [service]',
  positionals: ['address', 'service'],
  required: 1,
  flags: {
    watch: { type: 'boolean', help: 'print each change until Ctrl-C' },
    header: CALL_FLAGS.header,
    'max-time': {
      type: 'string',
      value: 'seconds',
      help: `the deadline (default: ${PROBE_SECONDS}; none with --watch)`,
    },
    'format-error': { type: 'boolean', help: 'print the status of a failed call as JSON' },
    ...CONNECTION_FLAGS,
  },
  notes: [
    'Exit status: 0 when it is SERVING, 2 when it is not, 64 plus the code when the call failed (69: the server does not',
    'know the service), 1 when the server cannot be reached.',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [address = '', service = ''] = args.positionals;
  const metadata = metadataOf(args);
  const watches = args.count('watch') > 0;
  const timeoutMs = timeoutOf(args) ?? (watches ? undefined : PROBE_SECONDS * 1000);
  const root = protobuf.Root.fromJSON(HEALTH);
  const request = root.lookupType('Request').encode({ service }).finish();
  const statusOf = (bytes: Uint8Array): number => {
    try {
      return (root.lookupType('Response').decode(bytes) as unknown as { status: number }).status;
    } catch (error) {
      throw new ToolError(`the response is not a grpc.health.v1.HealthCheckResponse: ${messageOf(error)}`, {
        cause: error,
      });
    }
  };
  const interrupt = new Interrupt();
  const { signal } = interrupt;
  let close: (() => void) | undefined;
  let status = 0;
  try {
    const began = performance.now();
    const connection = await openConnection(address, args, { signal, limitMs: timeoutMs });
    const { client } = connection;
    close = connection.close;
    // Connecting has taken its part; a deadline of 0 would be none.
    const leftMs =
      timeoutMs === undefined ? undefined : Math.max(1, Math.round(timeoutMs - (performance.now() - began)));
    const options = { metadata, timeoutMs: leftMs, signal };
    if (watches) {
      const stream = client.stream(SERVICE, 'Watch', 'server-streaming', options);
      await stream.send(request);
      for await (const bytes of stream) {
        status = statusOf(bytes);
        await print(`${nameOfStatus(status)}\n`);
      }
    } else {
      status = statusOf(await client.call(SERVICE, 'Check', request, options));
      await print(`${nameOfStatus(status)}\n`);
    }
  } catch (error) {
    const asJson = args.count('format-error') > 0;
    if (signal.aborted) {
      // Ctrl-C is how a watch ends.
      if (!watches) return await printStatus(new TtrpcError(TtrpcStatus.CANCELLED, 'interrupted'), undefined, asJson);
    } else {
      if (!(error instanceof TtrpcError)) throw error;
      return await printStatus(error, new CommandSchema(new protobuf.Root()), asJson);
    }
  } finally {
    interrupt.release();
    close?.();
  }
  return status === SERVING ? 0 : NOT_SERVING_STATUS;
}

function nameOfStatus(status: number): string {
  return STATUSES[status] ?? String(status);
}
