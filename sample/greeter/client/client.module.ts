import { Module, type DynamicModule } from '@nestjs/common';
import { TtrpcClientsModule } from 'nestjs-ttrpc';
import { GREETER, schema } from '../greeter.js';
import { Tour } from './tour.js';

@Module({})
export class ClientModule {
  /** For the server at `url`. */
  static register(url: string): DynamicModule {
    const client = TtrpcClientsModule.register([
      { name: 'GREETER_CLIENT', url, ...schema, services: [GREETER], timeoutMs: 10_000 },
    ]);
    return { module: ClientModule, imports: [client], providers: [Tour] };
  }
}
