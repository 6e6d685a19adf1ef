import type { INestMicroservice } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { fileURLToPath } from 'node:url';
import { defer, finalize, map, of, type Observable } from 'rxjs';
import { serve, type RawContext, type RawServer } from '../../src/protocol/index.js';
import {
  loadSchema,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  type TtrpcContext,
  type TtrpcStream,
} from '../../src/index.js';

/** The .proto file of the service that is called under faults. */
export const FAULTS_PROTO = fileURLToPath(new URL('faults.proto', import.meta.url));

/** The messages of all methods. */
export interface Blob {
  number?: number;
  padding?: Uint8Array;
}

/** The service's codecs. */
export const faultsService = loadSchema({ protoPath: FAULTS_PROTO }).resolve('faults.v1.Faults');

/** What the servers know of the calls that they were given. */
export class Journal {
  /** Handlers that have begun and not ended. */
  running = 0;
  /** How often the call of an id (metadata `id`) was begun. */
  readonly begun = new Map<string, number>();

  begin({ metadata }: Pick<TtrpcContext, 'metadata'>): void {
    const id = metadata.get('id') ?? '';
    this.begun.set(id, (this.begun.get(id) ?? 0) + 1);
    this.running++;
  }

  end(): void {
    this.running--;
  }
}

const codecs = faultsService.methods['Echo'];
/** A message's bytes. */
export const encodeBlob = (blob: Blob): Uint8Array => codecs?.request.encode(blob) as Uint8Array;
/** What the bytes say. */
export const decodeBlob = (bytes: Uint8Array): Blob => codecs?.response.decode(bytes) as Blob;

/** A server of the engine alone. */
export function startRawServer(url: string, journal: Journal): Promise<RawServer> {
  async function* counted(context: RawContext, values: () => AsyncIterable<Blob>): AsyncGenerator<Uint8Array> {
    journal.begin(context);
    try {
      for await (const value of values()) yield encodeBlob(value);
    } finally {
      journal.end();
    }
  }
  return serve(url, {
    [faultsService.name]: {
      Echo: async (request, context) => {
        journal.begin(context);
        await Promise.resolve();
        journal.end();
        return request;
      },
      Count: {
        shape: 'server-streaming',
        handle: (request, context) => counted(context, () => numbers(decodeBlob(request))),
      },
      Sum: {
        shape: 'client-streaming',
        async handle(parts, context) {
          journal.begin(context);
          try {
            let number = 0;
            for await (const part of parts) number += decodeBlob(part).number ?? 0;
            return encodeBlob({ number });
          } finally {
            journal.end();
          }
        },
      },
      Double: {
        shape: 'bidi',
        handle: (parts, context) =>
          counted(context, async function* () {
            for await (const part of parts) yield { number: 2 * (decodeBlob(part).number ?? 0) };
          }),
      },
    },
  });
}

/** A Nest application with handlers of all kinds. */
export async function startNestServer(
  url: string,
  journal: Journal,
): Promise<{ app: INestMicroservice; server: TtrpcServer }> {
  @TtrpcService('faults.v1.Faults')
  class FaultsController {
    @TtrpcMethod() echo(request: Blob, context: TtrpcContext): Observable<Blob> {
      return defer(() => {
        journal.begin(context);
        return of(request).pipe(finalize(() => journal.end()));
      });
    }

    @TtrpcMethod() async *count(request: Blob, context: TtrpcContext): AsyncGenerator<Blob> {
      journal.begin(context);
      try {
        yield* numbers(request);
      } finally {
        journal.end();
      }
    }

    @TtrpcMethod() async sum(parts: TtrpcStream<Blob>, context: TtrpcContext): Promise<Blob> {
      journal.begin(context);
      try {
        let sum = 0;
        for await (const { number = 0 } of parts) sum += number;
        return { number: sum };
      } finally {
        journal.end();
      }
    }

    @TtrpcMethod() double(parts: TtrpcStream<Blob>, context: TtrpcContext): Observable<Blob> {
      return defer(() => {
        journal.begin(context);
        return parts.pipe(
          map(({ number = 0 }) => ({ number: 2 * number })),
          finalize(() => journal.end()),
        );
      });
    }
  }
  const server = new TtrpcServer({ url, protoPath: FAULTS_PROTO, gracePeriodMs: 0 });
  const module = await Test.createTestingModule({ controllers: [FaultsController] }).compile();
  const app = module.createNestMicroservice({ strategy: server, logger: false });
  await app.listen();
  return { app, server };
}

async function* numbers({ number: count = 0 }: Blob): AsyncGenerator<Blob> {
  for (let number = 0; number < count; number++) yield await Promise.resolve({ number });
}
