import { register } from 'node:module';

/**
 * Makes this process load TypeScript; `options` are those of hooks.mjs. Node 26 says that `register` is deprecated, which
 * tests of a program's output would see. What replaces it runs in the program's own thread, and would load the compiler
 * there: into the memory that is measured, and the open files that are counted.
 */
export function registerHooks(options = {}) {
  const { noDeprecation } = process;
  process.noDeprecation = true;
  register('./hooks.mjs', import.meta.url, { data: options });
  process.noDeprecation = noDeprecation;
}
