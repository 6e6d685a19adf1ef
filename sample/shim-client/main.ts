// Runs a container with containerd's runc shim and without containerd; docs/containerd.md says more.
// node dist/dev/shim-client/sample/shim-client/main.js [command…]: as root, with runc, containerd-shim-runc-v2 and busybox installed.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { receiveEvents, ShimClient, ShimStdio, type EventReceiver } from 'nestjs-ttrpc/containerd';
import { makeBundle } from './bundle.js';

const args = process.argv.length > 2 ? process.argv.slice(2) : ['/bin/sh', '-c', 'echo hello from $(hostname); exit 7'];
const folder = mkdtempSync(join(tmpdir(), 'shim-client-'));
const id = `sample-${process.pid}`;
const bundle = join(folder, id);
try {
  mkdirSync(bundle);
  makeBundle(bundle, args);
  process.exitCode = await run();
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function run(): Promise<number> {
  // In place of containerd: the shim sends its events here.
  const events = await receiveEvents(join(folder, 'events.sock'));
  try {
    const printed = print(events);
    const exitStatus = await runContainer(events.addresses[0] ?? '');
    await printed;
    console.log(`ended with status ${exitStatus}`);
    return exitStatus;
  } finally {
    await events.close();
  }
}

async function print(events: EventReceiver): Promise<void> {
  for await (const { topic } of events) {
    console.log(`event: ${topic}`);
    if (topic === '/tasks/delete') break;
  }
}

async function runContainer(ttrpcAddress: string): Promise<number> {
  const binary = process.env['SHIM'] ?? '/usr/bin/containerd-shim-runc-v2';
  // Runs `containerd-shim-runc-v2 start`, which leaves the shim behind and says where it serves.
  const shim = await ShimClient.start({ binary, id, namespace: 'sample', bundle, ttrpcAddress });
  console.log(`the shim serves the Task service, version ${shim.address.version}`);
  const { task } = shim;
  const stdio = await ShimStdio.create(folder, 'init');
  try {
    stdio.stdout.pipe(process.stdout, { end: false });
    stdio.stderr.pipe(process.stderr, { end: false });
    const { pid } = await task.create({ id, bundle, ...stdio.paths });
    console.log(`created: process ${pid} waits to become the container's`);
    await task.start({ id });
    stdio.started();
    const { exitStatus } = await task.wait({ id });
    await task.delete({ id });
    return exitStatus;
  } finally {
    // The shim ends when it has no container any more; its response may be lost with it.
    await task.shutdown({ id, now: true }).catch(() => undefined);
    await shim.close();
    stdio.close();
  }
}
