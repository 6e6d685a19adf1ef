/** Begins a step. */
export function heading(text: string): void {
  console.log(`\n${text}`);
}

/** Shows a message that goes to the server. */
export function sent(message: object, remark = ''): void {
  console.log(`   -> ${JSON.stringify(message)}${remark && `  ${remark}`}`);
}

/** Shows what came back: a message, or how a call ended. */
export function received(what: object | string): void {
  console.log(`   <- ${typeof what === 'string' ? what : JSON.stringify(what)}`);
}
