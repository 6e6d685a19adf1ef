import 'reflect-metadata';
import type { Server as NetServer, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { INestMicroservice, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { TtrpcServer } from 'nestjs-ttrpc';
import { ServerPeer, type Channel, type ServerEvent } from '../peer.js';
import { Changes } from './changes.js';
import type { Flavour } from './flavour.js';
import { IterablesController } from './iterables.controller.js';
import { Journal } from './journal.js';
import { loader } from './messages.js';
import { ObservablesController } from './observables.controller.js';
import { IterablesTestService } from './iterables.test-service.js';
import { ObservablesTestService } from './observables.test-service.js';

const protoPath = ['interop.proto', 'test_service.proto'].map((name) =>
  fileURLToPath(new URL(`../proto/${name}`, import.meta.url)),
);
/** Not grpc.testing.UnimplementedService: no server has that one. */
const services = ['interop.v1.Interop', 'grpc.testing.TestService'];

const controllers: Record<Flavour, Type[]> = {
  observables: [ObservablesController, ObservablesTestService],
  iterables: [IterablesController, IterablesTestService],
};

/** A Nest microservice that serves interop.v1.Interop and grpc.testing.TestService in this process. */
export async function startNestServer(address: string, flavour: Flavour): Promise<ServerPeer> {
  const { bound, channel } = await nestServer(address, flavour);
  return new ServerPeer('nest', bound, channel);
}

/** As {@link startNestServer}, for whoever obeys commands in a process of its own; `bound` is its address. */
export async function nestServer(address: string, flavour: Flavour): Promise<{ bound: string; channel: Channel }> {
  const changes = new Changes();
  const journal = new Journal(changes);
  const module = {
    module: class InteropModule {},
    controllers: controllers[flavour],
    providers: [{ provide: Journal, useValue: journal }],
  };
  const strategy = new TtrpcServer({ url: address, protoPath, services, loader, gracePeriodMs: 1000 });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(module, {
    strategy,
    // Not its warning that an rpc has no handler: that is one of the cases.
    logger: ['error', 'fatal'],
  });
  await app.listen();
  return { bound: strategy.addresses[0] ?? '', channel: new NestServer(app, strategy, journal, changes) };
}

class NestServer implements Channel {
  readonly #open = new Set<Socket>();
  #accepted = 0;

  constructor(
    private readonly app: INestMicroservice,
    strategy: TtrpcServer,
    private readonly journal: Journal,
    private readonly changes: Changes,
  ) {
    for (const listener of strategy.unwrap<NetServer[]>()) {
      listener.on('connection', (socket: Socket) => {
        this.#accepted++;
        this.#open.add(socket);
        socket.once('close', () => {
          this.#open.delete(socket);
          changes.notify();
        });
      });
    }
  }

  async command(op: string, fields: object = {}): Promise<unknown> {
    switch (op) {
      case 'drop-connections':
        for (const socket of this.#open) socket.destroy();
        return {};
      case 'half-close':
        for (const socket of this.#open) socket.end();
        return {};
      case 'connections':
        return { open: this.#open.size, accepted: this.#accepted };
      case 'events': {
        const { events } = this.journal;
        if ((fields as { clear?: boolean }).clear) this.journal.clear();
        return { events };
      }
      case 'progress': {
        const { method, seq } = fields as ServerEvent;
        return this.journal.progress(method, seq);
      }
      case 'await-event':
        return { event: await this.#event(fields as ServerEvent) };
      case 'await-idle':
        return this.changes.until(
          () => (this.#open.size === 0 && this.journal.running === 0 ? {} : undefined),
          () =>
            `${this.#open.size} connections are open, ${this.journal.running} calls run: ` +
            JSON.stringify(this.journal.events),
        );
      default:
        throw new Error(`unknown command ${JSON.stringify(op)}`);
    }
  }

  #event({ event, method, seq }: ServerEvent): Promise<ServerEvent> {
    return this.changes.until(
      () => this.journal.events.find((each) => each.event === event && each.method === method && each.seq === seq),
      () => `${event} of ${method} seq ${seq} has not happened: ${JSON.stringify(this.journal.events)}`,
    );
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}
