// `node --import <this file> program.ts` runs a TypeScript program of the tests in a process of its own, from the sources:
// types are stripped file by file, as Jest does it, and `nestjs-ttrpc` means src.
import { register } from 'node:module';

register('./run-ts-hooks.mjs', import.meta.url);
