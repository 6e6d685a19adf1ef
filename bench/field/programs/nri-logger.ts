// sample/nri-logger without Nest.
import { runPlugin } from 'nestjs-ttrpc/nri';

const plugin = {
  createContainer({ pod, container }: { pod: { namespace: string; name: string }; container: { name: string } }) {
    console.log(`${pod.namespace}/${pod.name}: ${container.name} is created`);
  },
  removeContainer({ pod, container }: { pod: { namespace: string; name: string }; container: { name: string } }) {
    console.log(`${pod.namespace}/${pod.name}: ${container.name} is removed`);
  },
};

void runPlugin(plugin, { name: 'logger', index: '10', socket: process.argv[2] });
