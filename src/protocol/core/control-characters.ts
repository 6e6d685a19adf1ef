/**
 * What would let a peer's text forge lines of a log or a terminal, or change how they look: control characters (C0, DEL and
 * C1), the line and paragraph separators of Unicode, the marks that turn the direction of writing, and the byte order mark.
 */
// eslint-disable-next-line no-control-regex -- to find them is the point
export const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
