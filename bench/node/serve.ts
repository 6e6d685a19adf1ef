/**
 * What each server of the bench does around its library: it takes the path of its socket as its only argument, says
 * `{"ready":true}` on stdout once it listens, and ends with its stdin.
 */
export function serve(listen: (path: string) => Promise<void>): void {
  const path = process.argv[2];
  if (path === undefined) throw new Error('expected the path of the socket as the first argument');
  process.stdin.on('end', () => process.exit(0)).resume();
  listen(path).then(
    () => process.stdout.write('{"ready":true}\n'),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
}
