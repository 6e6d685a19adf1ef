import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = new URL('../proto/interop.proto', import.meta.url);
const RPCS = {
  Unary: '(Request) returns (Reply)',
  ServerStream: '(Request) returns (stream Reply)',
  ClientStream: '(stream Request) returns (Reply)',
  Bidi: '(stream Request) returns (stream Reply)',
};

const testService = fileURLToPath(new URL('../proto/test_service.proto', import.meta.url));

/**
 * The schema of our client: both services. Writes interop.proto with what no server has: the service Nowhere, and in Interop the rpcs NowhereUnary and so on.
 * Our client calls only what is in its schema. Returns the files and how to
 * remove what was written.
 */
export async function writeClientProto(): Promise<{ protoPaths: string[]; remove(): Promise<void> }> {
  const text = await readFile(source, 'utf8');
  const rpcs = (prefix: string): string =>
    Object.entries(RPCS)
      .map(([name, types]) => `rpc ${prefix}${name}${types};\n`)
      .join('');
  const opening = 'service Interop {\n';
  const more = text.replace(opening, `service Nowhere {\n${rpcs('')}}\n${opening}${rpcs('Nowhere')}`);
  if (more === text) throw new Error(`${source.pathname} has no line "${opening.trim()}"`);
  const folder = await mkdtemp(join(tmpdir(), 'ttrpc-interop-schema-'));
  const protoPath = join(folder, 'interop.proto');
  await writeFile(protoPath, more);
  return { protoPaths: [protoPath, testService], remove: () => rm(folder, { recursive: true, force: true }) };
}
