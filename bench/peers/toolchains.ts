import { buildGo } from './go-programs.js';
import { buildRust } from './rust-programs.js';

/** What building the peers gave. */
export interface Toolchains {
  /** Versions by tool. */
  versions: Record<string, string>;
  /** Peers that are not there, with the reason. */
  missing: Record<string, string>;
}

/** Builds the peers that are compiled; those whose compiler is not there are missing. */
export async function buildPeers(): Promise<Toolchains> {
  const made: Toolchains = { versions: { node: process.version }, missing: {} };
  const go = await buildGo();
  if (go === undefined) {
    for (const peer of ['go-ttrpc', 'grpc-go']) made.missing[peer] = 'no Go toolchain: there is no "go" in PATH';
  } else {
    made.versions['go'] = go;
  }
  const rust = await buildRust();
  if (rust === undefined) made.missing['rust-ttrpc'] = 'no Rust toolchain: there is no "cargo" in PATH';
  else made.versions['rust'] = rust;
  return made;
}
