import { fileURLToPath } from 'node:url';
import { goProgram } from './go-programs.js';
import { RUST_PROGRAM } from './rust-programs.js';

const node = (kind: 'servers' | 'drivers', name: string, ...flags: string[]): string[] => [
  process.execPath,
  // For "collect" (bench/node/serve.ts, bench/node/load/drive.ts).
  '--expose-gc',
  ...flags,
  fileURLToPath(new URL(`../node/${kind}/${name}.js`, import.meta.url)),
];

const servers: Record<string, (path: string) => string[]> = {
  'go-ttrpc': (path) => [goProgram('server'), '-kind', 'ttrpc', '-path', path],
  'grpc-go': (path) => [goProgram('server'), '-kind', 'grpc', '-path', path],
  'rust-ttrpc': (path) => [RUST_PROGRAM, 'server', path],
  // docs/performance.md, "Large messages".
  'nest-ttrpc-heap': (path) => [...node('servers', 'nest-ttrpc', '--heap-growing-percent=300'), path],
  // The engine with so many methods.
  ...Object.fromEntries(
    [1, 10, 100, 1000, 2000].map((count) => [
      `engine-methods-${count}`,
      (path: string) => [...node('servers', 'engine'), path, String(count)],
    ]),
  ),
  // docs/more-than-one-core.md: each call computes for 100 µs.
  ...Object.fromEntries(
    ['cluster', 'threads'].flatMap((kind) =>
      [1, 2].map((count) => [
        `nest-${kind}-${count}`,
        (path: string) => [...node('servers', `nest-${kind}`), path, String(count)],
      ]),
    ),
  ),
  ...Object.fromEntries(
    ['floor', 'nest-floor', 'engine', 'nest-ttrpc', 'nest-grpc', 'nest-tcp', 'grpc-js'].map((name) => [
      name,
      (path: string) => [...node('servers', name), path],
    ]),
  ),
};

const drivers: Record<string, () => string[]> = {
  'go-ttrpc': () => [goProgram('driver'), '-kind', 'ttrpc'],
  'grpc-go': () => [goProgram('driver'), '-kind', 'grpc'],
  'rust-ttrpc': () => [RUST_PROGRAM, 'driver'],
  // As the server of that name.
  'nest-ttrpc-heap': () => node('drivers', 'nest-ttrpc', '--heap-growing-percent=300'),
  ...Object.fromEntries(
    ['engine', 'nest-ttrpc', 'nest-grpc', 'nest-tcp', 'grpc-js'].map((name) => [name, () => node('drivers', name)]),
  ),
};

/** The command that starts a server at a socket. */
export function serverCommand(name: string, path: string): string[] {
  const command = servers[name];
  if (!command) throw new Error(`server "${name}": expected one of ${Object.keys(servers).join(', ')}`);
  return command(path);
}

/** The command that starts a driver. */
export function driverCommand(name: string): string[] {
  const command = drivers[name];
  if (!command) throw new Error(`driver "${name}": expected one of ${Object.keys(drivers).join(', ')}`);
  return command();
}
