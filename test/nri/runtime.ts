import { fileURLToPath } from 'node:url';
import { GoPrograms } from '../support/go-programs.js';
import { Program } from '../interop/program.js';

/** Built with NRI's newest version. */
export const nriPrograms = new GoPrograms(fileURLToPath(new URL('go', import.meta.url)));
/** Built with NRI 0.3, as containerd 1.7.0 has it. */
export const oldNriPrograms = new GoPrograms(fileURLToPath(new URL('go-0.3', import.meta.url)));

/** How long a first build may take, in ms. */
export const BUILD_MS = 300_000;

/** NRI's own runtime side, in a program of its own. */
export class GoRuntime {
  private constructor(private readonly program: Program) {}

  /** Starts it with a socket in `folder`, and what else `args` say. */
  static async start(socket: string, args: readonly string[] = [], programs = nriPrograms): Promise<GoRuntime> {
    const path = await programs.path('runtime');
    const [program] = await Program.start('nri runtime', path, ['-socket', socket, ...args]);
    return new GoRuntime(program);
  }

  /** What came of the next Synchronize: the updates that the plugin asked for, or why it failed. */
  async synced(): Promise<{ updates: unknown[]; failure?: string }> {
    return (await this.program.command('synced')) as { updates: unknown[]; failure?: string };
  }

  /** The next updates that a plugin asks for by itself. */
  async updates(): Promise<unknown[]> {
    return ((await this.program.command('updates')) as { updates: unknown[] }).updates;
  }

  /** Relays an event to the plugins; resolves with the response. Both are messages as protobuf's JSON has them. */
  async relay(event: string, request: object): Promise<unknown> {
    return ((await this.program.command(event, { request })) as { response: unknown }).response;
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    process.kill(this.program.pid as number, 'SIGKILL');
    await this.program.stop().catch(() => undefined);
  }
}
