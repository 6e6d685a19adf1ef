import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe } from '../../protocol/core/describe.js';
import { messageOf } from '../../protocol/core/errors.js';
import { refuseUnknownOptions, type OptionNames } from '../../protocol/core/option-names.js';
import { implement } from '../../protocol/server/implement.js';
import { serve } from '../../protocol/server/serve.js';
import { EventPublisher } from '../events.js';
import { containerdSchema, taskService } from '../schema.js';
import { bootstrapParams, shimAddress, startResponse } from './bootstrap.js';
import { parseFlags, type ShimFlags } from './flags.js';
import { killNoted } from './pid-file.js';
import type { ShimRunner } from './runner.js';
import { taskHandlers } from './task-service.js';

/** The status of a process that was ended with its shim: 128 and SIGKILL. */
const KILLED = 137;
/** Ours: the process that serves, which `start` leaves behind. */
const DAEMON = 'daemon';
const ADDRESS_FILE = 'address';

/** A shim. */
export interface ShimDefinition {
  /** As containerd's users name it: `io.containerd.nest.v1` for the binary `containerd-shim-nest-v1`. */
  readonly name: string;
  readonly version?: string;
  /**
   * How containers are run. A function is called in the process that serves only, not for `start` and `delete`: it may make a
   * Nest application and give a provider of it. For `delete` after a crash `cleanUp` is called instead.
   */
  readonly runner: ShimRunner | (() => ShimRunner | Promise<ShimRunner>);
  /** Called by `delete` when the shim is gone, after its processes have been ended. */
  cleanUp?(container: { id: string; namespace: string; bundle: string }): void | Promise<void>;
}

const MEMBERS: OptionNames<ShimDefinition> = { name: true, version: true, runner: true, cleanUp: true };

/** What {@link defineShim} gives. */
export interface Shim {
  /** Does what the command line says; the last thing a shim's program calls. Never rejects: what fails is said on stderr, with status 1. */
  main(argv?: readonly string[]): Promise<void>;
}

/**
 * Makes a containerd runtime shim (v2): the program that containerd starts for each container, which outlives it. `main()`
 * does `start` (leaves a process behind that serves the Task service, versions 2 and 3, and gives up its pipes), `delete`
 * (ends what a crash has left), `-v` and `-info`.
 * The program must be one that containerd can run: `containerd-shim-<name>-<version>` in PATH, executable, a first line `#!`.
 * @throws TypeError for a definition without a name or a runner, and for a literal with a member that is none of these
 */
export function defineShim(definition: ShimDefinition): Shim {
  checkDefinition(definition);
  return {
    async main(argv = process.argv.slice(2)) {
      try {
        await run(definition, parseFlags(argv));
      } catch (error) {
        process.stderr.write(`${definition.name}: ${messageOf(error)}\n`);
        process.exitCode = 1;
      }
    },
  };
}

/** Now, since a mistake would show only when containerd makes a container. */
function checkDefinition(definition: unknown): void {
  const { name, runner } = (definition ?? {}) as { name?: unknown; runner?: unknown };
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`defineShim: name: expected a name such as 'io.containerd.nest.v1', got ${describe(name)}`);
  }
  if (typeof runner !== 'function' && (typeof runner !== 'object' || runner === null)) {
    throw new TypeError(
      `defineShim: runner: expected a ShimRunner or a function that gives one, got ${describe(runner)}`,
    );
  }
  // An object of a class may have members of its own.
  if (Object.getPrototypeOf(definition) === Object.prototype) {
    refuseUnknownOptions('defineShim', definition as object, MEMBERS);
  }
}

async function run(definition: ShimDefinition, flags: ShimFlags): Promise<void> {
  const { name, version = '0.0.0' } = definition;
  if (flags.version) {
    process.stdout.write(`${name}:\n  Version:  ${version}\n`);
  } else if (flags.info) {
    const info = { name, version: { version } };
    process.stdout.write(containerdSchema().findType('containerd.types.RuntimeInfo')?.encode(info) ?? '');
  } else if (flags.action === 'start') {
    await start(flags);
  } else if (flags.action === 'delete') {
    await remove(definition, flags);
  } else if (flags.action === '' && flags.id === '') {
    throw new Error(
      'a shim is started by containerd (ctr run --runtime …) or by ShimClient, which say what it is to do',
    );
  } else if (flags.action === DAEMON || flags.action === '') {
    await serveTasks(definition, flags);
  } else {
    throw new Error(`unknown action ${JSON.stringify(flags.action)}: expected start or delete`);
  }
}

