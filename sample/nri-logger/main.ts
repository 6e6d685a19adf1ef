// An NRI plugin that logs each container; docs/nri.md says more. It needs a runtime with NRI, and its rights.
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NriEvent, NriModule, NriPlugin, type ContainerEvent } from 'nestjs-ttrpc/nri';

@NriPlugin({ name: 'logger', index: '10' })
class LoggerPlugin {
  private readonly logger = new Logger('nri-logger');

  @NriEvent()
  createContainer({ pod, container }: ContainerEvent): void {
    this.logger.log(`${pod.namespace}/${pod.name}: ${container.name} is created`);
  }

  @NriEvent()
  removeContainer({ pod, container }: ContainerEvent): void {
    this.logger.log(`${pod.namespace}/${pod.name}: ${container.name} is removed`);
  }
}

async function main(): Promise<void> {
  const [socket] = process.argv.slice(2);
  const plugin = NriModule.forRoot({ plugin: LoggerPlugin, ...(socket !== undefined && { socket }) });
  const app = await NestFactory.createApplicationContext(plugin);
  app.enableShutdownHooks();
}

// Without a top-level await, so that the program may be bundled into one file of CommonJS.
void main();
