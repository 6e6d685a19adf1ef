// The rooms of src, lowest first: a room imports only what stands before it. Rooms of one line know nothing of each
// other. ESLint and check-imports.mjs read it.

/** Folders of src, from the root of src. */
export const ROOMS = [
  ['protocol/core'],
  ['protocol/wire'],
  ['protocol/socket'],
  ['protocol/connection'],
  ['protocol/server', 'protocol/client'],
  ['protocol'],
  ['schema'],
  ['common'],
  ['transport', 'client', 'gateway'],
  ['decorators'],
  ['nri', 'containerd'],
  ['cli'],
  ['grpc'],
  ['health', 'reflection'],
  ['testing'],
  ['opentelemetry', 'metrics'],
  ['.'],
];

/** The room of a file of src (`protocol/core/errors.ts`): the longest folder that is one. */
export function roomOf(file) {
  return ROOMS.flat()
    .filter((room) => room !== '.' && file.startsWith(`${room}/`))
    .reduce((longest, room) => (room.length > longest.length ? room : longest), '.');
}

/** The rooms that files of `room` must not import: those above it, and its neighbours on its own line. */
export function closedTo(room) {
  const at = ROOMS.findIndex((line) => line.includes(room));
  return ROOMS.slice(at)
    .flat()
    .filter((other) => other !== room);
}
