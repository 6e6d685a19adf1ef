import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The programs of a Go module of ours (its folder `cmd`), built once for each state of its sources into its folder `bin`. */
export class GoPrograms {
  #built: Promise<string> | undefined;

  constructor(private readonly folder: string) {}

  /** The path of a program. Rejects with the compiler's words. */
  async path(name: string): Promise<string> {
    this.#built ??= this.#build();
    return join(await this.#built, name);
  }

  async #build(): Promise<string> {
    const bin = join(this.folder, 'bin');
    const folder = join(bin, await this.#hash());
    if (existsSync(folder)) return folder;
    await mkdir(bin, { recursive: true });
    const fresh = await mkdtemp(join(bin, 'building-'));
    try {
      await run('go', ['build', '-o', `${fresh}/`, './cmd/...'], { cwd: this.folder });
      // In one step: others may build the same at the same time, and whoever comes second finds it done.
      await rename(fresh, folder).catch((error: unknown) => {
        if (!existsSync(folder)) throw error;
      });
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
    for (const name of await readdir(bin)) {
      const each = join(bin, name);
      if (each !== folder && !name.startsWith('building-')) await rm(each, { recursive: true, force: true });
    }
    return folder;
  }

  async #hash(): Promise<string> {
    const { stdout } = await run('go', ['version'], { cwd: this.folder });
    const hash = createHash('sha256').update(stdout);
    const files = (await readdir(this.folder, { recursive: true })).filter((file) =>
      /\.go$|^go\.(mod|sum)$/.test(file),
    );
    for (const file of files.sort()) hash.update(`\0${file}\0`).update(await readFile(join(this.folder, file)));
    return hash.digest('hex').slice(0, 16);
  }
}
