import { createInterface } from 'node:readline';
import type { Load, RunResult } from '../../model.js';
import type { BenchClient, Connect } from './bench-client.js';
import { Values, type BodyKind } from './values.js';
import { runLoad } from './run-load.js';

type Command =
  { op: 'connect'; path: string; connections: number } | ({ op: 'run' } & Load) | { op: 'collect' } | { op: 'close' };

/** Obeys the runner on stdin, one JSON object a line, until it ends. */
export function drive(connect: Connect, body: BodyKind = 'bytes'): void {
  const clients: BenchClient[] = [];
  const values = new Values(body);

  async function obey(command: Command): Promise<RunResult | object> {
    switch (command.op) {
      case 'connect':
        for (let i = 0; i < command.connections; i++) clients.push(await connect(command.path));
        return {};
      case 'run':
        return runLoad(command, clients, values);
      case 'collect':
        // There only with the flag with which the bench starts it (bench/peers/peers.ts).
        (globalThis as { gc?: () => void }).gc?.();
        return {};
      case 'close':
        for (const client of clients.splice(0)) await client.close();
        return {};
    }
  }

  async function main(): Promise<void> {
    process.stdout.write('{"ready":true}\n');
    for await (const line of createInterface({ input: process.stdin })) {
      let answer: object;
      try {
        answer = await obey(JSON.parse(line) as Command);
      } catch (error) {
        answer = { error: String((error as Error).stack) };
      }
      process.stdout.write(`${JSON.stringify(answer)}\n`);
    }
    process.exit(0);
  }
  void main();
}
