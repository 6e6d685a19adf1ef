import type { INestMicroservice, Type } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { fileURLToPath } from 'node:url';
import { connect, type RawClient } from '../../src/protocol/index.js';
import { loadSchema, TtrpcServer, type Schema, type TtrpcServerOptions } from '../../src/index.js';
import { TempFolder } from './temp-folder.js';

/** The .proto file of the lab services. */
export const LAB_PROTO = fileURLToPath(new URL('../nest/lab.proto', import.meta.url));

/** The lab's messages as the tests see them. */
export interface Message {
  text?: string;
  number?: number;
  big?: string | number | bigint;
  list?: string[];
}

/** Options of {@link startLab}. */
export interface LabOptions {
  controllers: Type[];
  providers?: unknown[];
  server?: Partial<TtrpcServerOptions>;
  /** Changes the module before it is compiled. */
  build?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
  /** Changes the application before it listens. */
  prepare?: (app: INestMicroservice) => void;
}

/** A Nest microservice on a temporary socket with a client of the raw engine: what it answers is seen as it is. */
export class Lab {
  readonly #schema: Schema = loadSchema({ protoPath: LAB_PROTO });

  constructor(
    readonly folder: TempFolder,
    readonly app: INestMicroservice,
    readonly server: TtrpcServer,
    readonly client: RawClient,
    readonly addresses: string[],
  ) {}

  /** Calls a unary method. */
  async ask(method: string, request: Message, options: Parameters<RawClient['call']>[3] = {}): Promise<Message> {
    const service = this.#schema.resolve('lab.v1.Lab');
    const { request: input, response } = service.methods[method] ?? missing(method);
    return response.decode(await this.client.call(service.name, method, input.encode(request), options)) as Message;
  }

  /** Calls a streaming method with these messages and gives all answers. */
  async stream(
    method: string,
    requests: Iterable<Message>,
    options: Parameters<RawClient['stream']>[3] = {},
  ): Promise<Message[]> {
    const service = this.#schema.resolve('lab.v1.Lab');
    const { request: input, response, shape } = service.methods[method] ?? missing(method);
    if (shape === 'unary') throw new Error(`${method} is unary`);
    const stream = this.client.stream(service.name, method, shape, options);
    for (const request of requests) await stream.send(input.encode(request));
    stream.closeSend();
    const answers: Message[] = [];
    for await (const answer of stream) answers.push(response.decode(answer) as Message);
    return answers;
  }

  /** Closes everything and checks that no file is left. */
  async close(): Promise<void> {
    this.client.close();
    await this.app.close();
    this.folder.close();
  }
}

/** Starts a {@link Lab}. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const folder = new TempFolder();
  const server = new TtrpcServer({ url: folder.url(), protoPath: LAB_PROTO, ...options.server });
  const app = await createLabApp(server, options);
  const addresses = (await app.listen()) as unknown as string[];
  return new Lab(folder, app, server, await connect(folder.url()), addresses);
}

/** The application of a lab, not listening yet. */
export async function createLabApp(server: TtrpcServer, options: LabOptions): Promise<INestMicroservice> {
  let builder = Test.createTestingModule({
    controllers: options.controllers,
    providers: (options.providers ?? []) as never[],
  });
  if (options.build) builder = options.build(builder);
  const module = await builder.compile();
  const app = module.createNestMicroservice<MicroserviceOptions>({ strategy: server, logger: false } as never);
  options.prepare?.(app);
  return app;
}

function missing(method: string): never {
  throw new Error(`the lab has no method ${method}`);
}
