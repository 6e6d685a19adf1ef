import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** True where containerd and what belongs to it are installed, and may be used. */
export const hasContainerd =
  process.platform === 'linux' && process.getuid?.() === 0 && ['containerd', 'ctr', 'runc'].every(isInstalled);

if (!hasContainerd) {
  process.stderr.write('tests with containerd are skipped: they need containerd, ctr and runc in PATH, and root\n');
}

function isInstalled(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The image of pods' own containers. */
export const SANDBOX_IMAGE = 'test.local/busybox:1';

/** What a program that has ended said. */
export interface Output {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a test's containerd may have beside ctr's needs. */
export interface ContainerdOptions {
  /** The folder of `containerd`, `ctr` and `containerd-shim-runc-v2`. Default: those in PATH. */
  programs?: string;
  /** Serve Kubernetes' CRI, too, with NRI at `nri.sock`. */
  cri?: boolean;
}

/** A containerd of a test's own, with all that it has in one folder. */
export class Containerd {
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(
    private readonly folder: string,
    private readonly programs: string | undefined,
  ) {}

  /** Where it serves gRPC. */
  get socket(): string {
    return join(this.folder, 'c.sock');
  }

  /** Where it serves ttrpc. */
  get ttrpcSocket(): string {
    return join(this.folder, 't.sock');
  }

  /** Where NRI plugins connect. */
  get nriSocket(): string {
    return join(this.folder, 'nri.sock');
  }

  static async start(folder: string, { programs, cri = false }: ContainerdOptions = {}): Promise<Containerd> {
    const containerd = new Containerd(folder, programs);
    writeFileSync(join(folder, 'config.toml'), cri ? containerd.#criConfig() : containerd.#config());
    await containerd.begin();
    return containerd;
  }

  #config(): string {
    return `version = 2
root = "${this.folder}/root"
state = "${this.folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri"]
[grpc]
  address = "${this.socket}"
[ttrpc]
  address = "${this.ttrpcSocket}"
`;
  }

  /** For containerd 2.x. Pods need an image of their own and, unless they use the network of the machine, CNI. */
  #criConfig(): string {
    return `version = 3
root = "${this.folder}/root"
state = "${this.folder}/state"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "${this.socket}"
[ttrpc]
  address = "${this.ttrpcSocket}"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "native"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "${SANDBOX_IMAGE}"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    conf_dir = "${this.folder}/cni"
    bin_dirs = ["${this.folder}/cni-bin"]
[plugins.'io.containerd.nri.v1.nri']
  disable = false
  socket_path = "${this.nriSocket}"
  plugin_path = "${this.folder}/nri-plugins"
  plugin_config_path = "${this.folder}/nri-config"
[plugins.'io.containerd.grpc.v1.cri']
  disable_tcp_service = true
  stream_server_port = "0"
`;
  }

  #program(name: string): string {
    return this.programs === undefined ? name : join(this.programs, name);
  }

  /** Starts it, also again. */
  begin(): Promise<void> {
    const child = spawn(this.#program('containerd'), ['-c', join(this.folder, 'config.toml')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // It looks for its shims there.
      env: { ...process.env, PATH: [this.programs, process.env['PATH']].filter(Boolean).join(delimiter) },
    });
    this.#process = child;
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`containerd has ended: ${this.#log.slice(-2000)}`)));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
        if (this.#log.includes('containerd successfully booted')) resolve();
      });
    });
  }

  /** Ends it; shims go on. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (!child) return;
    this.#process = undefined;
    this.#log = '';
    child.removeAllListeners('exit');
    await new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill(signal);
    });
  }

  /** Runs ctr to its end. */
  async ctr(...args: string[]): Promise<Output> {
    try {
      const { stdout, stderr } = await run(this.#program('ctr'), ['-a', this.socket, ...args], {
        timeout: 60_000,
        maxBuffer: 64 << 20,
      });
      return { status: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
      return { status: code ?? -1, stdout, stderr };
    }
  }

  /** Starts ctr with pipes. */
  startCtr(...args: string[]): ChildProcess {
    return spawn(this.#program('ctr'), ['-a', this.socket, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** The task's row of `ctr task ls`: its pid and its status. */
  async task(id: string): Promise<{ pid: number; status: string } | undefined> {
    const { stdout } = await this.ctr('task', 'ls');
    const row = stdout.split('\n').find((line) => line.split(/\s+/)[0] === id);
    const [, pid, status = ''] = row?.split(/\s+/) ?? [];
    return row === undefined ? undefined : { pid: Number(pid), status };
  }
}
