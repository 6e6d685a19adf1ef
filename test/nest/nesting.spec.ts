import { afterEach, expect, it } from '@jest/globals';
import { TtrpcClient, TtrpcMethod, TtrpcServer, TtrpcService, TtrpcStatus, type TtrpcStream } from 'nestjs-ttrpc';
import { connect, serve, type RawClient, type RawServer } from 'nestjs-ttrpc/protocol';
import type { INestMicroservice } from '@nestjs/common';
import { map } from 'rxjs';
import { createLabApp } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';
import { PROTOS } from '../unit/schema/kitchen-sink.js';

interface Remark {
  text?: string;
  answerTo?: Remark;
}

const DEEP = 10_000;
const protoPath = `${PROTOS}library.proto`;
const SERVICE = 'library.v1.Library';

/** A Remark with 10,000 others within one another. */
function deepBytes(): Buffer {
  const heads: Buffer[] = [];
  let length = 0;
  for (let level = 0; level < DEEP; level += 1) {
    const head = [0x12];
    let rest = length;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) head.push((rest & 0x7f) | 0x80);
    head.push(rest);
    heads.push(Buffer.from(head));
    length += head.length;
  }
  return Buffer.concat(heads.reverse());
}

function deepRemark(): Remark {
  let remark: Remark = {};
  for (let level = 0; level < DEEP; level += 1) remark = { answerTo: remark };
  return remark;
}

@TtrpcService(SERVICE)
class LibraryController {
  @TtrpcMethod()
  discuss(remarks: TtrpcStream<Remark>) {
    return remarks.pipe(map(({ text }) => (text === 'deep' ? deepRemark() : { text: `${text}!` })));
  }
}

interface Library {
  discuss(remarks: Iterable<Remark>): AsyncIterable<Remark>;
}

let folder: TempFolder;
let app: INestMicroservice | undefined;
let raw: RawClient | RawServer | undefined;
let client: TtrpcClient | undefined;

afterEach(async () => {
  await client?.close();
  await app?.close();
  await raw?.close();
  client = app = raw = undefined;
  folder.remove();
});

async function discuss(remarks: Remark[]): Promise<Remark[]> {
  const answers: Remark[] = [];
  for await (const answer of client?.getAsyncService<Library>(SERVICE).discuss(remarks) ?? []) answers.push(answer);
  return answers;
}

async function startServer(): Promise<void> {
  folder = new TempFolder();
  app = await createLabApp(new TtrpcServer({ url: folder.url(), protoPath }), { controllers: [LibraryController] });
  await app.listen();
  client = new TtrpcClient({ url: folder.url(), protoPath });
}

it(`a request nested ${DEEP} deep ends its call, and the server lives`, async () => {
  await startServer();
  const attacker = await connect(folder.url());
  raw = attacker;
  const stream = attacker.stream(SERVICE, 'Discuss', 'bidi');
  await stream.send(deepBytes());
  const answers = async (): Promise<void> => {
    for await (const answer of stream) throw new Error(`answered with ${answer.length} bytes`);
  };
  const error = await answers().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: TtrpcStatus.INTERNAL });
  expect(String((error as Error).message)).toContain('library.v1.Remark: more than 100 levels of nesting');
  expect(await discuss([{ text: 'hi' }])).toEqual([{ text: 'hi!' }]);
});

it(`an answer nested ${DEEP} deep ends its call, and the server lives`, async () => {
  await startServer();
  await expect(discuss([{ text: 'deep' }])).rejects.toMatchObject({ code: TtrpcStatus.INTERNAL });
  expect(await discuss([{ text: 'hi' }])).toEqual([{ text: 'hi!' }]);
});

it(`a request nested ${DEEP} deep is refused before it is sent`, async () => {
  await startServer();
  await expect(discuss([deepRemark()])).rejects.toThrow('expected at most 100 levels of nesting');
  expect(await discuss([{ text: 'hi' }])).toEqual([{ text: 'hi!' }]);
});

it(`a server that answers ${DEEP} levels gives its client an error`, async () => {
  folder = new TempFolder();
  raw = await serve(folder.url(), {
    [SERVICE]: {
      Discuss: {
        shape: 'bidi',
        async *handle(requests: AsyncIterable<Uint8Array>) {
          for await (const request of requests) yield request.length === 0 ? deepBytes() : request;
        },
      },
    },
  });
  client = new TtrpcClient({ url: folder.url(), protoPath });
  await expect(discuss([{}])).rejects.toThrow('library.v1.Remark: more than 100 levels of nesting');
  expect(await discuss([{ text: 'hi' }])).toEqual([{ text: 'hi' }]);
});
