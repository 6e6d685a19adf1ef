// A server of retry.v1.Store that is killed and started again: node --import …/register-sources.mjs retried.ts <address> <proto>
import { implement, serve } from 'nestjs-ttrpc/protocol';
import { loadServices } from 'nestjs-ttrpc/schema';

const [, , url = '', protoPath = ''] = process.argv;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * 5));

await serve(url, [
  implement(loadServices({ protoPath }).get('Store'), {
    async get({ number = 0 }: { number?: number }) {
      // Some are in flight whenever the process is killed.
      await pause();
      return { number };
    },
    async *list({ number = 0 }: { number?: number }) {
      await pause();
      yield { text: `${number}.0` };
      yield { text: `${number}.1` };
    },
  }),
]);
process.stdout.write('ready\n');
