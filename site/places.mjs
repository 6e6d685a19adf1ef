import { fileURLToPath } from 'node:url';

/** The repository, and this folder of it. */
export const repository = fileURLToPath(new URL('..', import.meta.url));
export const home = fileURLToPath(new URL('.', import.meta.url));

/** What is built, all of it outside git. */
export const pages = fileURLToPath(new URL('../dist/docs/pages', import.meta.url));
export const built = fileURLToPath(new URL('../dist/docs/site', import.meta.url));
export const cache = fileURLToPath(new URL('../dist/docs/cache', import.meta.url));
