import { createServer, type AddressInfo } from 'node:net';
import type { INestApplication, Type } from '@nestjs/common';
import { ClientGrpcProxy, Transport, type ClientGrpc, type MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { TtrpcGrpcClient, TtrpcGrpcServer, type TtrpcGrpcServerOptions } from '../../src/grpc/index.js';
import { TempFolder } from '../support/temp-folder.js';

/** The two transports. */
export type Name = 'grpc' | 'ttrpc';

/** What schema the two serve. */
export interface BothOptions {
  readonly package: string;
  readonly protoPath: string;
  readonly server?: Partial<TtrpcGrpcServerOptions>;
}

/** One application whose controllers are served by Nest's gRPC and by ours, with a client of each. */
export class Both {
  private constructor(
    private readonly folder: TempFolder,
    readonly app: INestApplication,
    readonly clients: Record<Name, ClientGrpc & { close(): unknown }>,
  ) {}

  static async start(controllers: Type[], options: BothOptions): Promise<Both> {
    const folder = new TempFolder();
    const url = `127.0.0.1:${await freePort()}`;
    const schema = { package: options.package, protoPath: options.protoPath };
    const module = await Test.createTestingModule({ controllers }).compile();
    const app = module.createNestApplication({ logger: false });
    app.connectMicroservice<MicroserviceOptions>({ transport: Transport.GRPC, options: { ...schema, url } });
    app.connectMicroservice<MicroserviceOptions>({
      strategy: new TtrpcGrpcServer({ ...schema, url: folder.url(), ...options.server }),
    });
    await app.startAllMicroservices();
    return new Both(folder, app, {
      grpc: new ClientGrpcProxy({ ...schema, url }),
      ttrpc: new TtrpcGrpcClient({ ...schema, url: folder.url() }),
    });
  }

  async close(): Promise<void> {
    this.clients.grpc.close();
    await this.clients.ttrpc.close();
    await this.app.close();
    this.folder.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
