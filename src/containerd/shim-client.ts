import { spawn } from 'node:child_process';
import { constants, existsSync, readFileSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connect, type RawCallOptions, type RawClient } from '../protocol/client/connect.js';
import type { ServiceClient } from '../protocol/client/service-client.js';
import { messageOf, TtrpcError } from '../protocol/core/errors.js';
import { warnOfOptions, type OptionNames } from '../protocol/core/option-names.js';
import { TtrpcStatus } from '../protocol/core/status.js';
import { describe } from '../schema/codec/encode/encode-error.js';
import type { BootstrapResult, DeleteResponse, TaskMethods } from './generated/messages.js';
import { fifoSocket } from './fifo-socket.js';
import { makeFifo } from './fifo.js';
import { containerdSchema, taskService } from './schema.js';

/** In a bundle: where its shim serves. */
const BOOTSTRAP_FILE = 'bootstrap.json';

/** The functions of a shim's Task service. */
export type TaskClient = ServiceClient<TaskMethods, RawCallOptions>;

/** Options of {@link ShimClient.start} and {@link deleteShim}. */
export interface ShimOptions {
  /** The shim's binary, such as `/usr/bin/containerd-shim-runc-v2`. */
  binary: string;
  /** The container's id. */
  id: string;
  /** containerd's namespace. */
  namespace: string;
  /** The folder of the container's config.json. */
  bundle: string;
  /** Where the shim sends its events: the address of `receiveEvents`. */
  ttrpcAddress: string;
  /** containerd's gRPC address, which a shim needs only as part of its own address. Default: the ttrpc address. */
  address?: string | undefined;
  /** What `-publish-binary` says. Default `containerd`. */
  publishBinary?: string | undefined;
  /**
   * Send BootstrapParams on stdin: true for shims of containerd 2.3 and later, which do not start without, false for older
   * ones, which do not start with them. Default: without, and with them when that fails.
   */
  bootstrapParams?: boolean | undefined;
  /** Hears of what the shim logs, as text. Default: nothing is kept. */
  onLog?: ((text: string) => void) | undefined;
}

const OPTIONS: OptionNames<ShimOptions> = {
  binary: true,
  id: true,
  namespace: true,
  bundle: true,
  ttrpcAddress: true,
  address: true,
  publishBinary: true,
  bootstrapParams: true,
  onLog: true,
};

/** Where a shim serves. */
export interface ShimAddress {
  readonly address: string;
  /** Of the Task service: 2 or 3. */
  readonly version: 2 | 3;
}

/** A shim that runs. */
export class ShimClient {
  /** The Task service: `await shim.task.state({ id })`. */
  readonly task: TaskClient;

  private constructor(
    /** Where the shim serves; enough to {@link connect} again from another process. */
    readonly address: ShimAddress,
    private readonly client: RawClient,
    private readonly log: ShimLog | undefined,
  ) {
    this.task = client.service(taskService(address.version));
  }

  /**
   * Starts a shim by its binary, as containerd does, and connects to it. Rejects with what the shim has said when it does not
   * start, and with INVALID_ARGUMENT where the bundle has no config.json.
   */
  static async start(options: ShimOptions): Promise<ShimClient> {
    checkOptions(options);
    const { bundle } = options;
    try {
      readFileSync(join(bundle, 'config.json'));
    } catch (cause) {
      const text = `bundle ${bundle}: cannot read its config.json: ${messageOf(cause)}`;
      throw new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, text, { cause });
    }
    const logFifo = join(bundle, 'log');
    const hadLog = existsSync(logFifo);
    const log = await ShimLog.open(logFifo, options.onLog);
    try {
      const output = await startBinary(options);
      const address = parseStartResponse(output);
      // As containerd 2.x does; shims of 1.x write a file `address` themselves.
      await writeFile(join(bundle, BOOTSTRAP_FILE), JSON.stringify({ ...address, protocol: 'ttrpc' }), { mode: 0o600 });
      return await ShimClient.#connected(address, log);
    } catch (error) {
      await log.close();
      // The bundle is as it was.
      if (!hadLog) rmSync(logFifo, { force: true });
      throw error;
    }
  }

  /** Connects to a shim that runs already: by its address, or by the bundle, where `bootstrap.json` or `address` says it. */
  static async connect(target: ShimAddress | { bundle: string }): Promise<ShimClient> {
    return ShimClient.#connected('bundle' in target ? await addressOf(target.bundle) : target, undefined);
  }

  static async #connected(address: ShimAddress, log: ShimLog | undefined): Promise<ShimClient> {
    return new ShimClient(address, await connect(address.address), log);
  }

  /** Disconnects. The shim goes on; `task.shutdown` ends it. */
  async close(): Promise<void> {
    this.client.close();
    await this.log?.close();
  }
}

/** Runs `delete` of a shim's binary: cleans up after one that is gone. Resolves with how its process ended. */
export async function deleteShim(options: ShimOptions): Promise<DeleteResponse> {
  checkOptions(options);
  const output = await runShim(options.binary, ['-bundle', options.bundle, 'delete'], options);
  return containerdSchema().findType('containerd.task.v2.DeleteResponse')?.decode(output) as DeleteResponse;
}

/**
 * What `start` has written: a BootstrapResult of containerd 2.x, JSON, or the address alone.
 * @throws UNKNOWN for anything else, and UNIMPLEMENTED for another protocol or version
 */
