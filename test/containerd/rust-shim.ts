import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cargoVersion } from '../interop/rust-peer.js';
import { hasContainerd } from './containerd.js';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('rust', import.meta.url));

/** The version of the crate `containerd-runc-shim` that is tested. */
export const RUST_SHIM = /^version=(\S+)$/m.exec(readFileSync(join(folder, 'build'), 'utf8'))?.[1] ?? '';

/** How long a first build may take, in ms: two to three minutes of CPU. */
export const RUST_BUILD_MS = 900_000;

/** The crates need it. */
const MINOR_WANTED = 88;

/** True where there is what the tests with Rust's shim and client need. */
export const hasRustShim = hasContainerd && (await minorVersion()) >= MINOR_WANTED;

if (hasContainerd && !hasRustShim) {
  process.stderr.write(`tests with Rust's shim are skipped: they need cargo 1.${MINOR_WANTED} or newer in PATH\n`);
}

async function minorVersion(): Promise<number> {
  return Number(/^cargo 1\.(\d+)/.exec((await cargoVersion()) ?? '')?.[1] ?? 0);
}

let built: Promise<unknown> | undefined;

function build(): Promise<unknown> {
  return (built ??= run(join(folder, 'build')));
}

/** The Rust shim, `containerd-shim-runc-v2-rs`, brought from the registry and built at the first use. */
export async function rustShim(): Promise<string> {
  await build();
  return join(folder, 'target/shim/containerd-shim-runc-v2-rs');
}

/** A client for shims, made with the crate `containerd-shim-protos`. */
export async function rustShimClient(): Promise<string> {
  await build();
  return join(folder, 'target/debug/shim-client');
}
