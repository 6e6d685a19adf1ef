import { mkdirSync, symlinkSync, writeFileSync, copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram, startProgram, type Program, type ProgramEnd } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { importedTitles, type CodeBlock } from './code-blocks.js';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/** The module whose `client` the blocks share; nobody closes it in the documentation. */
const SHARED_CLIENT = 'greeter.ts';

/** As Nest's starter project has it. */
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    types: ['node'],
    strict: true,
    isolatedModules: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    esModuleInterop: true,
    skipLibCheck: true,
    pretty: false,
  },
};

/**
 * A user's project made of the documentation's titled blocks: `nestjs-ttrpc` is installed in it, compiled from the
 * sources, and found by its package.json.
 */
export class DocsProject {
  readonly #folder = new TempFolder();
  readonly #path = this.#folder.file('project');
  #diagnostics: string[] = [];

  constructor(private readonly blocks: readonly CodeBlock[]) {}

  /** Builds the library, writes the blocks and `extra` files, and compiles them. Rejects when the library does not build. */
  async build(extra: Readonly<Record<string, string>>): Promise<void> {
    symlinkSync(join(ROOT, 'node_modules'), this.#folder.file('node_modules'));
    const library = join(this.#path, 'node_modules/nestjs-ttrpc');
    this.#write('package.json', JSON.stringify({ type: 'module' }));
    this.#write('tsconfig.json', JSON.stringify(TSCONFIG));
    for (const { title, code } of this.blocks) if (title !== undefined) this.#write(title, code);
    for (const [name, text] of Object.entries(extra)) this.#write(name, text);
    mkdirSync(library, { recursive: true });
    copyFileSync(join(ROOT, 'package.json'), join(library, 'package.json'));
    const outDir = join(library, 'dist/esm');
    const built = await tsc(['-p', join(ROOT, 'tsconfig.esm.json'), '--outDir', outDir]);
    if (built.status !== 0) throw new Error(`the library does not build:\n${built.stdout}`);
    const { status, stdout } = await tsc(['-p', this.#path]);
    this.#diagnostics = stdout.split('\n').filter((line) => line !== '');
    if (status !== 0 && this.#diagnostics.length === 0) throw new Error(`tsc ended with status ${status}`);
  }

  /** What the compiler complains of in one file. */
  complaints(title: string): string[] {
    return this.#diagnostics.filter((line) => line.includes(`${title}(`));
  }

  /** What the compiler complains of in no file of the project. */
  otherComplaints(): string[] {
    const own = this.blocks.flatMap(({ title }) => (title === undefined ? [] : this.complaints(title)));
    return this.#diagnostics.filter((line) => !own.includes(line));
  }

  /** Starts one of the compiled programs, with the project as its working directory. */
  start(title: string): Program {
    return startProgram(process.execPath, [title.replace(/\.ts$/, '.js')], { cwd: this.#path });
  }

  /** Runs one of the compiled programs to its end. */
  run(block: CodeBlock): Promise<ProgramEnd> {
    const { title = '' } = block;
    const program = title.replace(/\.ts$/, '.js');
    if (!importedTitles(block).includes(SHARED_CLIENT)) return this.start(title).ended;
    const last = `run-${program.replaceAll('/', '-')}`;
    this.#write(last, `await import('./${program}');\n(await import('./greeter.js')).client.close();\n`);
    return runProgram(process.execPath, [last], { cwd: this.#path });
  }

  /** Removes all of it. */
  remove(): void {
    this.#folder.remove();
  }

  #write(name: string, text: string): void {
    const file = join(this.#path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

function tsc(args: readonly string[]): Promise<ProgramEnd> {
  return runProgram(process.execPath, [TSC, ...args], { cwd: ROOT });
}
