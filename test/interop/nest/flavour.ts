/**
 * What the Nest peers are written with: RxJS Observables, or Promises and AsyncIterables. Each side has both: handlers
 * that return the one or the other, and the two kinds of client proxies.
 */
export type Flavour = 'observables' | 'iterables';
