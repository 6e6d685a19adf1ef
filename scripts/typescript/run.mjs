// Runs a TypeScript program of this repository without a build: node scripts/typescript/run.mjs <file> [arguments…].
// --patches=<JSON> in front of the file changes sources as they load (see hooks.mjs).
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { registerHooks } from './register-hooks.mjs';

const args = process.argv.slice(2);
const option = '--patches=';
const patches = args[0]?.startsWith(option) ? JSON.parse(args.shift().slice(option.length)) : [];
const file = resolve(args.shift() ?? '');
registerHooks({ fromSources: true, patches });
process.argv = [process.argv[0], file, ...args];
await import(pathToFileURL(file).href);
