export { abortSignalOf } from './abort-signal-of.js';
export { httpStatusOf, TtrpcToHttpExceptionFilter, type TtrpcToHttpOptions } from './http-exception.filter.js';
