// Prints the events that shims send to the given address; docs/containerd.md says more.
import { Injectable, Logger, Module, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ContainerdEvents, ContainerdEventsModule } from 'nestjs-ttrpc/containerd';

@Injectable()
class EventLog implements OnModuleInit {
  private readonly logger = new Logger('events');

  constructor(private readonly events: ContainerdEvents) {}

  onModuleInit(): void {
    this.events.all.subscribe(({ namespace, topic }) => this.logger.log(`${namespace} ${topic}`));
    this.events.of('containerd.events.TaskExit').subscribe(({ event: { containerId, exitStatus } }) => {
      this.logger.log(`${containerId} has ended with status ${exitStatus}`);
    });
  }
}

@Module({
  imports: [ContainerdEventsModule.forRoot({ address: process.argv[2] ?? 'unix:events.sock' })],
  providers: [EventLog],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule);
app.enableShutdownHooks();
new Logger('events').log(`shims find this by TTRPC_ADDRESS=${app.get(ContainerdEvents).addresses.join()}`);
