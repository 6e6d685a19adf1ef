/**
 * Our peer as a process of its own: `main.ts server <observables|iterables> -addr <url>` or `main.ts client
 * <observables|iterables>`, with commands on stdin and responses on stdout (../README.md).
 */
import { createInterface } from 'node:readline';
import type { Channel } from '../peer.js';
import { nestDriver } from './driver.js';
import type { Flavour } from './flavour.js';
import { nestServer } from './server.js';

const [role, flavour, , address = ''] = process.argv.slice(2);

const write = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

async function start(): Promise<Channel> {
  if (role !== 'server') {
    const driver = await nestDriver(flavour as Flavour);
    write({ ready: true });
    return driver;
  }
  const { bound, channel } = await nestServer(address, flavour as Flavour);
  write({ ready: true, address: bound });
  return channel;
}

const channel = await start();
for await (const line of createInterface({ input: process.stdin })) {
  const { id, op, ...fields } = JSON.parse(line) as { id: number; op: string };
  void channel.command(op, fields).then(
    (answer) => write({ ...(answer as object), id }),
    (error: unknown) => write({ id, error: error instanceof Object && 'message' in error ? error.message : error }),
  );
}
await channel.stop();
