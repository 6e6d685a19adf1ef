// A client that runs out of open files: node --import …/register-sources.mjs few-files.ts <address>. Prints how a call ended
// while there were none, and afterwards.
import { closeSync, openSync } from 'node:fs';
import { connect, TtrpcError } from 'nestjs-ttrpc/protocol';

const [, , url = ''] = process.argv;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function call(): Promise<string> {
  try {
    const client = await connect(url);
    try {
      return `answered ${Buffer.from(await client.call('faults.v1.Counter', 'Echo', Buffer.from('x'))).toString()}`;
    } finally {
      client.close();
    }
  } catch (error) {
    return error instanceof TtrpcError ? `failed ${error.code} ${error.message}` : `raised ${String(error)}`;
  }
}

// What the engine loads on first use is loaded.
say(`before: ${await call()}`);
const files: number[] = [];
try {
  for (;;) files.push(openSync('/dev/null', 'r'));
} catch {
  // None is left.
}
const without = await call();
for (const file of files) closeSync(file);
say(`without: ${without}`);
say(`after: ${await call()}`);
