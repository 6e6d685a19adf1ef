// What the specs of this folder share. They hold what src/transport/nest-seam rests on against the real Nest: Nest 12 in
// this repository's tests, Nest 11 in test/consumers/nest11-commonjs, which runs a copy of the folder against the packed
// library. Hence public imports only.
import 'reflect-metadata';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import {
  BadRequestException,
  Catch,
  Module,
  type ArgumentsHost,
  type ExceptionFilter,
  type INestApplication,
  type INestMicroservice,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import {
  bytesCodec,
  TtrpcException,
  TtrpcServer,
  TtrpcStatus,
  type ServiceDescriptor,
  type TtrpcServerOptions,
} from 'nestjs-ttrpc';
import { connect, type RawClient } from 'nestjs-ttrpc/protocol';
import { throwError, type Observable } from 'rxjs';

export const SEAM = {
  name: 'seam.v1.Seam',
  methods: {
    Ask: { name: 'Ask', shape: 'unary', request: bytesCodec, response: bytesCodec },
    Chat: { name: 'Chat', shape: 'bidi', request: bytesCodec, response: bytesCodec },
  },
} satisfies ServiceDescriptor;

export const bytes = (text: string): Uint8Array => Buffer.from(text);
export const text = (value: Uint8Array): string => Buffer.from(value).toString();

/** An application of the test that runs, with a server on a unix socket. */
export class SeamLab {
  app: INestApplication | INestMicroservice | undefined;
  #folder = '';
  #client: RawClient | undefined;

  /** Registers what makes and clears it for each test of the file. */
  constructor() {
    beforeEach(() => {
      this.#folder = mkdtempSync(join(tmpdir(), 'seam-'));
    });
    afterEach(async () => {
      this.#client?.close();
      await this.app?.close();
      this.#client = this.app = undefined;
      expect(readdirSync(this.#folder)).toEqual([]);
      rmSync(this.#folder, { recursive: true });
    });
  }

  get url(): string {
    return `unix://${join(this.#folder, 's.sock')}`;
  }

  newServer(options: Partial<TtrpcServerOptions> = {}): TtrpcServer {
    return new TtrpcServer({ url: this.url, descriptors: [SEAM], ...options });
  }

  /** Starts a microservice with this controller. */
  async start(
    controller: Type,
    options: Partial<TtrpcServerOptions> = {},
    prepare: (microservice: INestMicroservice) => void = () => undefined,
  ): Promise<void> {
    await this.startWith(controller, this.newServer(options), prepare);
  }

  /** As {@link start}, with a server of the test's own. */
  async startWith(
    controller: Type,
    strategy: TtrpcServer,
    prepare: (microservice: INestMicroservice) => void = () => undefined,
  ): Promise<void> {
    const microservice = await NestFactory.createMicroservice<MicroserviceOptions>(moduleOf(controller), {
      strategy,
      logger: false,
    });
    this.app = microservice;
    prepare(microservice);
    await microservice.listen();
  }

  async client(): Promise<RawClient> {
    return (this.#client ??= await connect(this.url));
  }

  /** Calls Ask. */
  async ask(request: string): Promise<string> {
    const client = await this.client();
    return text(await client.call(SEAM.name, 'Ask', bytes(request)));
  }
}

/** The function of a handler. */
export function handlerOf(type: Type, method: string): object {
  return Reflect.get(type.prototype as object, method) as object;
}

export function moduleOf(controller: Type): Type {
  class Root {}
  Module({ controllers: [controller] })(Root);
  return Root;
}

/** Adds `!` to bytes. */
export class Exclaiming implements PipeTransform {
  transform(value: unknown): unknown {
    return value instanceof Uint8Array ? bytes(`${text(value)}!`) : value;
  }
}

/** Makes OUT_OF_RANGE of what it catches. */
@Catch(BadRequestException)
export class Rewriting implements ExceptionFilter {
  catch(_exception: BadRequestException, host: ArgumentsHost): Observable<never> {
    return throwError(() => new TtrpcException(TtrpcStatus.OUT_OF_RANGE, `filtered ${host.getType()}`));
  }
}
