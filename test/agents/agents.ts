import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from '../interop/program.js';
import { goProgram, goVersion } from '../interop/go-peer.js';

/** How long a first build of the Go program may take, in ms. */
export const BUILD_MS = 300_000;

export const hasGo = (await goVersion()) !== undefined;
if (!hasGo) process.stderr.write('no Go: calls of agents by their .proto files are not tested\n');

/** Files of ours, with the names and numbers of the published ones. */
const ours = fileURLToPath(new URL('protos', import.meta.url));

/**
 * The .proto files of a project, published or ours. No registry has a package with them, so the tests have files of their
 * own. KATA_PROTOS and COCO_PROTOS name folders with the published ones, which are then used in their place:
 * `src/libs/protocols/protos` of kata-containers and `protos/protos` of guest-components.
 */
export interface Protos {
  readonly folder: string;
  readonly files: readonly string[];
  /** The same files of ours. */
  readonly ours: string;
}

export const KATA: Protos = protosOf('kata', process.env['KATA_PROTOS'], ['agent.proto', 'health.proto']);

export const COCO: Protos = protosOf('coco', process.env['COCO_PROTOS'], [
  'attestation-agent/attestation-agent.proto',
  'confidential-data-hub/api.proto',
  'confidential-data-hub/keyprovider.proto',
]);

function protosOf(name: string, published: string | undefined, files: readonly string[]): Protos {
  const folder = join(ours, name);
  return { folder: published ?? folder, files, ours: folder };
}

/** The paths of the files, for `protoPath`. */
export function pathsOf({ folder, files }: Pick<Protos, 'folder' | 'files'>): string[] {
  return files.map((file) => join(folder, file));
}

/** Messages as protobuf's JSON has them, with the names of the .proto files. */
export const AS_JSON = { keepCase: true, longs: String, enums: String, bytes: String } as const;

/** A message as protobuf's JSON has it. */
export type Json = Record<string, unknown>;

/** What a method of the stub received last. */
interface Seen {
  request: Json;
  metadata: Record<string, string[]> | null;
  ended: string;
}

/** A Go program that reads .proto files as they are: a stub that serves them, and a client that calls. */
export class GoAgent {
  private constructor(
    private readonly program: Program,
    readonly url: string,
  ) {}

  static async start(url: string, { folder, files }: Pick<Protos, 'folder' | 'files'>): Promise<GoAgent> {
    const args = ['-protos', folder, '-files', files.join(','), '-addr', url];
    const [program] = await Program.start('go agent', await goProgram('agent'), args);
    return new GoAgent(program, url);
  }

  /** For each method of each service, `service/method`: messages with every field set. */
  async samples(): Promise<Record<string, { request: Json; response: Json }>> {
    const { samples } = (await this.program.command('samples')) as { samples: Record<string, never> };
    return samples;
  }

  /** Has a method of the stub respond so, from now on, in place of comparing its request with the sample. */
  async respond(
    method: string,
    what: { response: Json } | { code: number; message: string } | { wait: true },
  ): Promise<void> {
    await this.program.command('respond', { method, ...what });
  }

  async seen(method: string): Promise<Seen> {
    return (await this.program.command('seen', { method })) as Seen;
  }

  /** Calls as a client; without a request with the sample. `same` says whether the response was the sample. */
  async call(
    addr: string,
    method: string,
    options: { request?: Json; metadata?: Record<string, string[]>; timeoutMs?: number } = {},
  ): Promise<{ response?: Json; same?: boolean; code?: number; message?: string }> {
    return (await this.program.command('call', { addr, method, ...options })) as Record<string, never>;
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }
}
