// Typed services, an NRI plugin and a shim in a project without Nest, whose compiler looks at each declaration.
import { deepStrictEqual, match } from 'node:assert';
import { rmSync } from 'node:fs';
import { defineShim, plainProcesses, receiveEvents, EventPublisher } from 'nestjs-ttrpc/containerd';
import { ContainerChanges, runPlugin, type NriHandlers } from 'nestjs-ttrpc/nri';
import { connect, implement, serve, TtrpcError, TtrpcStatus } from 'nestjs-ttrpc/protocol';
import { loadServices } from 'nestjs-ttrpc/schema';

rmSync('greeter.sock', { force: true });
const Greeter = loadServices({ protoPath: 'greeter.proto', loader: { defaults: true } }).get('demo.v1.Greeter');
const server = await serve('unix:greeter.sock', [
  implement(Greeter, {
    async sayHello(request, context) {
      if (request.name === '') throw new TtrpcError(TtrpcStatus.INVALID_ARGUMENT, `${context.method}: who?`);
      return { message: `Hello, ${request.name}!` };
    },
    async *countdown({ from }) {
      for (let left = from; left > 0; left--) yield { left };
    },
  }),
]);
const client = await connect('unix:greeter.sock');
const greeter = client.service(Greeter);
const { message } = await greeter.sayHello({ name: 'Ada' }, { timeoutMs: 5000 });
deepStrictEqual(message, 'Hello, Ada!');
const counted: number[] = [];
for await (const { left } of greeter.countdown({ from: 3 })) counted.push(left);
deepStrictEqual(counted, [3, 2, 1]);
match(String(await greeter.sayHello({}).catch(String)), /INVALID_ARGUMENT.*SayHello: who\?/);
client.close();
await server.close();

const events = await receiveEvents('memory:events');
const publisher = new EventPublisher({ address: 'memory:events', namespace: 'default' });
await publisher.publish('/tasks/start', 'containerd.events.TaskStart', { containerId: 'c1', pid: 42 });
const first = await events[Symbol.asyncIterator]().next();
deepStrictEqual(first.value?.event, { containerId: 'c1', pid: 42 });
await publisher.close();
await events.close();

class Logger implements NriHandlers {
  createContainer() {
    return { adjust: new ContainerChanges().addEnv('A', 'b') };
  }
}
const refused = await runPlugin(new Logger(), { name: 'logger', index: '10', socket: '/nowhere/nri.sock' }).catch(
  String,
);
match(String(refused), /cannot connect to NRI at \/nowhere\/nri.sock: there is no such socket/);

await defineShim({ name: 'io.containerd.none.v1', version: '1.2.3', runner: plainProcesses }).main(['-v']);
console.log('without Nest: all as expected');
