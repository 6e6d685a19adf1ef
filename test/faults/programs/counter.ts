// A server that is killed and started again: node --import …/register-sources.mjs counter.ts <address>. Prints each id that it handles.
import { serve } from 'nestjs-ttrpc/protocol';

const [, , url = ''] = process.argv;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

await serve(url, {
  'faults.v1.Counter': {
    Echo: async (request) => {
      say(`handled ${text(request)}`);
      // Some are in flight whenever the process is killed.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      return request;
    },
    Count: {
      shape: 'server-streaming',
      async *handle(request) {
        say(`handled ${text(request)}`);
        for (let i = 0; i < 5; i++) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          yield Buffer.from(`${text(request)}.${i}`);
        }
      },
    },
  },
});
say('ready');
