import { create } from '@bufbuild/protobuf';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { INestMicroservice, Type } from '@nestjs/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  TtrpcClient,
  TtrpcContext,
  TtrpcMethod,
  TtrpcServer,
  TtrpcService,
  type ServiceDescriptor,
  type TtrpcServerOptions,
  type TtrpcStream,
} from 'nestjs-ttrpc';
import { fromProtobufEs } from 'nestjs-ttrpc/protobuf-es';
import { fromTsProto } from 'nestjs-ttrpc/ts-proto';
import { firstValueFrom, lastValueFrom, map, of, toArray, type Observable } from 'rxjs';
import { createLabApp } from '../support/nest-lab.js';
import { TempFolder } from '../support/temp-folder.js';
import {
  Library as EsLibrary,
  RemarkSchema,
  type Book as EsBook,
  type GetBookRequest as EsGetBookRequest,
  type ListBooksRequest as EsListBooksRequest,
  type Remark as EsRemark,
} from '../unit/schema/generated/protobuf-es/library_pb.js';
import { LibraryDefinition, type Book, type GetBookRequest } from '../unit/schema/generated/ts-proto/library.js';
import { PROTOS } from '../unit/schema/kitchen-sink.js';

const esDescriptor = fromProtobufEs(EsLibrary);
const tsDescriptor = fromTsProto(LibraryDefinition);

@TtrpcService(esDescriptor)
class EsController {
  @TtrpcMethod()
  getBook(request: EsGetBookRequest, context: TtrpcContext) {
    return { isbn: request.isbn, title: context.metadata.get('title') ?? request.$typeName, copiesSold: 2n ** 60n };
  }

  @TtrpcMethod()
  async *listBooks({ author, pageSize }: EsListBooksRequest) {
    for (let at = 0; at < pageSize; at += 1) yield { isbn: String(at), authors: [author] };
  }

  @TtrpcMethod()
  async addBooks(books: TtrpcStream<EsBook>) {
    let added = 0;
    let totalPages = 0n;
    for await (const { copiesSold } of books) {
      added += 1;
      totalPages += copiesSold;
    }
    return { added, totalPages };
  }

  @TtrpcMethod()
  discuss(@Payload() remarks: TtrpcStream<EsRemark>): Observable<EsRemark> {
    return remarks.pipe(map(({ text }) => create(RemarkSchema, { text: text.toUpperCase() })));
  }

  @TtrpcMethod()
  ping(): void {
    // An Empty.
  }
}

@TtrpcService(tsDescriptor)
class TsController {
  // Parameters in any order, and parts of the request, as Nest's decorators have them.
  @TtrpcMethod()
  getBook(@Ctx() context: TtrpcContext, @Payload('isbn') isbn: string) {
    return { isbn, title: context.metadata.get('title') ?? 'library.v1.GetBookRequest', copiesSold: 2n ** 60n };
  }

  @TtrpcMethod()
  async *listBooks({ author, pageSize }: { author: string; pageSize: number }) {
    for (let at = 0; at < pageSize; at += 1) yield { isbn: String(at), authors: [author] };
  }

  @TtrpcMethod()
  async addBooks(books: TtrpcStream<Book>) {
    let added = 0;
    let totalPages = 0n;
    for await (const { copiesSold } of books) {
      added += 1;
      totalPages += copiesSold;
    }
    return { added, totalPages };
  }

  @TtrpcMethod()
  discuss(remarks: TtrpcStream<{ text: string }>) {
    return remarks.pipe(map(({ text }) => ({ text: text.toUpperCase() })));
  }

  @TtrpcMethod()
  async ping() {
    return {};
  }
}

@TtrpcService('library.v1.Library')
class PlainController {
  @TtrpcMethod()
  getBook(request: { isbn: string }, context: TtrpcContext): object {
    return {
      isbn: request.isbn,
      title: context.metadata.get('title') ?? 'library.v1.GetBookRequest',
      copiesSold: 2n ** 60n,
    };
  }

  @TtrpcMethod()
  async *listBooks({ author, pageSize }: { author: string; pageSize: number }) {
    for (let at = 0; at < pageSize; at += 1) yield { isbn: String(at), authors: [author] };
  }

