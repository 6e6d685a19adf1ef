import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { from, lastValueFrom, map, of, reduce, toArray, type Observable } from 'rxjs';
import {
  LIBRARY_SERVICE_NAME,
  LIBRARY_V1_PACKAGE_NAME,
  LibraryControllerMethods,
  type AddBooksReply,
  type Book,
  type GetBookRequest,
  type LibraryClient,
  type LibraryController,
  type ListBooksRequest,
  type Remark,
} from '../unit/schema/generated/ts-proto-nest/library.js';
import { Both, type Name } from './both.js';

const PROTO = fileURLToPath(new URL('../unit/schema/protos/library.proto', import.meta.url));

const book = (isbn: string): Book => ({ isbn, title: `Book ${isbn}` }) as Book;

@Controller()
@LibraryControllerMethods()
class Library implements LibraryController {
  getBook({ isbn }: GetBookRequest): Book {
    return book(isbn);
  }

  listBooks({ author }: ListBooksRequest): Observable<Book> {
    return of(book(`${author} 1`), book(`${author} 2`));
  }

  addBooks(request: Observable<Book>): Observable<AddBooksReply> {
    return request.pipe(
      reduce((added) => added + 1, 0),
      map((added) => ({ added, totalPages: 7 })),
    );
  }

  discuss(request: Observable<Remark>): Observable<Remark> {
    return request.pipe(map((remark) => ({ text: 'Yes', answerTo: remark })));
  }

  ping(): void | Promise<void> {
    return {} as never;
  }
}

let both: Both | undefined;

afterEach(async () => {
  await both?.close();
  both = undefined;
});

describe.each<Name>(['grpc', 'ttrpc'])('code that ts-proto makes with nestJs=true, over %s', (name) => {
  it('serves and calls all four shapes', async () => {
    both = await Both.start([Library], { package: LIBRARY_V1_PACKAGE_NAME, protoPath: PROTO });
    const library = both.clients[name].getService<LibraryClient>(LIBRARY_SERVICE_NAME);
    await expect(lastValueFrom(library.getBook({ isbn: '1' }))).resolves.toEqual(book('1'));
    const listed = library.listBooks({ author: 'Woolf', pageSize: 2 }).pipe(toArray());
    await expect(lastValueFrom(listed)).resolves.toEqual([book('Woolf 1'), book('Woolf 2')]);
    const added = await lastValueFrom(library.addBooks(from([book('1'), book('2')])));
    expect([added.added, Number(added.totalPages)]).toEqual([2, 7]);
    const remarks = from([{ text: 'Good?', answerTo: undefined }]);
    await expect(lastValueFrom(library.discuss(remarks).pipe(toArray()))).resolves.toEqual([
      { text: 'Yes', answerTo: { text: 'Good?' } },
    ]);
    await expect(lastValueFrom(library.ping({}))).resolves.toEqual({});
  });
});
