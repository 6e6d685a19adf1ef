import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Observable } from 'rxjs';
import { Both, type Name } from './both.js';
import { CASES, type LabClient } from './cases.js';
import { LabCalls, LabService } from './lab-controller.js';

const PAGE = fileURLToPath(new URL('../../docs/grpc.md', import.meta.url));
const MARK = /(<!-- grpc-differences -->)[^]*(<!-- end -->)/;
const PROTO = fileURLToPath(new URL('hero.proto', import.meta.url));

/** What a call looks like over both, where it differs. */
const rows: string[][] = [];
let both: Both;

beforeAll(async () => {
  both = await Both.start([LabService, LabCalls], { package: 'hero', protoPath: PROTO });
});

afterAll(() => both.close());

/** All that a caller sees of a call, in words. */
function outcome(call: Observable<unknown>): Promise<string> {
  const seen: string[] = [];
  return new Promise((resolve) => {
    call.subscribe({
      next: (value) => seen.push(JSON.stringify(value)),
      error: ({ code, details, message }: { code: unknown; details: unknown; message: unknown }) =>
        resolve([...seen, `error ${String(code)} ${String(details)} (${String(message)})`].join(', ')),
      complete: () => resolve([...seen, 'complete'].join(', ')),
    });
  });
}

const over = (name: Name, call: (lab: LabClient) => Observable<unknown>): Promise<string> =>
  outcome(call(both.clients[name].getService<LabClient>('LabService')));

describe.each(CASES)('$group: $name', ({ group, name, call, differs }) => {
  it(differs === undefined ? "is the same as over Nest's gRPC" : "differs from Nest's gRPC", async () => {
    const grpc = await over('grpc', call);
    const ttrpc = await over('ttrpc', call);
    if (differs === undefined) {
      expect(ttrpc).toBe(grpc);
      return;
    }
    expect(ttrpc).not.toBe(grpc);
    rows.push([`${group}: ${name}`, `\`${grpc}\``, `\`${ttrpc}\``, differs]);
  });
});

it('docs/grpc.md has these differences', () => {
  const differing = CASES.filter(({ differs }) => differs !== undefined).length;
  expect(rows).toHaveLength(differing);
  const lines = [
    `Of ${CASES.length} calls ${CASES.length - differing} give the same over both, ${differing} something else:`,
    '',
    "| call | over Nest's gRPC | over ttrpc | why |",
    '| --- | --- | --- | --- |',
    ...rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`),
  ];
  const page = readFileSync(PAGE, 'utf8');
  expect(page).toMatch(MARK);
  const filled = page.replace(MARK, (_all, begin: string, end: string) => [begin, '', ...lines, '', end].join('\n'));
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(PAGE, filled);
  expect(unpadded(readFileSync(PAGE, 'utf8'))).toBe(unpadded(filled));
});

/** Without what Prettier adds to a table. */
function unpadded(text: string): string {
  return text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');
}