async function start(flags: ShimFlags): Promise<void> {
  // Else the process could not be started there, which would look as if there was no Node.
  if (!existsSync(flags.bundle)) throw new Error(`-bundle ${flags.bundle}: there is no such folder`);
  const params = bootstrapParams(await readAll(process.stdin), flags);
  const address = shimAddress(flags, params?.socketDir || undefined);
  const [node, program] = process.argv as [string, string];
  const args = ['-namespace', flags.namespace, '-id', flags.id, '-address', flags.address, '-bundle', flags.bundle];
  const daemon = spawn(node, [...process.execArgv, program, ...args, DAEMON], {
    cwd: flags.bundle,
    detached: true,
    // containerd waits until stdout and stderr of `start` are closed.
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      SHIM_SOCKET: address,
      ...(params?.containerdTtrpcAddress && { TTRPC_ADDRESS: params.containerdTtrpcAddress }),
    },
  });
  const said = await readAll(daemon.stdio[3] as Readable);
  if (String(said) !== 'ready') throw new Error(String(said) || 'the shim has ended before it served');
  daemon.unref();
  // containerd 1.x looks here after it was restarted; 2.x writes bootstrap.json itself.
  writeFileSync(join(flags.bundle, ADDRESS_FILE), address, { mode: 0o600 });
  process.stdout.write(startResponse(address, params));
}

async function serveTasks(definition: ShimDefinition, flags: ShimFlags): Promise<void> {
  const address = process.env['SHIM_SOCKET'] ?? shimAddress(flags);
  const report = (text: string): void => {
    if (flags.action === DAEMON) writeFileSync(3, text);
  };
  try {
    const { runner: given } = definition;
    const runner = typeof given === 'function' ? await given() : given;
    const publisher = new EventPublisher({ namespace: flags.namespace, onLost: () => undefined });
    makeSocketFolder(address);
    const handlers = taskHandlers({
      namespace: flags.namespace,
      runner,
      publisher,
      onShutdown: () => {
        void (async () => {
          // The response of the call is still to be sent.
          await server.close({ gracePeriodMs: 500 });
          await publisher.close();
          process.exit(0);
        })();
      },
    });
    const services = [implement(taskService(2), handlers), implement(taskService(3), handlers)];
    const server = await serve(address, services, { socketMode: 0o600 });
    // containerd's shims are ended by SIGKILL or by Shutdown; a terminal's signals are not for them.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => undefined);
    report('ready');
  } catch (error) {
    report(messageOf(error));
    throw error;
  } finally {
    if (flags.action === DAEMON) closeReport();
  }
}

function makeSocketFolder(address: string): void {
  const path = dirname(address.replace('unix://', ''));
  try {
    mkdirSync(path, { recursive: true, mode: 0o711 });
  } catch (cause) {
    throw new Error(`cannot make the folder of the shim's socket, ${path}: ${messageOf(cause)}`, { cause });
  }
}

function closeReport(): void {
  // By its number: the descriptor was handed down.
  closeSync(3);
}

async function remove(definition: ShimDefinition, flags: ShimFlags): Promise<void> {
  const { id, namespace, bundle } = flags;
  const [pid = 0] = killNoted(bundle);
  await definition.cleanUp?.({ id, namespace, bundle });
  removeSocket(bundle);
  const response = { pid, exitStatus: KILLED, exitedAt: new Date() };
  process.stdout.write(containerdSchema().findType('containerd.task.v2.DeleteResponse')?.encode(response) ?? '');
}

function removeSocket(bundle: string): void {
  try {
    const address = readFileSync(join(bundle, ADDRESS_FILE), 'utf8').trim();
    if (address.startsWith('unix:///')) unlinkSync(address.slice('unix://'.length));
  } catch {
    // The shim has removed it itself, or never had one.
  }
  rmSync(join(bundle, ADDRESS_FILE), { force: true });
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}
