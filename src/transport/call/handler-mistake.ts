/** A handler has given what it must not. Its message is for the caller and for the log. */
export class HandlerMistake extends Error {}
