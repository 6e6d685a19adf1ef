import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call } from './client.js';
import { serve } from './server.js';

// One controller over gRPC and over ttrpc, in one application; one client that talks to either.
const folder = mkdtempSync(join(tmpdir(), 'hybrid-'));
const socket = `unix://${join(folder, 'heroes.sock')}`;
const tcp = `127.0.0.1:${await freePort()}`;
const app = await serve(tcp, socket);
try {
  const overGrpc = await call(tcp);
  const overTtrpc = await call(socket);
  for (const [name, lines] of [
    ['gRPC on TCP', overGrpc],
    ['ttrpc on a unix socket', overTtrpc],
  ] as const) {
    console.log(`${name}:`);
    for (const line of lines) console.log(`  ${line}`);
  }
  const same = overGrpc.join() === overTtrpc.join();
  console.log(same ? 'Both gave the same.' : 'The two differ.');
  if (!same) process.exitCode = 1;
} finally {
  await app.close();
  rmSync(folder, { recursive: true });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
