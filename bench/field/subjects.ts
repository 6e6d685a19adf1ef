import { bundled, compileCache, compiled, goProgram, PROTO, snapshot } from './build.js';
import type { Subject } from './subject.js';

/** All programs that are measured, with the Node at `node`. */
export function subjects(node: string): Subject[] {
  const [major = 0] = process.versions.node.split('.').map(Number);
  const hasCompileCache = major >= 22;
  const one = (
    kind: Subject['kind'],
    id: string,
    name: string,
    command: readonly string[],
    isBare = false,
  ): Subject => ({ kind, id: `${kind}-${id}`, name, command, isBare });
  const cached = (name: string): string[] => [
    '/usr/bin/env',
    `NODE_COMPILE_CACHE=${compileCache(name)}`,
    node,
    bundled(name),
  ];
  const perhaps = (each: Subject): Subject[] => (hasCompileCache ? [each] : []);
  return [
    one('plugin', 'go', 'Go, `pkg/stub` of NRI', [goProgram('nri-logger')]),
    one('plugin', 'bare', 'bare Node, which connects', [node, compiled('bare'), 'connect'], true),
    one('plugin', 'files', '`runPlugin`, from its files', [node, compiled('nri-logger')]),
    one('plugin', 'one', '`runPlugin`, in one file', [node, bundled('nri-logger')]),
    ...perhaps(one('plugin', 'cache', '`runPlugin`, in one file, compile cache', cached('nri-logger'))),
    // A snapshot has no program: what stands in its place is no file.
    one('plugin', 'snapshot', '`runPlugin`, a snapshot', [node, '--snapshot-blob', snapshot('nri-logger'), 'plugin']),
    one('plugin', 'nest', '`NriModule` with Nest, from its files', [node, compiled('sample-nri-logger')]),
    one('plugin', 'nest-one', '`NriModule` with Nest, in one file', [node, bundled('sample-nri-logger')]),
    one('server', 'bare', 'bare Node, which listens', [node, compiled('bare'), 'listen'], true),
    one('server', 'files', '`serve` with a schema, from its files', [node, compiled('server'), PROTO]),
    one('server', 'one', 'the same, in one file', [node, bundled('server'), PROTO]),
    ...perhaps(one('server', 'cache', 'the same, in one file, compile cache', [...cached('server'), PROTO])),
    one('server', 'snapshot', 'a snapshot', [node, '--snapshot-blob', snapshot('server'), 'server', PROTO]),
    one('shim', 'go', 'Go, `pkg/shim` of containerd', [goProgram('containerd-shim-plain-v1')]),
    one('shim', 'bare', 'bare Node, which listens', [node, compiled('bare')], true),
    one('shim', 'files', '`defineShim`, from its files', [node, compiled('shim')]),
    one('shim', 'one', '`defineShim`, in one file', [node, bundled('shim')]),
    ...perhaps(one('shim', 'cache', '`defineShim`, in one file, compile cache', cached('shim'))),
    one('shim', 'snapshot', '`defineShim`, a snapshot', [node, '--snapshot-blob', snapshot('shim'), 'shim']),
    one('shim', 'nest', '`defineShim` with Nest, from its files', [node, compiled('nest-shim')]),
    one('shim', 'nest-later', 'the same, Nest loaded where it serves', [node, compiled('nest-shim-later')]),
    one('shim', 'nest-one', '`defineShim` with Nest, in one file', [node, bundled('nest-shim')]),
  ];
}
