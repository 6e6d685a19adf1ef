import { IDIOMS, type Fault, type Idiom } from './idioms.js';

const PLACE = /(<!-- idioms -->\n)[^]*?(\n<!-- \/idioms -->)/u;

const RPCS = { bidiHello: 'bidi', lotsOfGreetings: 'client-streaming', lotsOfReplies: 'server-streaming' };

const TEXTS: Record<Fault, string> = {
  'out of order': 'out of order',
  lost: 'messages are lost',
  'no end': 'no response and no end',
};

/** The page with the table of the idioms filled in. */
export function withIdioms(page: string): string {
  if (!PLACE.test(page)) throw new Error('the page has no place for the table: <!-- idioms --> … <!-- /idioms -->');
  return page.replace(PLACE, (_, begin: string, end: string) => `${begin}\n${table()}\n${end}`);
}

function table(): string {
  return [
    "| shape | the handler | this library | Nest's gRPC transport |",
    '| --- | --- | --- | --- |',
    ...IDIOMS.map((idiom) => `| ${RPCS[idiom.rpc]} | ${idiom.name} | all | ${grpc(idiom)} |`),
  ].join('\n');
}

function grpc({ grpc: faults = [] }: Idiom): string {
  return faults.length === 0 ? 'all' : faults.map((fault) => TEXTS[fault]).join(', or ');
}
