/** A message's value: its properties by name. */
export type MessageObject = Record<string, unknown>;
