import { create } from '@bufbuild/protobuf';
import { EmptySchema, type Empty } from '@bufbuild/protobuf/wkt';
import type { Type } from '@nestjs/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  getTtrpcServiceToken,
  InjectTtrpcService,
  TtrpcContext,
  TtrpcException,
  TtrpcMethod,
  TtrpcService,
  type ServiceDescriptor,
  type TtrpcCallOptions,
  type TtrpcServiceOf,
} from 'nestjs-ttrpc';
import { fromProtobufEs } from 'nestjs-ttrpc/protobuf-es';
import { createTtrpcTestingApp, type TtrpcTestingApp } from 'nestjs-ttrpc/testing';
import { fromTsProto } from 'nestjs-ttrpc/ts-proto';
import {
  AddBooksReplySchema,
  BookSchema,
  GetBookRequestSchema,
  Library as EsLibrary,
  ListBooksRequestSchema,
  RemarkSchema,
  type AddBooksReply,
  type Book,
  type GetBookRequest,
  type ListBooksRequest,
  type Remark,
} from '../unit/schema/generated/protobuf-es/library_pb.js';
import type { Empty as TsEmpty } from '../unit/schema/generated/ts-proto/google/protobuf/empty.js';
import {
  AddBooksReply as TsAddBooksReply,
  Book as TsBook,
  GetBookRequest as TsGetBookRequest,
  LibraryDefinition,
  ListBooksRequest as TsListBooksRequest,
  Remark as TsRemark,
} from '../unit/schema/generated/ts-proto/library.js';

const EsService = fromProtobufEs(EsLibrary);
const TsService = fromTsProto(LibraryDefinition);

@TtrpcService(EsService)
class EsController implements TtrpcServiceOf<typeof EsService> {
  @TtrpcMethod()
  async getBook({ isbn }: GetBookRequest, context?: TtrpcContext): Promise<Book> {
    if (isbn === '') throw TtrpcException.notFound('no book without an isbn');
    return create(BookSchema, { isbn, title: context === undefined ? 'local' : 'served', copiesSold: 2n ** 60n });
  }

  @TtrpcMethod()
  async *listBooks({ author, pageSize }: ListBooksRequest): AsyncGenerator<Book, undefined> {
    for (let at = 0; at < pageSize; at += 1) yield create(BookSchema, { isbn: String(at), authors: [author] });
  }

  @TtrpcMethod()
  async addBooks(books: AsyncIterable<Book>): Promise<AddBooksReply> {
    let totalPages = 0n;
    for await (const { copiesSold } of books) totalPages += copiesSold;
    return create(AddBooksReplySchema, { totalPages });
  }

  @TtrpcMethod()
  async *discuss(remarks: AsyncIterable<Remark>): AsyncGenerator<Remark, undefined> {
    for await (const { text } of remarks) yield create(RemarkSchema, { text: text.toUpperCase() });
  }

  @TtrpcMethod()
  async ping(): Promise<Empty> {
    return create(EmptySchema);
  }
}

@TtrpcService(TsService)
class TsController implements TtrpcServiceOf<typeof TsService> {
  @TtrpcMethod()
  async getBook({ isbn }: TsGetBookRequest, context?: TtrpcContext): Promise<TsBook> {
    if (isbn === '') throw TtrpcException.notFound('no book without an isbn');
    const title = context === undefined ? 'local' : 'served';
    return TsBook.fromPartial({ isbn, title, copiesSold: 2n ** 60n });
  }

  @TtrpcMethod()
  async *listBooks({ author, pageSize }: TsListBooksRequest): AsyncGenerator<TsBook, undefined> {
    for (let at = 0; at < pageSize; at += 1) yield TsBook.fromPartial({ isbn: String(at), authors: [author] });
  }

  @TtrpcMethod()
  async addBooks(books: AsyncIterable<TsBook>): Promise<TsAddBooksReply> {
    let totalPages = 0n;
    for await (const { copiesSold } of books) totalPages += copiesSold;
    return { added: 0, totalPages };
  }

  @TtrpcMethod()
  async *discuss(remarks: AsyncIterable<TsRemark>): AsyncGenerator<TsRemark, undefined> {
    for await (const { text } of remarks) yield { text: text.toUpperCase(), answerTo: undefined };
  }

  @TtrpcMethod()
  async ping(): Promise<TsEmpty> {
    return {};
  }
}

async function* each<T>(...items: T[]): AsyncGenerator<T, undefined> {
  yield* items;
}

/** Knows the interface and nothing else: neither whether it is a proxy nor where the service runs. */
async function useEs(library: TtrpcServiceOf<typeof EsService>): Promise<unknown[]> {
  const seen: unknown[] = [];
  const { isbn, copiesSold } = await library.getBook(create(GetBookRequestSchema, { isbn: 'a' }), { timeoutMs: 5000 });
  seen.push(isbn, copiesSold);
  for await (const book of library.listBooks(create(ListBooksRequestSchema, { author: 'Ada', pageSize: 2 })))
    seen.push(book.isbn, book.authors);
  const books = [1n, 2n ** 60n].map((copies) => create(BookSchema, { copiesSold: copies }));
  seen.push((await library.addBooks(each(...books))).totalPages);
  for await (const { text } of library.discuss(each(create(RemarkSchema, { text: 'hm' })))) seen.push(text);
  seen.push((await library.ping(create(EmptySchema))).$typeName);
  await library.getBook(create(GetBookRequestSchema)).catch((error: unknown) => seen.push((error as Error).message));
  return seen;
}

