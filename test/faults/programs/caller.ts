// A client in a process of its own: node --import …/register-sources.mjs caller.ts <address> <calls>. Makes so many calls, one
// after the other, and prints how many were answered.
import { connect } from 'nestjs-ttrpc/protocol';

const [, , url = '', calls = '0'] = process.argv;
const client = await connect(url);
process.stdout.write('ready\n');
let answered = 0;
let failed = 0;
for (let i = 0; i < Number(calls); i++) {
  await client.call('faults.v1.Counter', 'Echo', Buffer.from(String(i)), { timeoutMs: 500 }).then(
    (bytes) => (Buffer.from(bytes).toString() === String(i) ? answered++ : failed++),
    () => failed++,
  );
}
process.stdout.write(`answered ${answered}, failed ${failed}\n`);
client.close();