export function parseStartResponse(output: Uint8Array): ShimAddress {
  const text = Buffer.from(output).toString().trim();
  if (text === '') throw new TtrpcError(TtrpcStatus.UNKNOWN, 'the shim has written no address');
  const { address, version, protocol } = resultIn(output) ??
    jsonIn(text) ?? { address: text, version: 2, protocol: '' };
  if (protocol !== '' && protocol !== undefined && protocol !== 'ttrpc') {
    throw new TtrpcError(TtrpcStatus.UNIMPLEMENTED, `the shim speaks ${protocol}: expected ttrpc`);
  }
  if (version !== 2 && version !== 3) {
    throw new TtrpcError(TtrpcStatus.UNIMPLEMENTED, `the shim has version ${version}: expected 2 or 3`);
  }
  // An address without a scheme is that of an abstract socket, unless it is a path.
  return { address: /^([a-z]+:|\/|@)/.test(address) ? address : `@${address}`, version };
}

function resultIn(output: Uint8Array): BootstrapResult | undefined {
  try {
    const codec = containerdSchema().findType('containerd.runtime.bootstrap.v1.BootstrapResult');
    const result = codec?.decode(output) as BootstrapResult;
    return result.address === '' ? undefined : result;
  } catch {
    return undefined;
  }
}

function jsonIn(text: string): { address: string; version: number; protocol?: string } | undefined {
  try {
    const result = JSON.parse(text) as { address?: string; version?: number; protocol?: string };
    return result.address === undefined
      ? undefined
      : { ...result, address: result.address, version: result.version ?? 2 };
  } catch {
    return undefined;
  }
}

async function addressOf(bundle: string): Promise<ShimAddress> {
  let cause: unknown;
  for (const file of [BOOTSTRAP_FILE, 'address']) {
    try {
      return parseStartResponse(await readFile(join(bundle, file)));
    } catch (error) {
      cause = error;
    }
  }
  const text = `bundle ${bundle} names no shim: it has neither bootstrap.json nor address (${messageOf(cause)})`;
  throw new TtrpcError(TtrpcStatus.NOT_FOUND, text, { cause });
}

/** Without it, `undefined` would be an argument of the shim's. */
function checkOptions(options: ShimOptions): void {
  warnOfOptions('a shim', options, OPTIONS);
  for (const name of ['binary', 'id', 'namespace', 'bundle', 'ttrpcAddress'] as const) {
    const value: unknown = options[name];
    if (typeof value === 'string' && value !== '') continue;
    throw new TtrpcError(
      TtrpcStatus.INVALID_ARGUMENT,
      `options of a shim: ${name}: expected a string, got ${describe(value)}`,
    );
  }
}

async function startBinary(options: ShimOptions): Promise<Buffer> {
  const { binary, bootstrapParams } = options;
  const first = bootstrapParams === true ? paramsOf(options) : undefined;
  try {
    return await runShim(binary, ['start'], options, first);
  } catch (error) {
    if (bootstrapParams !== undefined || TtrpcError.from(error).code === TtrpcStatus.NOT_FOUND) throw error;
    try {
      return await runShim(binary, ['start'], options, paramsOf(options));
    } catch (second) {
      const text = `${messageOf(error)}; and with BootstrapParams on its stdin: ${messageOf(second)}`;
      throw new TtrpcError(TtrpcStatus.UNKNOWN, text, { cause: error });
    }
  }
}

function paramsOf({ id, namespace, ttrpcAddress, address, publishBinary }: ShimOptions): Uint8Array | undefined {
  return containerdSchema()
    .findType('containerd.runtime.bootstrap.v1.BootstrapParams')
    ?.encode({
      instanceId: id,
      namespace,
      containerdTtrpcAddress: ttrpcAddress,
      containerdGrpcAddress: address ?? ttrpcAddress,
      containerdBinary: publishBinary ?? 'containerd',
    });
}

/** Runs a shim's binary to its end, in the bundle, with containerd's flags and environment. */
function runShim(binary: string, args: string[], options: ShimOptions, input?: Uint8Array): Promise<Buffer> {
  const { id, namespace, bundle, ttrpcAddress, address = ttrpcAddress, publishBinary = 'containerd' } = options;
  const flags = ['-namespace', namespace, '-address', address, '-publish-binary', publishBinary, '-id', id];
  const child = spawn(binary, [...flags, ...args], {
    cwd: bundle,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TTRPC_ADDRESS: ttrpcAddress, MAX_SHIM_VERSION: '3', GOMAXPROCS: '2' },
  });
  // A shim may leave its stdin unread.
  child.stdin.on('error', () => undefined);
  // An end at once: shims read stdin to its end.
  child.stdin.end(input ?? new Uint8Array());
  const output: Buffer[] = [];
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new TtrpcError(TtrpcStatus.NOT_FOUND, `cannot run the shim ${binary}: ${cause.message}`, { cause }));
    });
    child.once('close', (status, signal) => {
      if (status === 0) {
        resolve(Buffer.concat(output));
        return;
      }
      const text = `${said}${Buffer.concat(output).toString()}`.trim();
      const how = signal ?? `status ${status}`;
      reject(new TtrpcError(TtrpcStatus.UNKNOWN, `the shim ${binary} has ended with ${how}: ${text}`));
    });
  });
}

/** The FIFO `log` of a bundle: a shim ends when it has no reader. */
class ShimLog {
  private constructor(private readonly socket: Socket) {}

  static async open(path: string, onLog: ((text: string) => void) | undefined): Promise<ShimLog> {
    await makeFifo(path);
    // Opened for both, it does not wait for a writer, and does not end when a shim closes it.
    const socket = fifoSocket(path, constants.O_RDWR);
    socket.on('data', (chunk: Buffer) => onLog?.(chunk.toString()));
    socket.unref();
    return new ShimLog(socket);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.once('close', () => resolve()).destroy());
  }
}
