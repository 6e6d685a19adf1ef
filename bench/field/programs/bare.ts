// What Node itself needs: `connect <socket>` as a plugin does, `listen <socket>` as a server does, and `start`, `daemon` and
// `delete` as a shim does, without anything that these do then.
import { spawn } from 'node:child_process';
import { closeSync, writeFileSync, writeSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

const args = process.argv.slice(2);
const action = args.at(-1) ?? '';
if (action === 'start') start();
else if (action === 'daemon') daemon();
else if (action === 'delete') writeSync(1, new Uint8Array(20));
else if (args[0] === 'listen') createServer().listen(action, () => console.log('ready'));
else createConnection(action).resume();

function start(): void {
  const [node, program] = process.argv as [string, string];
  const child = spawn(node, [...process.execArgv, program, 'daemon'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const report = child.stdio[3] as Readable;
  report.resume().once('close', () => {
    child.unref();
    process.stdout.write(`unix://${join(process.cwd(), 'bare.sock')}`);
  });
}

function daemon(): void {
  const server = createServer((peer) => peer.on('data', () => peer.write(String(process.pid))));
  server.listen('bare.sock', () => {
    writeFileSync(3, 'ready');
    closeSync(3);
  });
}
