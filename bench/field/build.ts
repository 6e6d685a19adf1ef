import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transformSync } from '@swc/core';
import { swcOptions } from '../../scripts/typescript/swc-options.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
/** What the server serves. */
export const PROTO = join(root, 'bench/proto/bench.proto');
/** Inside the package, so that its name is found; one for each Node, whose snapshots fit no other. */
const output = join(root, 'dist/field', `node-${process.versions.node}`);
const goModule = join(root, 'bench/field/go');
const goOutput = join(goModule, 'bin');
const ESBUILD = 'esbuild@0.28.2';
/** As docs/fast-start.md has it: what Nest loads only where it is used. */
const EXTERNAL = [
  '@nestjs/websockets*',
  '@nestjs/platform-*',
  'class-validator',
  'class-transformer*',
  '@grpc/*',
  'kafkajs',
  'mqtt',
  'nats',
  '@nats-io/*',
  'ioredis',
  'amqp*',
  'koffi',
].map((name) => `--external:${name}`);

/** The program of a file of ours, compiled. */
export const compiled = (name: string): string => join(output, `${name}.js`);
/** The same in one file. */
export const bundled = (name: string): string => join(output, `${name}.cjs`);
/** A snapshot of that, made by the Node that starts it. */
export const snapshot = (name: string): string => join(output, `${name}.blob`);
/** A program of bench/field/go, or the runtime of test/nri/go. */
export const goProgram = (name: string): string => join(goOutput, name);

/** Compiles the programs; the library must have been built. */
export function compilePrograms(): void {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const programs = ['nri-logger', 'shim', 'server', 'nest-processes', 'nest-shim', 'nest-shim-later', 'bare'];
  for (const name of programs) compile(join(root, `bench/field/programs/${name}.ts`), compiled(name));
  compile(join(root, 'sample/nri-logger/main.ts'), compiled('sample-nri-logger'));
}

function compile(from: string, to: string): void {
  const options = { ...swcOptions, sourceMaps: false, filename: from };
  writeFileSync(to, transformSync(readFileSync(from, 'utf8'), options).code);
}

/** Puts programs into one file each, by esbuild from npm. */
export async function bundlePrograms(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const flags = ['--bundle', '--platform=node', '--format=cjs', '--keep-names', '--log-level=error'];
    const args = [compiled(name), ...flags, `--outfile=${bundled(name)}`, ...EXTERNAL];
    await run('npx', ['--yes', '--prefer-offline', ESBUILD, ...args], { cwd: root });
  }
}

/** Makes snapshots of bundled programs, by the Node at `node`. */
export async function makeSnapshots(names: readonly string[], node: string): Promise<void> {
  for (const name of names) {
    await run(node, ['--snapshot-blob', snapshot(name), '--build-snapshot', bundled(name)], { cwd: output });
  }
}

/** Builds the programs in Go; resolves with the version of Go. */
export async function buildGo(): Promise<string> {
  mkdirSync(goOutput, { recursive: true });
  await run('go', ['build', '-o', `${goOutput}/`, './cmd/...'], { cwd: goModule });
  await run('go', ['build', '-o', goProgram('nri-runtime'), './cmd/runtime'], { cwd: join(root, 'test/nri/go') });
  const { stdout } = await run('go', ['version']);
  return stdout.trim().replace(/^go version /, '');
}

/** Where Node may keep compiled code. */
export const compileCache = (name: string): string => join(output, `cache-${basename(name)}`);
