// sample/nri-logger without Nest, also as a snapshot.
import { startupSnapshot } from 'node:v8';
import { runPlugin, type ContainerEvent } from 'nestjs-ttrpc/nri';

const plugin = {
  createContainer({ pod, container }: ContainerEvent): void {
    console.log(`${pod.namespace}/${pod.name}: ${container.name} is created`);
  },
  removeContainer({ pod, container }: ContainerEvent): void {
    console.log(`${pod.namespace}/${pod.name}: ${container.name} is removed`);
  },
};

const main = (): void => void runPlugin(plugin, { name: 'logger', index: '10', socket: process.argv[2] });

if (startupSnapshot.isBuildingSnapshot()) startupSnapshot.setDeserializeMainFunction(main);
else main();
