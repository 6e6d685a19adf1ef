import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';

/** What the measurements ran on. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  system: string;
}

/** This machine. */
export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
  };
}

const PACKAGES = ['protobufjs', '@nestjs/core', '@nestjs/microservices', 'rxjs', '@grpc/grpc-js'];
const MODULES = ['github.com/containerd/ttrpc', 'google.golang.org/grpc', 'google.golang.org/protobuf'];

function fromRoot(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');
}

/** The versions of the libraries that are measured. */
export function libraryVersions(): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const name of PACKAGES) {
    versions[name] = (JSON.parse(fromRoot(`node_modules/${name}/package.json`)) as { version: string }).version;
  }
  const goMod = fromRoot('bench/go/go.mod');
  for (const name of MODULES) versions[name] = new RegExp(`${name} v(\\S+)`).exec(goMod)?.[1] ?? 'unknown';
  versions['ttrpc (Rust)'] =
    /ttrpc = \{ version = "=([^"]+)"/.exec(fromRoot('bench/rust/Cargo.toml'))?.[1] ?? 'unknown';
  return versions;
}