  @TtrpcMethod()
  async addBooks(books: TtrpcStream<{ copiesSold: bigint }>) {
    let added = 0;
    let totalPages = 0n;
    for await (const { copiesSold } of books) {
      added += 1;
      totalPages += copiesSold;
    }
    return { added, totalPages };
  }

  @TtrpcMethod()
  discuss(remarks: TtrpcStream<{ text: string }>) {
    return remarks.pipe(map(({ text }) => ({ text: text.toUpperCase() })));
  }

  @TtrpcMethod()
  ping(): void {
    // An Empty.
  }
}

const protoPath = `${PROTOS}library.proto`;
const SERVERS: readonly [string, Type, Partial<TtrpcServerOptions>][] = [
  ['protobuf-es', EsController, {}],
  ['ts-proto', TsController, {}],
  ['the .proto file', PlainController, { protoPath, loader: { longs: BigInt, defaults: true } }],
];

let folder: TempFolder | undefined;
let app: INestMicroservice | undefined;
let client: TtrpcClient | undefined;

async function start(controller: Type, options: Partial<TtrpcServerOptions>): Promise<string> {
  folder = new TempFolder();
  app = await createLabApp(new TtrpcServer({ url: folder.url(), strict: true, ...options }), {
    controllers: [controller],
  });
  await app.listen();
  return folder.url();
}

afterEach(async () => {
  await client?.close();
  await app?.close();
  folder?.remove();
  client = app = folder = undefined;
});

describe.each(SERVERS)('a server of %s', (_name, controller, options) => {
  it('answers a client of protobuf-es, which knows the types', async () => {
    const url = await start(controller, options);
    client = new TtrpcClient({ url, descriptors: [esDescriptor] });
    const library = client.getService(esDescriptor);
    const book: EsBook = await firstValueFrom(library.getBook({ isbn: '1' }));
    expect(book).toMatchObject({
      $typeName: 'library.v1.Book',
      isbn: '1',
      title: 'library.v1.GetBookRequest',
      copiesSold: 2n ** 60n,
    });
    const books = await lastValueFrom(library.listBooks({ author: 'a', pageSize: 3 }).pipe(toArray()));
    expect(books.map(({ isbn, authors }) => isbn + authors.join(''))).toEqual(['0a', '1a', '2a']);
    const { added, totalPages } = await firstValueFrom(
      library.addBooks(of({ copiesSold: 5n }, { copiesSold: 2n ** 40n })),
    );
    expect([added, totalPages]).toEqual([2, 2n ** 40n + 5n]);
    const remarks: string[] = [];
    for await (const { text } of client.getAsyncService(esDescriptor).discuss([{ text: 'a' }, { text: 'b' }])) {
      remarks.push(text);
    }
    expect(remarks).toEqual(['A', 'B']);
    const { $typeName } = await client.getAsyncService(esDescriptor).ping({});
    expect($typeName).toBe('google.protobuf.Empty');
  });

  it('answers a client of ts-proto, which knows the types', async () => {
    const url = await start(controller, options);
    client = new TtrpcClient({ url, descriptors: [tsDescriptor] });
    const library = client.getAsyncService(tsDescriptor);
    const book: Book = await library.getBook({ isbn: '1' }, { metadata: { title: 'T' } });
    expect(book).toMatchObject({ isbn: '1', title: 'T', copiesSold: 2n ** 60n });
    const isbns: string[] = [];
    for await (const { isbn } of library.listBooks({ author: 'a', pageSize: 3 })) isbns.push(isbn);
    expect(isbns).toEqual(['0', '1', '2']);
    const { added, totalPages } = await library.addBooks([{ copiesSold: 5n }, { copiesSold: 2n ** 40n }]);
    expect([added, totalPages]).toEqual([2, 2n ** 40n + 5n]);
    const remarks: string[] = [];
    for await (const { text } of library.discuss([{ text: 'a' }, { text: 'b' }])) remarks.push(text);
    expect(remarks).toEqual(['A', 'B']);
    expect(await library.ping({})).toEqual({});
  });

  it('answers a client of the .proto file', async () => {
    const url = await start(controller, options);
    client = new TtrpcClient({ url, protoPath, loader: { longs: BigInt } });
    interface Plain {
      getBook(request: { isbn: string }): Promise<object>;
      ping(request: object): Promise<object>;
    }
    const library = client.getAsyncService<Plain>('Library');
    expect(await library.getBook({ isbn: '1' })).toMatchObject({ isbn: '1', copiesSold: 2n ** 60n });
    expect(await library.ping({})).toEqual({});
  });
});

