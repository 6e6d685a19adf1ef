import { Module, type DynamicModule } from '@nestjs/common';
import { TtrpcClientsModule } from 'nestjs-ttrpc';
import { CLIENT, GREETER, schema } from './greeter';
import { GreeterController } from './greeter.controller';
import { Reception } from './reception';

@Module({ controllers: [GreeterController] })
export class ServerModule {}

@Module({})
export class ClientModule {
  static register(url: string): DynamicModule {
    const client = TtrpcClientsModule.register([
      { name: CLIENT, url, ...schema, services: [GREETER], timeoutMs: 10_000 },
    ]);
    return { module: ClientModule, imports: [client], providers: [Reception] };
  }
}
