import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes a bundle with busybox for runc. */
export function makeBundle(bundle: string, args: string[]): void {
  mkdirSync(join(bundle, 'rootfs/bin'), { recursive: true });
  cpSync('/bin/busybox', join(bundle, 'rootfs/bin/busybox'));
  for (const name of ['sh', 'echo', 'sleep', 'cat']) symlinkSync('busybox', join(bundle, 'rootfs/bin', name));
  execFileSync('runc', ['spec', '--bundle', bundle]);
  configure(bundle, args);
}

/** Sets the command of a bundle. */
export function configure(bundle: string, args: string[], { terminal = false } = {}): void {
  const file = join(bundle, 'config.json');
  const spec = JSON.parse(readFileSync(file, 'utf8')) as { process: { args: string[]; terminal: boolean } };
  spec.process.args = args;
  spec.process.terminal = terminal;
  writeFileSync(file, JSON.stringify(spec));
}
