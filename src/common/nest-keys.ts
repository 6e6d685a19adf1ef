/**
 * The transport id of ttrpc handlers. `Symbol.for`, so that the ESM and the CommonJS copy of this library agree on it.
 */
export const TTRPC_TRANSPORT = Symbol.for('nestjs-ttrpc');

/** Under this key a handler's pattern extras carry its {@link HandlerInfo}. A string, since Nest prints extras. */
export const HANDLER_INFO = 'nestjs-ttrpc:handler';
