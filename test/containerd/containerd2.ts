import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe } from '@jest/globals';
import { hasGo } from '../support/go-module.js';
import { hasContainerd } from './containerd.js';

const run = promisify(execFile);

/** The version of containerd 2.x that is tested. */
export const CONTAINERD_2 = 'v2.4.2';

/** How long a first build may take, in ms: one to two minutes of CPU. */
export const CONTAINERD_2_BUILD_MS = 600_000;

/** Ignored by git. */
const target = fileURLToPath(new URL(`go-containerd/bin/${CONTAINERD_2}`, import.meta.url));

/** True where containerd 2.x may be used and can be had: Go builds it, or has built it. */
export const hasContainerd2 = hasContainerd && (existsSync(target) || (await hasGo()));

if (hasContainerd && !hasContainerd2) {
  process.stderr.write(`no Go: tests with containerd ${CONTAINERD_2}, which Go builds, are skipped\n`);
}

let built: Promise<string> | undefined;

/** The folder of `containerd`, `ctr` and `containerd-shim-runc-v2` of containerd 2.x, built of its Go module at the first use. */
export function containerd2(): Promise<string> {
  return (built ??= build());
}

/** A containerd that tests are run with. */
export interface TestedContainerd {
  readonly name: string;
  /** Of the runtime's protocol, which its shims speak. */
  readonly shimVersion: 2 | 3;
  /** Resolves with the folder of its programs, undefined for those in PATH; the first time may take a build's time. */
  readonly programs: () => Promise<string | undefined>;
  /** Resolves with its runc shim, as {@link programs}. */
  readonly shim: () => Promise<string>;
}

/** Runs `define` in a `describe` for each containerd, named by `title` and its name; skipped where it cannot be had. */
export function describeEachContainerd(title: string, define: (containerd: TestedContainerd) => void): void {
  const each: [boolean, TestedContainerd][] = [
    [
      hasContainerd,
      {
        name: "Debian's containerd",
        shimVersion: 2,
        programs: () => Promise.resolve(undefined),
        shim: () => Promise.resolve('/usr/bin/containerd-shim-runc-v2'),
      },
    ],
    [
      hasContainerd2,
      {
        name: `containerd ${CONTAINERD_2}`,
        shimVersion: 3,
        programs: containerd2,
        shim: async () => join(await containerd2(), 'containerd-shim-runc-v2'),
      },
    ],
  ];
  for (const [isThere, containerd] of each) {
    (isThere ? describe : describe.skip)(`${title} ${containerd.name}`, () => define(containerd));
  }
}

async function build(): Promise<string> {
  if (existsSync(target)) return target;
  const parent = join(target, '..');
  await mkdir(parent, { recursive: true });
  const fresh = await mkdtemp(join(parent, 'building-'));
  try {
    const commands = ['containerd', 'ctr', 'containerd-shim-runc-v2'].map(
      (name) => `github.com/containerd/containerd/v2/cmd/${name}@${CONTAINERD_2}`,
    );
    const env = { ...process.env, GOBIN: fresh, GOFLAGS: '', CGO_ENABLED: '0' };
    await run('go', ['install', '-tags', 'no_btrfs no_zfs no_devmapper', ...commands], { env, maxBuffer: 64 << 20 });
    // In one step: others may build the same at the same time, and whoever comes second finds it done.
    await rename(fresh, target).catch((error: unknown) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return target;
}
