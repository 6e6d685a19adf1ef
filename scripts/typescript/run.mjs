// Runs a TypeScript program of this repository without a build: node scripts/typescript/run.mjs <file> [arguments…].
// --patches=<JSON> in front of the file changes sources as they load (see hooks.mjs).
import { register } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const args = process.argv.slice(2);
const option = '--patches=';
const patches = args[0]?.startsWith(option) ? JSON.parse(args.shift().slice(option.length)) : [];
const file = resolve(args.shift() ?? '');
register('./hooks.mjs', import.meta.url, { data: { fromSources: true, patches } });
process.argv = [process.argv[0], file, ...args];
await import(pathToFileURL(file).href);
