import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a container with busybox has in its /bin. */
const COMMANDS = ['sh', 'echo', 'cat', 'ls', 'ps', 'sleep', 'hostname', 'id'];

/**
 * Makes a bundle, which is all that a container needs: a folder with its root file system and a config.json that says what
 * runs in it. runc writes the config.json of a container with namespaces of its own; here it gets another command.
 */
export function makeBundle(folder: string, args: readonly string[]): void {
  const bin = join(folder, 'rootfs/bin');
  mkdirSync(bin, { recursive: true });
  cpSync('/bin/busybox', join(bin, 'busybox'));
  for (const command of COMMANDS) symlinkSync('busybox', join(bin, command));
  execFileSync('runc', ['spec', '--bundle', folder]);
  const file = join(folder, 'config.json');
  const spec = JSON.parse(readFileSync(file, 'utf8')) as { process: { args: readonly string[]; terminal: boolean } };
  spec.process.args = args;
  spec.process.terminal = false;
  writeFileSync(file, JSON.stringify(spec));
}
