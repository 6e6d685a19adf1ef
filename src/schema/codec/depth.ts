/**
 * How deep messages may be nested below the outermost one unless the schema says otherwise: protobuf's usual limit.
 * More is refused in both directions, so that neither a cycle nor a hostile peer can exhaust the stack.
 */
export const DEFAULT_MAX_DEPTH = 100;

/** The highest limit that can be asked for: one that the stack holds, also below a handler's own frames. */
export const HIGHEST_MAX_DEPTH = 1000;
