/**
 * What each server of the bench does around its library: it takes the path of its socket as its only argument, says
 * `{"ready":true}` on stdout once it listens, collects its heap as a whole for each line on stdin, and ends with that.
 */
export function serve(listen: (path: string) => Promise<void>): void {
  const path = process.argv[2];
  if (path === undefined) throw new Error('expected the path of the socket as the first argument');
  const { gc } = globalThis as { gc?: () => void };
  process.stdin.on('data', () => gc?.()).on('end', () => process.exit(0));
  listen(path).then(
    () => process.stdout.write('{"ready":true}\n'),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
}
