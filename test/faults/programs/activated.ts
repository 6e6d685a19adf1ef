// A server that its parent has given a listening socket, as systemd does: node --import …/register-sources.mjs activated.ts <address>.
import { serve } from 'nestjs-ttrpc/protocol';

const [, , url = ''] = process.argv;
// systemd says for whom its descriptors are and how many; the first one is 3.
const server = await serve(url, { 'faults.v1.Counter': { Echo: (request) => request } });
process.stdout.write(`ready on ${server.addresses.join()} with ${process.env['LISTEN_FDS']}\n`);
process.once('SIGTERM', () => void server.close());
