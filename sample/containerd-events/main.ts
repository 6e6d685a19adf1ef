// Prints the events that shims send to the given address; docs/containerd.md says more.
import { receiveEvents } from 'nestjs-ttrpc/containerd';

const events = await receiveEvents(process.argv[2] ?? 'unix:events.sock');
console.log(`shims find it by TTRPC_ADDRESS=${events.addresses.join()}`);
for await (const { namespace, topic, event } of events) console.log(namespace, topic, event);
