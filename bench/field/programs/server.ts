// The engine with a schema, without Nest, also as a snapshot: what `nestjs-ttrpc/protocol` and `nestjs-ttrpc/schema` need.
import { startupSnapshot } from 'node:v8';
import { implement, serve } from 'nestjs-ttrpc/protocol';
import { loadServices } from 'nestjs-ttrpc/schema';

async function main(): Promise<void> {
  const [protoPath = '', socket = ''] = process.argv.slice(-2);
  const Bench = loadServices({ protoPath }).get('bench.v1.Bench');
  await serve(`unix://${socket}`, [implement(Bench, { unary: (request: object) => request })]);
  console.log('ready');
}

if (startupSnapshot.isBuildingSnapshot()) startupSnapshot.setDeserializeMainFunction(() => void main());
else void main();
