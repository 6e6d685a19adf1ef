/**
 * Rejects with what `make` gives. An error that a socket's event creates has a stack that ends at the socket. V8 adds the
 * async functions that wait for a promise ("at async caller") to the stack of an error that is created on the way of that
 * promise's rejection: here, when the promise of the call has been resolved with this one. So the stack leads to the line
 * that awaits the call, and a call that succeeds pays nothing for it.
 */
export async function rejectionOf(make: () => unknown): Promise<never> {
  // In the first turn the call's promise begins to follow this one, in the second V8 sees that.
  const turn = Promise.resolve();
  await turn;
  await turn;
  throw make();
}
