/**
 * Hears of each object that must be gone once its call, or its connection, is over. Whoever looks for leaks sets
 * `seen`; nobody else pays for it.
 */
export const objects: { seen?: ((kind: string, object: object) => void) | undefined } = {};