async function useTs(library: TtrpcServiceOf<typeof TsService>): Promise<unknown[]> {
  const seen: unknown[] = [];
  const { isbn, copiesSold } = await library.getBook({ isbn: 'a' }, { timeoutMs: 5000 });
  seen.push(isbn, copiesSold);
  for await (const book of library.listBooks({ author: 'Ada', pageSize: 2 })) seen.push(book.isbn, book.authors);
  const books = [1n, 2n ** 60n].map((copies) => TsBook.fromPartial({ copiesSold: copies }));
  seen.push((await library.addBooks(each(...books))).totalPages);
  for await (const { text } of library.discuss(each({ text: 'hm', answerTo: undefined }))) seen.push(text);
  seen.push(Object.keys(await library.ping({})).length);
  await library.getBook({ isbn: '' }).catch((error: unknown) => seen.push((error as Error).message));
  return seen;
}

const SEEN = ['a', 2n ** 60n, '0', ['Ada'], '1', ['Ada'], 2n ** 60n + 1n, 'HM'];

let app: TtrpcTestingApp | undefined;
afterEach(() => app?.close());

/** The title tells which of the two a caller has. */
async function titleOf(library: { getBook(request: { isbn: string }): Promise<{ title: string }> }): Promise<string> {
  return (await library.getBook({ isbn: 'a' })).title;
}

async function serve(controller: Type, descriptor: ServiceDescriptor): Promise<TtrpcTestingApp> {
  return (app = await createTtrpcTestingApp({ controllers: [controller], descriptors: [descriptor] }));
}

describe('one interface for both sides', () => {
  it('is what a controller implements and what a proxy is: protobuf-es', async () => {
    const { client } = await serve(EsController, EsService);
    const remote: TtrpcServiceOf<typeof EsService> = client.getAsyncService(EsService);
    const local: TtrpcServiceOf<typeof EsService> = new EsController();
    const expected = [...SEEN, 'google.protobuf.Empty', 'no book without an isbn'];
    expect(await useEs(remote)).toEqual(expected);
    expect(await useEs(local)).toEqual(expected);
    expect(await titleOf(client.getAsyncService(EsService))).toBe('served');
  });

  it('is what a controller implements and what a proxy is: ts-proto', async () => {
    const { client } = await serve(TsController, TsService);
    const remote: TtrpcServiceOf<typeof TsService> = client.getAsyncService(TsService);
    const local: TtrpcServiceOf<typeof TsService> = new TsController();
    const expected = [...SEEN, 0, 'no book without an isbn'];
    expect(await useTs(remote)).toEqual(expected);
    expect(await useTs(local)).toEqual(expected);
    expect(await titleOf(remote)).toBe('served');
    expect(await titleOf(local)).toBe('local');
  });

  it('lets a controller of the process stand under the token of a proxy', async () => {
    class Reader {
      constructor(readonly library: TtrpcServiceOf<typeof TsService>) {}
    }
    InjectTtrpcService('LIBRARY', TsService, { async: true })(Reader, undefined as never, 0);
    app = await createTtrpcTestingApp({
      controllers: [TsController],
      descriptors: [TsService],
      providers: [
        Reader,
        TsController,
        { provide: getTtrpcServiceToken('LIBRARY', TsService, { async: true }), useExisting: TsController },
      ],
    });
    expect(await titleOf(app.app.get(Reader).library)).toBe('local');
  });

  it('is checked by the compiler', () => {
    type Es = TtrpcServiceOf<typeof EsService>;
    const names: Record<keyof Es, true> = { getBook: true, listBooks: true, addBooks: true, discuss: true, ping: true };
    // @ts-expect-error it has one name for each rpc
    const other: keyof Es = 'GetBook';
    expect(names).not.toHaveProperty(other);

    const wrong = (library: Es): void => {
      // @ts-expect-error a stream is expected
      void library.addBooks(create(BookSchema));
      // @ts-expect-error a whole message is expected: who gets it as it is reads every field
      void library.getBook({});
      // @ts-expect-error a book has no such field
      void library.getBook(create(GetBookRequestSchema)).then((book) => void book.pages);
      // @ts-expect-error no such option
      void library.getBook(create(GetBookRequestSchema), { timeout: 1 });
    };
    // @ts-expect-error rpcs are missing
    class Part implements Pick<Es, 'getBook' | 'ping'> {
      ping = async (): Promise<Empty> => create(EmptySchema);
    }
    class WrongRequest implements Pick<Es, 'getBook'> {
      // @ts-expect-error the request is a GetBookRequest
      getBook = async (request: Remark): Promise<Book> => create(BookSchema, { title: request.text });
    }
    class WrongResponse implements Pick<Es, 'getBook'> {
      // @ts-expect-error the response is a Book
      getBook = async (): Promise<Remark> => create(RemarkSchema);
    }
    class WrongShape implements Pick<Es, 'listBooks'> {
      // @ts-expect-error the response is a stream
      listBooks = async (): Promise<Book> => create(BookSchema);
    }
    class Options implements Pick<Es, 'getBook'> {
      getBook = async (_request: GetBookRequest, { signal }: TtrpcCallOptions = {}): Promise<Book> =>
        create(BookSchema, { title: String(signal?.aborted) });
    }
    expect([wrong, Part, WrongRequest, WrongResponse, WrongShape, Options]).toHaveLength(6);
  });

  it('keeps the names that are reserved or taken', () => {
    type Of = {
      readonly name: string;
      readonly shape: 'unary';
      request: (typeof TsService)['methods']['Ping']['request'];
    };
    type M = Of & { response: (typeof TsService)['methods']['Ping']['response'] };
    type Names = keyof TtrpcServiceOf<ServiceDescriptor<{ Then: M; Get: M; get: M; SayHello: M }>>;
    const names: Record<Names, true> = { Then: true, Get: true, get: true, sayHello: true };
    expect(Object.keys(names)).toHaveLength(4);
  });
});
