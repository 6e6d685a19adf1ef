/** The commands, in the order of the help. Each is a file of this folder that exports a command of its name. */
export const COMMAND_NAMES: readonly string[] = [
  'call',
  'list',
  'describe',
  'bench',
  'tap',
  'replay',
  'health',
  'completion',
];