describe('@TtrpcService(descriptor) in the compiler', () => {
  it('accepts what fits and refuses what does not: with `npm run typecheck`', () => {
    interface Typo {
      isnb: string;
    }
    class Dto {
      isbn!: string;
    }
    class Fits {
      getBook(request: Dto) {
        return Promise.resolve({ isbn: request.isbn });
      }
      // Not checked: no rpc has this name, or the types say `any`.
      @MessagePattern('other')
      other(request: Typo): number {
        return request.isnb.length;
      }
    }
    TtrpcService(tsDescriptor)(Fits);
    TtrpcService(esDescriptor)(Fits);
    // Of a descriptor without types any class.
    TtrpcService(esDescriptor as ServiceDescriptor)(class {});

    // @ts-expect-error a field of the request is misspelt
    @TtrpcService(tsDescriptor)
    class WrongRequest {
      getBook(request: Typo) {
        return { isbn: request.isnb };
      }
    }
    // @ts-expect-error a field of the request is misspelt
    @TtrpcService(esDescriptor)
    class WrongRequestEs {
      getBook(request: Typo) {
        return { isbn: request.isnb };
      }
    }
    // @ts-expect-error the type of a field of the answer is wrong
    @TtrpcService(tsDescriptor)
    class WrongAnswer {
      getBook({ isbn }: GetBookRequest) {
        return { isbn: isbn.length };
      }
    }
    // @ts-expect-error the only field of the answer is misspelt
    @TtrpcService(esDescriptor)
    class WrongAnswerEs {
      getBook({ isbn }: EsGetBookRequest) {
        return { isnb: isbn };
      }
    }
    // @ts-expect-error a stream is answered, not one message
    @TtrpcService(esDescriptor)
    class OneForMany {
      listBooks() {
        return { isbn: '1' };
      }
    }
    // @ts-expect-error the messages of the answered stream are wrong
    @TtrpcService(tsDescriptor)
    class WrongStream {
      async *listBooks() {
        yield { isbn: 1 };
      }
    }
    // @ts-expect-error the requests come as a stream
    @TtrpcService(tsDescriptor)
    class NoStream {
      addBooks(book: Book) {
        return { added: book.isbn.length };
      }
    }
    // @ts-expect-error only a message without fields may be left out
    @TtrpcService(tsDescriptor)
    class NoAnswer {
      getBook(): void {
        // Nothing.
      }
    }
    expect([WrongRequest, WrongRequestEs, WrongAnswer, WrongAnswerEs, OneForMany, WrongStream]).toHaveLength(6);
    expect([NoStream, NoAnswer]).toHaveLength(2);
  });

  it('types the proxies: with `npm run typecheck`', () => {
    const wrong = (any: TtrpcClient): void => {
      const [es, ts] = [any.getAsyncService(esDescriptor), any.getAsyncService(tsDescriptor)];
      // @ts-expect-error the field is `isbn`
      void es.getBook({ isnb: '1' });
      // @ts-expect-error the field is `isbn`
      void ts.getBook({ isnb: '1' });
      // @ts-expect-error a string is expected
      void es.getBook({ isbn: 1 });
      // @ts-expect-error a string is expected
      void ts.getBook({ isbn: 1 });
      // @ts-expect-error a bigint is expected
      void es.addBooks([{ copiesSold: 1 }]);
      // @ts-expect-error the answer has no such field
      void es.getBook({}).then((answer) => void answer.isnb);
      // @ts-expect-error the answer has no such field
      void ts.getBook({}).then((answer) => void answer.isnb);
      // @ts-expect-error no such rpc
      void ts.getBooks;
      // @ts-expect-error no such rpc
      void es.getBooks;
    };
    expect(wrong).toBeInstanceOf(Function);
  });
});
