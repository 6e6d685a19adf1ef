// An NRI plugin that logs each container; docs/nri.md says more. It needs a runtime with NRI, and its rights.
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NriEvent, NriModule, NriPlugin, type ContainerEvent } from 'nestjs-ttrpc/nri';

const logger = new Logger('nri-logger');

@NriPlugin({ name: 'logger', index: '10' })
class LoggerPlugin {
  @NriEvent()
  createContainer({ pod, container }: ContainerEvent): void {
    logger.log(`${pod.namespace}/${pod.name}: ${container.name} is created`);
  }

  @NriEvent()
  removeContainer({ pod, container }: ContainerEvent): void {
    logger.log(`${pod.namespace}/${pod.name}: ${container.name} is removed`);
  }
}

async function main(): Promise<void> {
  const plugin = NriModule.forRoot({ plugin: LoggerPlugin, logger, socket: process.argv[2] });
  const app = await NestFactory.createApplicationContext(plugin);
  app.enableShutdownHooks();
}

// Without a top-level await, so that the program may be bundled into one file of CommonJS.
void main();
