import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A runtime for containerd: the runc shim with a tap before it, which shows and saves containerd's calls. */
export class TappedShim {
  /** The runtime, as `ctr run --runtime` takes it. */
  readonly runtime: string;
  /** What the tap has saved, whole once it has stopped. */
  readonly recording: string;
  /** The container's config.json, which containerd removes with the container. */
  readonly config: string;

  /**
   * Puts it into `folder`; `command` is the file of the `ttrpc` command, `events` the socket to which the shim sends its
   * events, `args` are further flags of the tap.
   */
  constructor(
    private readonly folder: string,
    command: string,
    { events, args = [] }: { events: string; args?: readonly string[] },
  ) {
    const at = (name: string): string => join(folder, name);
    this.runtime = at('containerd-shim-tapped-v2');
    this.recording = at('task.ttrpc');
    this.config = at('config.json');
    writeFileSync(
      this.runtime,
      `#!/bin/sh
export TTRPC_ADDRESS=${events}
case " $* " in *" start "*) ;; *) exec containerd-shim-runc-v2 "$@" ;; esac
cp config.json ${this.config}
address=$(containerd-shim-runc-v2 "$@") || exit
${process.execPath} ${command} tap --no-reflection --save ${this.recording} ${args.join(' ')} ${at('task.sock')} "$address" \\
  </dev/null >${this.#output} 2>${at('task.log')} &
echo $! >${this.#pidFile}
until [ -s ${at('task.log')} ]; do sleep 0.05; done
echo unix://${at('task.sock')}
`,
      { mode: 0o755 },
    );
    writeFileSync(this.#output, '');
  }

  /** What the tap has shown so far. */
  output(): string {
    return readFileSync(this.#output, 'utf8');
  }

  /** Resolves when the tap has shown `text`. */
  async shows(text: string): Promise<void> {
    const watcher = watch(this.#output);
    try {
      while (!this.output().includes(text)) await new Promise((resolve) => watcher.once('change', resolve));
    } finally {
      watcher.close();
    }
  }

  /** Ends the tap, if it was started; resolves when it has written all. */
  async stop(): Promise<void> {
    if (!existsSync(this.#pidFile)) return;
    const pid = Number(readFileSync(this.#pidFile, 'utf8'));
    if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGINT');
    // It is no child of this process, which would hear of its end.
    while (existsSync(`/proc/${pid}`)) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  get #output(): string {
    return join(this.folder, 'task.out');
  }

  get #pidFile(): string {
    return join(this.folder, 'task.pid');
  }
}
