// `node --import ./scripts/typescript/register.mjs file.ts` runs TypeScript of test/ and bench/ as it stands, without
// checking types. `nestjs-ttrpc` is the built package in dist/esm, as its users get it.
import { registerHooks } from './register-hooks.mjs';

registerHooks();
