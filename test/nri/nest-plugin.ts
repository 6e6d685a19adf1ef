// A plugin with Nest for processes of their own: connects to the socket that its first argument names.
import { NestFactory } from '@nestjs/core';
import { NriEvent, NriModule, NriPlugin } from 'nestjs-ttrpc/nri';

@NriPlugin({ name: 'nest', index: '10' })
class Plugin {
  @NriEvent()
  createContainer(): void {
    // Nothing to change.
  }
}

try {
  const module = NriModule.forRoot({ plugin: Plugin, socket: process.argv[2] });
  await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
}
