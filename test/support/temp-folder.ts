import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder for the sockets and files of one test. */
export class TempFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'ttrpc-'));

  /** A unix address in the folder. */
  url(name = 's.sock'): string {
    return `unix://${join(this.path, name)}`;
  }

  /** A path in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** What stands in the folder now. */
  list(): string[] {
    return readdirSync(this.path);
  }

  /** Removes the folder. Fails when a file is left in it, such as the socket of a server that did not close well. */
  close(): void {
    const left = this.list();
    this.remove();
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
  }

  /** Removes the folder with all that is in it. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
